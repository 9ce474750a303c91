#include "server/serve/serving_watch.h"

#include <chrono>
#include <cstdint>

#include "server/serve/why_nothing_is_served.h"

namespace tuckerseg {
namespace {

/// How long a change may go unnoticed: the catalogue's waits know of no stop, and nobody tells of what stands still.
constexpr std::chrono::milliseconds kLook{200};

}  // namespace

ServingWatch::ServingWatch(const Catalogue& catalogue, StallWatch& stalls, Readiness& readiness, GrpcServer& server)
    : catalogue_(catalogue), stalls_(stalls), readiness_(readiness), server_(server) {
  Show();
  watcher_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void ServingWatch::Show() {
  const std::string reason = WhyNothingIsServed(catalogue_, stalls_);
  if (shown_ == reason) return;
  server_.SetCanServe(reason.empty());
  if (reason.empty()) {
    readiness_.Ready();
  } else {
    readiness_.NotReady(reason);
  }
  shown_ = reason;  // last: what is thrown before, for want of memory, leaves it to be tried again
}

void ServingWatch::Run(const std::stop_token& stop) {
  for (int64_t seen = -1; !stop.stop_requested();) {
    seen = catalogue_.WaitForChange(seen, kLook);
    try {
      stalls_.Look();
      Show();
    } catch (...) {  // of memory: the next look is another try
      std::this_thread::sleep_for(kLook);
    }
  }
}

}  // namespace tuckerseg
