/// Work for queues under test, and how its end is waited for.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <stop_token>
#include <string>

#include "server/schedule/work_queue.h"
#include "tests/server/wait_until.h"

namespace tuckerseg {

/// Work that says when it runs and goes on until it is let go, or asked to stop.
class HeldWork {
 public:
  DeviceWork Run() {
    return [this](const std::stop_token& stop, DeviceGate&) {
      running_.set_value();
      WaitUntil([&] { return let_go_.load() || stop.stop_requested(); });
      stopped_ = stop.stop_requested();
    };
  }
  void WaitUntilItRuns() { running_.get_future().wait(); }
  void LetGo() { let_go_ = true; }
  bool stopped() const { return stopped_; }

 private:
  std::promise<void> running_;
  std::atomic<bool> let_go_ = false;
  std::atomic<bool> stopped_ = false;
};

/// Holds a place of a client's in a queue, and the device's worker once its turn has come, as long as it lives.
class HeldPlace {
 public:
  explicit HeldPlace(WorkQueue& queue, const std::string& client = {})
      : ticket_(queue.Submit({.client = client}, [done = done_.get_future().share()](const std::stop_token&, DeviceGate&) { done.wait(); })) {}
  ~HeldPlace() { done_.set_value(); }
  HeldPlace(const HeldPlace&) = delete;
  HeldPlace& operator=(const HeldPlace&) = delete;

 private:
  std::promise<void> done_;
  std::shared_ptr<Ticket> ticket_;
};

inline void ExpectEnd(Ticket& ticket) { ASSERT_TRUE(ticket.WaitFor(kLimit)); }

inline const DeviceWork kNothing = [](const std::stop_token&, DeviceGate&) {};

}  // namespace tuckerseg
