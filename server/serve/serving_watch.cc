#include "server/serve/serving_watch.h"

#include <chrono>
#include <cstdint>

namespace tuckerseg {
namespace {

/// How long a change may go unnoticed by a thread that is asked to stop: the catalogue's waits know of no stop.
constexpr std::chrono::milliseconds kLook{200};

}  // namespace

ServingWatch::ServingWatch(const Catalogue& catalogue, Readiness& readiness, GrpcServer& server) : catalogue_(catalogue), readiness_(readiness), server_(server) {
  Show();
  watcher_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void ServingWatch::Show() {
  const bool can_serve = catalogue_.View()->CanServe();
  if (shown_ == can_serve) return;
  server_.SetCanServe(can_serve);
  if (can_serve) {
    readiness_.Ready();
  } else {
    readiness_.NotReady("no models: none that lies under `models` can be served");
  }
  shown_ = can_serve;  // last: what is thrown before, for want of memory, leaves it to be tried again
}

void ServingWatch::Run(const std::stop_token& stop) {
  for (int64_t seen = -1; !stop.stop_requested();) {
    const int64_t version = catalogue_.WaitForChange(seen, kLook);
    if (version == seen) continue;
    try {
      Show();
      seen = version;
    } catch (...) {  // of memory: the next look is another try
      std::this_thread::sleep_for(kLook);
    }
  }
}

}  // namespace tuckerseg
