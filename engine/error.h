/// The only exception type that crosses a room's edge.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
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
  kUnavailable,  ///< the server is starting or stopping, its devices are stuck, or a file's disk did not answer; another server, or another time, may serve
  kInternal,     ///< ours alone
};

/// What was asked of a limit of bytes that has refused it: for programs, what the message says for people.
struct ByteLimit {
  int64_t needed_bytes = 0;
  /// What can be had at all. No less than is needed where others hold it for now: then waiting helps.
  int64_t limit_bytes = 0;
  bool operator==(const ByteLimit&) const = default;
};

/// What clients announce may be more than an int64_t holds: it is told as the most that one does.
inline ByteLimit LimitOfBytes(uint64_t needed_bytes, int64_t limit_bytes) {
  constexpr uint64_t kMost = std::numeric_limits<int64_t>::max();
  return {.needed_bytes = static_cast<int64_t>(std::min(needed_bytes, kMost)), .limit_bytes = limit_bytes};
}

/// Messages are for the caller's eyes and begin with the field: `pixdim[3] = 0: must be in [0.01, 50] mm`. Never a file name, a
/// patient's tag or voxels. Copying does not throw, as of every exception.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

  /// Seconds after which trying again may help; nothing where waiting does not help.
  std::optional<double> retry_after_s() const noexcept { return retry_after_s_; }
  Error&& RetryAfter(std::optional<double> seconds) && {
    retry_after_s_ = seconds;
    return std::move(*this);
  }

  /// Nothing where no limit of bytes has refused.
  std::optional<ByteLimit> byte_limit() const noexcept { return byte_limit_; }
  Error&& AtLimit(std::optional<ByteLimit> limit) && {
    byte_limit_ = limit;
    return std::move(*this);
  }

  /// The stage of a request (docs/api.md) that the error has ended, as a client is told it; empty where it is told none.
  std::string stage() const { return stage_ ? *stage_ : std::string(); }
  Error&& InStage(const std::string& name) && {
    stage_ = std::make_shared<const std::string>(name);
    return std::move(*this);
  }

 private:
  ErrorCode code_;
  std::optional<double> retry_after_s_;
  std::optional<ByteLimit> byte_limit_;
  std::shared_ptr<const std::string> stage_;  // shared: copying a string may throw
};
static_assert(std::is_nothrow_copy_constructible_v<Error>);

}  // namespace tuckerseg
