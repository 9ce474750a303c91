#include "server/serve/admission_lock.h"

namespace tuckerseg {

void AdmissionLock::lock() {
  mutex_.lock();
  for (Device& device : devices_) device.queue().HoldTurns();
}

void AdmissionLock::unlock() {
  for (Device& device : devices_) device.queue().ReleaseTurns();
  mutex_.unlock();
}

}  // namespace tuckerseg
