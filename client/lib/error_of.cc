#include "client/lib/error_of.h"

#include <google/protobuf/any.pb.h>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace tuckerseg {
namespace {

ErrorCode CodeOf(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::OUT_OF_RANGE: return ErrorCode::kInvalidArgument;
    case grpc::StatusCode::NOT_FOUND: return ErrorCode::kNotFound;
    case grpc::StatusCode::FAILED_PRECONDITION:
    case grpc::StatusCode::UNIMPLEMENTED:
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::PERMISSION_DENIED: return ErrorCode::kFailedPrecondition;
    case grpc::StatusCode::RESOURCE_EXHAUSTED: return ErrorCode::kResourceExhausted;
    case grpc::StatusCode::DEADLINE_EXCEEDED: return ErrorCode::kDeadlineExceeded;
    case grpc::StatusCode::CANCELLED: return ErrorCode::kCancelled;
    case grpc::StatusCode::DATA_LOSS: return ErrorCode::kDataLoss;
    case grpc::StatusCode::UNAVAILABLE: return ErrorCode::kUnavailable;
    default: return ErrorCode::kInternal;
  }
}

/// The first detail of this type, where the status has one.
template <typename Detail>
std::optional<Detail> DetailOf(const google::rpc::Status& status) {
  for (const auto& any : status.details()) {
    Detail detail;
    if (any.UnpackTo(&detail)) return detail;
  }
  return {};
}

double SecondsOf(const google::rpc::RetryInfo& retry) {
  return static_cast<double>(retry.retry_delay().seconds()) + 1e-9 * static_cast<double>(retry.retry_delay().nanos());
}

/// What the server says under this key; empty where it says nothing.
std::string ValueOf(const google::rpc::ErrorInfo& info, const std::string& key) {
  const auto found = info.metadata().find(key);
  return found == info.metadata().end() ? "" : found->second;
}

std::optional<int64_t> BytesIn(const std::string& text) {
  int64_t bytes = 0;
  const char* end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, bytes);
  if (error != std::errc() || parsed != end) return {};
  return bytes;
}

std::optional<ByteLimit> LimitIn(const google::rpc::ErrorInfo& info) {
  const std::optional<int64_t> needed = BytesIn(ValueOf(info, "needed_bytes"));
  const std::optional<int64_t> limit = BytesIn(ValueOf(info, "limit_bytes"));
  if (!needed || !limit) return {};
  return ByteLimit{.needed_bytes = *needed, .limit_bytes = *limit};
}

}  // namespace

Error ErrorOf(const grpc::Status& status) {
  std::string message = status.error_message();
  // Statuses with details come from the server; those without, from gRPC itself, in words that say little.
  if (status.error_details().empty()) {
    if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) message = "deadline: passed before the answer: must be longer";
    if (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
      message = "server: not there, or gone before it answered (" + message + "): must be the address of a running server";
    }
    if (message.empty()) message = "the call ended without a message";
  }
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) details.Clear();
  const auto retry = DetailOf<google::rpc::RetryInfo>(details);
  const google::rpc::ErrorInfo info = DetailOf<google::rpc::ErrorInfo>(details).value_or(google::rpc::ErrorInfo());
  return Error(CodeOf(status.error_code()), message)
      .RetryAfter(retry ? std::optional(SecondsOf(*retry)) : std::nullopt)
      .AtLimit(LimitIn(info))
      .InStage(ValueOf(info, "stage"));
}

}  // namespace tuckerseg
