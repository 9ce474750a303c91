/// One call's admission at a time, from the choice of its level to its place in a queue.
#pragma once

#include <mutex>

#include "server/schedule/device.h"

namespace tuckerseg {

/// For std::unique_lock and the like. Each call sees what others have taken; and while it is held nobody's turn comes, as a request that begins before the newcomer is in the queue
/// would not step down for it.
class AdmissionLock {
 public:
  explicit AdmissionLock(Devices& devices) : devices_(devices) {}
  AdmissionLock(const AdmissionLock&) = delete;
  AdmissionLock& operator=(const AdmissionLock&) = delete;

  void lock();
  void unlock();

 private:
  Devices& devices_;
  std::mutex mutex_;
};

}  // namespace tuckerseg
