/// The only exception type that crosses a room's edge.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace tuckerseg {

/// What went wrong, in the terms of the service's contract (docs/api.md maps each to one gRPC status).
enum class ErrorCode {
  kInvalidArgument,     ///< the caller's input is wrong; the message names the field, its value and what would be right
  kNotFound,            ///< a task, model or level that is not there
  kFailedPrecondition,  ///< right in itself, but not with what is loaded (a bundle that cannot be run, say)
  kResourceExhausted,   ///< larger than a limit, no memory, or the queue is full
  kDeadlineExceeded,
  kCancelled,
  kDataLoss,     ///< bytes were lost or changed on the way: checksum, cut stream
  kUnavailable,  ///< the server is stopping; another one may serve
  kInternal,     ///< ours alone
};

/// Messages are for the caller's eyes and begin with the field: `pixdim[3] = 0: must be in [0.01, 50] mm`. Never a file name, a
/// patient's tag or voxels.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

  /// Seconds after which trying again may help; nothing where waiting does not help.
  std::optional<double> retry_after_s() const noexcept { return retry_after_s_; }
  Error&& RetryAfter(double seconds) && {
    retry_after_s_ = seconds;
    return std::move(*this);
  }

 private:
  ErrorCode code_;
  std::optional<double> retry_after_s_;
};

}  // namespace tuckerseg
