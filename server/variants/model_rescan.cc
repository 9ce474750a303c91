#include "server/variants/model_rescan.h"

#include <chrono>
#include <nlohmann/json.hpp>

#include "server/observe/log.h"
#include "server/variants/load_failure.h"

namespace tuckerseg {

ModelRescan::ModelRescan(Catalogue& catalogue, IdleHeap& heap, double period_s) : catalogue_(catalogue), heap_(heap), period_s_(period_s) {
  if (period_s_ > 0) looker_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void ModelRescan::Run(const std::stop_token& stop) {
  const auto period = std::chrono::duration<double>(period_s_);
  for (bool to_load = false;;) {
    {
      std::unique_lock lock(mutex_);
      stopped_.wait_for(lock, stop, period, [] { return false; });
    }
    if (stop.stop_requested()) return;
    try {
      to_load = catalogue_.Rescan() || to_load;
      if (!to_load) continue;
      const IdleHeap::Use use(heap_);  // what loading needs for a while is given back afterwards
      catalogue_.LoadWhatFits(stop);
      to_load = false;
    } catch (...) {  // of memory, say: the next look is another try, at loading too
      LogIfPossible([] { Log(LogLevel::kError, "models_not_followed", {{"reason", FailureInFlight().reason}}); });
    }
  }
}

}  // namespace tuckerseg
