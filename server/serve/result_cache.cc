#include "server/serve/result_cache.h"

#include <algorithm>
#include <utility>

#include "engine/error.h"

namespace tuckerseg {
namespace {

/// Of an entry's own: nodes and strings, so that many small results are bounded too.
constexpr int64_t kEntryBytes = 512;
/// A clock that a test has stopped must not make the watcher spin.
constexpr std::chrono::milliseconds kShortestRest{1};

}  // namespace

struct ResultEntry {
  std::string content;
  bool running = true;
  std::shared_ptr<const SegmentResult> result;  ///< null once it no longer runs: it has failed
  ResultCache::Clock::time_point kept_at{};
  int64_t bytes = 0;
};

ResultCache::Claim::Claim(Claim&& other) noexcept { *this = std::move(other); }

ResultCache::Claim& ResultCache::Claim::operator=(Claim&& other) noexcept {
  std::swap(cache_, other.cache_);
  std::swap(name_, other.name_);
  std::swap(entry_, other.entry_);
  std::swap(result_, other.result_);
  return *this;
}

ResultCache::Claim::~Claim() {
  if (cache_ != nullptr) cache_->Abandon(name_, *entry_);
}

void ResultCache::Claim::Keep(SegmentResult result) {
  if (cache_ != nullptr) cache_->Keep(name_, *entry_, std::move(result));
}

ResultCache::ResultCache(const ResultLimits& limits, Now now) : limits_(limits), now_(std::move(now)) {
  if (enabled()) watcher_ = std::jthread([this](const std::stop_token& stop) { Watch(stop); });
}

ResultCache::Claim ResultCache::Ask(const RequestName& name, const std::string& content, std::chrono::milliseconds patience) {
  const Clock::time_point end = Clock::now() + patience;
  Claim claim;
  std::unique_lock lock(mutex_);
  DropExpired();
  for (;;) {
    const auto place = entries_.find(name);
    if (place == entries_.end()) {
      auto entry = std::make_shared<ResultEntry>();
      entry->content = content;
      claim.name_ = name;
      claim.entry_ = entry;
      entries_.emplace(name, std::move(entry));
      claim.cache_ = this;
      return claim;
    }
    const std::shared_ptr<ResultEntry> entry = place->second;
    if (entry->content != content) {
      throw Error(ErrorCode::kInvalidArgument,
                  "header.idempotency_key: is that of a request with another volume or other options: must be a new one for each request");
    }
    if (entry->running && !changed_.wait_until(lock, end, [&entry] { return !entry->running; })) return claim;
    claim.result_ = entry->result;  // kept or not: who has waited for it gets it
    if (claim.result_) return claim;
  }
}

bool ResultCache::Knows(const RequestName& name) const {
  const std::lock_guard lock(mutex_);
  return entries_.contains(name);
}

int64_t ResultCache::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

void ResultCache::Keep(const RequestName& name, ResultEntry& entry, SegmentResult result) {
  const int64_t bytes = kEntryBytes + result.Bytes() + static_cast<int64_t>(2 * (name.client.size() + name.key.size()) + entry.content.size());
  auto shared = std::make_shared<const SegmentResult>(std::move(result));
  const std::lock_guard lock(mutex_);
  const auto place = entries_.find(name);
  const bool known = place != entries_.end() && place->second.get() == &entry;  // not dropped meanwhile
  entry.result = std::move(shared);
  if (!entry.running) {
    if (!known) return;
    bytes_ += bytes - entry.bytes;
  } else if (bytes > limits_.max_bytes) {
    entries_.erase(place);
  } else {
    kept_.push_back(name);
    entry.kept_at = now_();
    bytes_ += bytes;
  }
  entry.bytes = bytes;
  entry.running = false;
  while (bytes_ > limits_.max_bytes) DropOldest();
  changed_.notify_all();
}

void ResultCache::Abandon(const RequestName& name, ResultEntry& entry) {
  const std::lock_guard lock(mutex_);
  if (!entry.running) return;
  entry.running = false;
  entries_.erase(name);
  changed_.notify_all();
}

void ResultCache::DropOldest() {
  const auto oldest = entries_.find(kept_.front());
  bytes_ -= oldest->second->bytes;
  entries_.erase(oldest);
  kept_.pop_front();
}

std::chrono::nanoseconds ResultCache::LeftOfOldest() const {
  const auto whole = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(limits_.keep_s));
  return entries_.at(kept_.front())->kept_at + whole - now_();
}

void ResultCache::DropExpired() {
  while (!kept_.empty() && LeftOfOldest() <= std::chrono::nanoseconds(0)) DropOldest();
}

void ResultCache::Watch(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    DropExpired();
    if (kept_.empty()) {
      changed_.wait(lock, stop, [this] { return !kept_.empty(); });
    } else {
      changed_.wait_for(lock, stop, std::max<std::chrono::nanoseconds>(LeftOfOldest(), kShortestRest), [] { return false; });
    }
  }
}

}  // namespace tuckerseg
