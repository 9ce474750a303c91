/// Who has a device, of the pieces of work that are under way on it: one at a time, in the order in which they began.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <stop_token>
#include <vector>

#include "engine/segment/device_gate.h"

namespace tuckerseg {

/// Work that began later never has the device before work that began earlier, however much faster it came to its first patch: a request's place in the queue decides, and an
/// earlier one never waits for a later one. What the earlier one gives up the later one has at once. Thread-safe.
class DeviceOrder {
 public:
  /// What one piece of work holds from its begin to its end: the device is its alone from Enter() on, once all that began before have left. For one thread.
  class Claim final : public DeviceGate {
   public:
    /// Behind all claims that are there. `order` must outlive it.
    explicit Claim(DeviceOrder& order);
    /// Leaves, whether it ever entered or not.
    ~Claim() override { Leave(); }
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;

    /// Ends as soon as `stop` is asked for. Errors: kCancelled where that was before its turn; kInternal once it has left.
    void Enter(const std::stop_token& stop) override;
    void Leave() noexcept override;

   private:
    DeviceOrder& order_;
  };

  DeviceOrder() { claims_.reserve(kWorkers); }

 private:
  static constexpr size_t kWorkers = 8;  // more than a device has: who begins needs no memory for it

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<const Claim*> claims_;  // the first has the device, or may take it
};

}  // namespace tuckerseg
