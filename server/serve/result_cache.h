/// Keeps what calls of Segment have answered for a while, so that a call that is sent again under its idempotency key is not worked again.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "server/config.h"
#include "server/serve/request_name.h"
#include "server/serve/segment_result.h"

namespace tuckerseg {

/// A request that runs, or whose result is kept.
struct ResultEntry;

/// In memory alone, the oldest results going first where they become too many bytes, each at the end of its time whether anyone asks or not.
/// Its memory is bounded apart from MemoryBudget: a result that is only kept must never be why a request is refused. Thread-safe.
class ResultCache {
 public:
  using Clock = std::chrono::steady_clock;
  using Now = std::function<Clock::time_point()>;

  /// `now` tells how old results are; called from any thread.
  explicit ResultCache(const ResultLimits& limits, Now now = Clock::now);

  /// False: keys mean nothing, and nothing may be asked.
  bool enabled() const { return limits_.max_bytes > 0; }

  /// Where a call stands: the request's result is there; or the call is the one that does the work; or another one does it. Must not outlive
  /// the cache.
  class Claim {
   public:
    Claim() = default;
    Claim(Claim&& other) noexcept;
    Claim& operator=(Claim&& other) noexcept;
    /// Of a call that does the work and has kept nothing: it has failed, and one of those that wait does the work.
    ~Claim();

    /// What was answered before; null: nothing yet.
    const std::shared_ptr<const SegmentResult>& result() const { return result_; }
    /// This call does the work.
    bool mine() const { return cache_ != nullptr; }
    /// Gives the result to all that wait for it, and keeps it unless it is larger than all that may be kept. Called again, it puts a better
    /// one in its place (a summary that knows more). Nothing for a claim that is not mine().
    void Keep(SegmentResult result);

   private:
    friend class ResultCache;
    ResultCache* cache_ = nullptr;
    RequestName name_;
    std::shared_ptr<ResultEntry> entry_;
    std::shared_ptr<const SegmentResult> result_;
  };

  /// `content`: all that decides the answer (the input's checksum, the options). Waits at most `patience` where another call does the work;
  /// a claim that is neither mine() nor has a result(): it still does.
  /// Errors: kInvalidArgument if the name is that of a request with another content, which runs or is kept.
  Claim Ask(const RequestName& name, const std::string& content, std::chrono::milliseconds patience);

  /// Whether a request of this name runs, or its result is kept, as things are.
  bool Knows(const RequestName& name) const;

  /// Of all results that are kept.
  int64_t bytes() const;

 private:
  void Keep(const RequestName& name, ResultEntry& entry, SegmentResult result);
  void Abandon(const RequestName& name, ResultEntry& entry);
  // With the mutex:
  void DropOldest();
  void DropExpired();
  std::chrono::nanoseconds LeftOfOldest() const;
  void Watch(const std::stop_token& stop);

  const ResultLimits limits_;
  const Now now_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<RequestName, std::shared_ptr<ResultEntry>> entries_;
  std::deque<RequestName> kept_;                                 // the oldest first
  int64_t bytes_ = 0;
  std::jthread watcher_;  // last: it uses the others
};

}  // namespace tuckerseg
