#include "server/serve/status_of.h"

#include <google/protobuf/any.pb.h>

#include <algorithm>
#include <cmath>
#include <new>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <typeinfo>

#include "engine/error.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/no_memory_error.h"
#include "server/observe/log.h"
#include "server/random_id.h"

namespace tuckerseg {
namespace {

constexpr auto kDomain = "tuckerseg";
constexpr size_t kMaxMessageBytes = 768;

grpc::StatusCode ToGrpc(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument: return grpc::StatusCode::INVALID_ARGUMENT;
    case ErrorCode::kNotFound: return grpc::StatusCode::NOT_FOUND;
    case ErrorCode::kFailedPrecondition: return grpc::StatusCode::FAILED_PRECONDITION;
    case ErrorCode::kResourceExhausted: return grpc::StatusCode::RESOURCE_EXHAUSTED;
    case ErrorCode::kDeadlineExceeded: return grpc::StatusCode::DEADLINE_EXCEEDED;
    case ErrorCode::kCancelled: return grpc::StatusCode::CANCELLED;
    case ErrorCode::kDataLoss: return grpc::StatusCode::DATA_LOSS;
    case ErrorCode::kUnavailable: return grpc::StatusCode::UNAVAILABLE;
    case ErrorCode::kInternal: return grpc::StatusCode::INTERNAL;
  }
  return grpc::StatusCode::INTERNAL;
}

/// Messages repeat what the client wrote, and travel as metadata, of which gRPC takes 8 KiB: at most kMaxMessageBytes, cut
/// between two characters.
std::string Shortened(std::string message) {
  if (message.size() <= kMaxMessageBytes) return message;
  size_t end = kMaxMessageBytes;
  while (end > 0 && (static_cast<unsigned char>(message[end]) & 0xC0U) == 0x80U) --end;
  return message.substr(0, end) + "...";
}

/// `stage`: null for none.
grpc::Status WithDetails(const Error& error, const char* stage) {
  const grpc::StatusCode code = ToGrpc(error.code());
  const std::string message = Shortened(error.what());
  google::rpc::Status status;
  status.set_code(code);
  status.set_message(message);
  google::rpc::ErrorInfo info;
  info.set_domain(kDomain);
  info.set_reason(NameOf(code));
  if (error.code() == ErrorCode::kInvalidArgument) {
    (*info.mutable_metadata())["field"] = FieldOf(message);
    google::rpc::BadRequest request;
    auto* violation = request.add_field_violations();
    violation->set_field(FieldOf(message));
    violation->set_description(message);
    status.add_details()->PackFrom(request);
  }
  if (const std::optional<ByteLimit> limit = error.byte_limit()) {
    (*info.mutable_metadata())["needed_bytes"] = std::to_string(limit->needed_bytes);
    (*info.mutable_metadata())["limit_bytes"] = std::to_string(limit->limit_bytes);
  }
  if (stage != nullptr) (*info.mutable_metadata())["stage"] = stage;
  if (error.retry_after_s()) {
    google::rpc::RetryInfo retry;
    const double seconds = *error.retry_after_s();
    retry.mutable_retry_delay()->set_seconds(static_cast<int64_t>(seconds));
    retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>((seconds - std::floor(seconds)) * 1e9));
    status.add_details()->PackFrom(retry);
  }
  status.add_details()->PackFrom(info);
  return {code, message, status.SerializeAsString()};
}

grpc::Status Unexpected(const char* type, const std::string& what) {
  const std::string id = RandomId();
  Log(LogLevel::kError, "unexpected_error", {{"id", id}, {"type", type}, {"what", what}});
  return {grpc::StatusCode::INTERNAL, "internal error " + id};
}

/// What StatusOf answers where there is memory for it.
grpc::Status StatusInWords(const std::function<void()>& handler, const std::function<const char*()>& stage) {
  const auto stage_now = [&stage] { return stage ? stage() : nullptr; };
  try {
    handler();
    return grpc::Status::OK;
  } catch (const Error& error) {
    // Ours alone: the client learns an id, the log the reason.
    if (error.code() == ErrorCode::kInternal) return Unexpected("Error", error.what());
    return WithDetails(error, stage_now());
  } catch (const std::bad_alloc&) {
    return WithDetails(NoMemoryError(), stage_now());
  } catch (const std::system_error& error) {
    // What std::thread throws where the system has no thread left, or no room for its stack.
    if (error.code() == std::errc::resource_unavailable_try_again) {
      return WithDetails(Error(ErrorCode::kResourceExhausted, "threads: none left for this request; try again later").RetryAfter(10), stage_now());
    }
    return Unexpected(typeid(error).name(), error.what());
  } catch (const std::exception& error) {
    return Unexpected(typeid(error).name(), error.what());
  } catch (...) {
    return Unexpected("unknown", "");
  }
}

}  // namespace

grpc::Status StatusOf(const std::function<void()>& handler, const std::function<const char*()>& stage) {
  try {
    return StatusInWords(handler, stage);
  } catch (...) {
    // There is no memory for words either. A text this short needs none.
    return {grpc::StatusCode::RESOURCE_EXHAUSTED, "memory"};
  }
}

std::string FieldOf(const std::string& message) { return message.substr(0, std::min(message.find(" = "), message.find(": "))); }

std::string NameOf(grpc::StatusCode code) {
  static constexpr const char* kNames[] = {"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
                                           "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
                                           "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
                                           "UNAUTHENTICATED"};
  const auto index = static_cast<size_t>(code);
  return index < std::size(kNames) ? kNames[index] : "UNKNOWN";
}

}  // namespace tuckerseg
