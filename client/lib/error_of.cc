#include "client/lib/error_of.h"

#include <utility>

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

std::optional<double> RetryAfter(const grpc::Status& status) {
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return {};
  for (const auto& detail : details.details()) {
    google::rpc::RetryInfo retry;
    if (detail.UnpackTo(&retry)) {
      return static_cast<double>(retry.retry_delay().seconds()) + 1e-9 * static_cast<double>(retry.retry_delay().nanos());
    }
  }
  return {};
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
  Error error(CodeOf(status.error_code()), message);
  if (const auto seconds = RetryAfter(status)) return std::move(error).RetryAfter(*seconds);
  return error;
}

}  // namespace tuckerseg
