/// A gate that notes when it is passed, beside the patches that run meanwhile.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <utility>

#include "engine/execute/executor.h"
#include "engine/segment/device_gate.h"

namespace tuckerseg {

/// For one thread.
class NotedGate final : public DeviceGate {
 public:
  void Enter(const std::stop_token& stop) override {
    order_ += 'e';
    if (on_enter) on_enter(stop);
  }
  void Leave() noexcept override { order_ += 'l'; }

  /// Executors whose patches are noted here; this must outlive them.
  ExecutorFactory Over(ExecutorFactory factory) {
    return [this, factory = std::move(factory)](const LayerGraph& graph, const WeightStore& weights, const std::string& prefix) {
      return std::make_unique<NotingExecutor>(*this, factory(graph, weights, prefix));
    };
  }

  /// A letter for each: enter, patch, leave.
  const std::string& order() const { return order_; }

  std::function<void(const std::stop_token&)> on_enter;
  std::function<void()> on_patch;  ///< before it runs

 private:
  class NotingExecutor final : public Executor {
   public:
    NotingExecutor(NotedGate& gate, std::unique_ptr<Executor> inner) : gate_(gate), inner_(std::move(inner)) {}
    std::span<const float> Run(std::span<const float> patch, const Size3& shape) override {
      gate_.order_ += 'p';
      if (gate_.on_patch) gate_.on_patch();
      return inner_->Run(patch, shape);
    }
    void ReleaseLogits() override { inner_->ReleaseLogits(); }

   private:
    NotedGate& gate_;
    std::unique_ptr<Executor> inner_;
  };

  std::string order_;
};

/// What such a gate notes of so many patches that it was entered and left once for.
inline std::string EnteredOnceFor(size_t patches) { return "e" + std::string(patches, 'p') + "l"; }

}  // namespace tuckerseg
