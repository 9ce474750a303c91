/// How many requests and bytes a client may send in a minute.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>

#include "server/security/security_settings.h"

namespace tuckerseg {

/// A token bucket for each identity and each of the two: it holds a minute's allowance, begins full and fills evenly.
/// Of more identities than `most_identities` those are forgotten that have been silent longest: they begin anew, with full buckets.
/// Thread-safe.
class RateLimiter {
 public:
  /// Seconds since any moment, never falling.
  using Clock = std::function<double()>;

  RateLimiter(const LimitSettings& limits, Clock clock, size_t most_identities = 4096);

  /// Errors: kResourceExhausted with the time until there is one again.
  void TakeRequest(const std::string& identity);
  /// Takes all or nothing. Errors: kResourceExhausted with the time until the bucket is full again: whoever sends a file anew then gets a
  /// whole minute's worth through; its byte_limit() is `bytes` and a minute's. And as CheckCanPass().
  void TakeBytes(const std::string& identity, int64_t bytes);
  /// Takes nothing. `field` announces or holds so many bytes.
  /// Errors: kResourceExhausted, without a time, where they are more than a minute's: no wait brings them through. With a byte_limit().
  void CheckCanPass(const char* field, uint64_t bytes) const;

 private:
  /// Fills from `filled_at` on.
  struct Bucket {
    double level = 0;
    double filled_at = 0;
  };
  struct Client {
    std::string identity;
    Bucket requests, bytes;
  };

  Client& Find(const std::string& identity, double now);
  static void Fill(Bucket& bucket, double capacity, double now);

  const double requests_;  // a minute's, and the bucket's size
  const double bytes_;
  const Clock clock_;
  const size_t most_identities_;
  std::mutex mutex_;
  std::list<Client> clients_;  // the last that was heard of is the first
  std::unordered_map<std::string, std::list<Client>::iterator> by_identity_;
};

}  // namespace tuckerseg
