/// How a segmentation comes to have the device to itself: its networks run between Enter() and Leave(), all else that it does may run beside another segmentation.
#pragma once

#include <cstdint>
#include <stop_token>
#include <utility>

namespace tuckerseg {

/// The device is had once, from the first network's first patch to the last network's last. Given away in between, it would come back only after all of another's
/// networks, long after this segmentation was foretold to end; taken once, in one order, there is nothing that two could wait for of one another.
class DeviceGate {
 public:
  virtual ~DeviceGate() = default;

  /// Returns once the device is this segmentation's; at once where it is already. Errors: kCancelled where `stop` is asked for before.
  virtual void Enter(const std::stop_token& stop) = 0;
  /// The device is another's from now on: this segmentation does not come back to it.
  virtual void Leave() noexcept = 0;
};

/// One way through a gate for several uses of the device that follow one another: in before the first, out behind the last, and out where this goes, whatever has been
/// thrown. For one thread.
class DevicePass final : public DeviceGate {
 public:
  /// `gate` must outlive it; null: nobody else uses the device. `uses`: Enter() comes before each of them, Leave() behind it.
  DevicePass(DeviceGate* gate, int64_t uses) : gate_(gate), uses_(uses) {}
  ~DevicePass() override { GoOut(); }
  DevicePass(const DevicePass&) = delete;
  DevicePass& operator=(const DevicePass&) = delete;

  void Enter(const std::stop_token& stop) override {
    if (gate_ == nullptr || in_) return;
    gate_->Enter(stop);
    in_ = true;
  }
  void Leave() noexcept override {
    if (--uses_ <= 0) GoOut();
  }

 private:
  void GoOut() noexcept {
    if (std::exchange(in_, false)) gate_->Leave();
  }

  DeviceGate* gate_;
  int64_t uses_;  // that are to come, the one under way among them
  bool in_ = false;
};

}  // namespace tuckerseg
