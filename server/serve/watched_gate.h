/// A device's gate for work that is watched: whoever waits there for another request's networks does not stand still.
#pragma once

#include <stop_token>

#include "engine/segment/device_gate.h"
#include "server/serve/stall_watch.h"

namespace tuckerseg {

/// For one thread.
class WatchedGate final : public DeviceGate {
 public:
  /// Both must outlive it.
  WatchedGate(DeviceGate& gate, StallWatch::Watched& watched) : gate_(gate), watched_(watched) {}

  void Enter(const std::stop_token& stop) override {
    watched_.Rest();
    gate_.Enter(stop);
    watched_.Step(CallStage::kPreprocess);  // which is told of such a wait, and of the loading of a level behind it
  }
  void Leave() noexcept override { gate_.Leave(); }

 private:
  DeviceGate& gate_;
  StallWatch::Watched& watched_;
};

}  // namespace tuckerseg
