#include "server/observe/request_ring.h"

#include <utility>

namespace tuckerseg {

void RequestRing::Add(RequestEntry entry) {
  const std::lock_guard lock(mutex_);
  entries_.push_front(std::move(entry));
  if (entries_.size() > capacity_) entries_.pop_back();
}

std::vector<RequestEntry> RequestRing::Newest() const {
  const std::lock_guard lock(mutex_);
  return {entries_.begin(), entries_.end()};
}

}  // namespace tuckerseg
