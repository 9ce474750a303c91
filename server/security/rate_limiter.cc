#include "server/security/rate_limiter.h"

#include <algorithm>
#include <string>
#include <utility>

#include "engine/error.h"

namespace tuckerseg {
namespace {

constexpr double kMinute = 60;

}  // namespace

RateLimiter::RateLimiter(const LimitSettings& limits, Clock clock, size_t most_identities)
    : requests_(static_cast<double>(limits.requests_per_minute)),
      bytes_(static_cast<double>(limits.bytes_per_minute)),
      clock_(std::move(clock)),
      most_identities_(most_identities) {}

void RateLimiter::TakeRequest(const std::string& identity) {
  if (requests_ == 0) return;
  const std::lock_guard lock(mutex_);
  const double now = clock_();
  Bucket& bucket = Find(identity, now).requests;
  Fill(bucket, requests_, now);
  if (bucket.level < 1) {
    throw Error(ErrorCode::kResourceExhausted, "requests: this client has sent its " + std::to_string(static_cast<int64_t>(requests_)) +
                                                   " for a minute: must be fewer; try again later")
        .RetryAfter((1 - bucket.level) * kMinute / requests_);
  }
  bucket.level -= 1;
}

void RateLimiter::TakeBytes(const std::string& identity, int64_t bytes) {
  if (bytes_ == 0) return;
  CheckCanPass("bytes", static_cast<uint64_t>(bytes));
  const std::lock_guard lock(mutex_);
  const double now = clock_();
  Bucket& bucket = Find(identity, now).bytes;
  Fill(bucket, bytes_, now);
  if (bucket.level < static_cast<double>(bytes)) {
    throw Error(ErrorCode::kResourceExhausted, "bytes: this client has sent its " + std::to_string(static_cast<int64_t>(bytes_)) +
                                                   " for a minute: must be fewer; try again later")
        .RetryAfter((bytes_ - bucket.level) * kMinute / bytes_)
        .AtLimit(ByteLimit{.needed_bytes = bytes, .limit_bytes = static_cast<int64_t>(bytes_)});
  }
  bucket.level -= static_cast<double>(bytes);
}

void RateLimiter::CheckCanPass(const char* field, uint64_t bytes) const {
  if (bytes_ == 0 || static_cast<double>(bytes) <= bytes_) return;
  throw Error(ErrorCode::kResourceExhausted, std::string(field) + " = " + std::to_string(bytes) + ": must be at most " +
                                                 std::to_string(static_cast<int64_t>(bytes_)) + ", what a client may send in a minute")
      .AtLimit(LimitOfBytes(bytes, static_cast<int64_t>(bytes_)));
}

RateLimiter::Client& RateLimiter::Find(const std::string& identity, double now) {
  const auto found = by_identity_.find(identity);
  if (found != by_identity_.end()) {
    clients_.splice(clients_.begin(), clients_, found->second);
    return clients_.front();
  }
  if (clients_.size() >= most_identities_) {
    by_identity_.erase(clients_.back().identity);
    clients_.pop_back();
  }
  clients_.push_front({identity, {requests_, now}, {bytes_, now}});
  by_identity_[identity] = clients_.begin();
  return clients_.front();
}

void RateLimiter::Fill(Bucket& bucket, double capacity, double now) {
  bucket.level = std::min(capacity, bucket.level + (now - bucket.filled_at) * capacity / kMinute);
  bucket.filled_at = now;
}

}  // namespace tuckerseg
