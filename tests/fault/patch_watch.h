/// Tells a test of the patches that a server's executors have run.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "engine/execute/executor.h"

namespace tuckerseg {

/// Thread-safe.
class PatchWatch {
 public:
  /// Executors whose patches are watched here; this must outlive them.
  ExecutorFactory Over(ExecutorFactory factory) {
    return [this, factory = std::move(factory)](const LayerGraph& graph, const WeightStore& weights, const std::string& prefix) {
      return std::make_unique<WatchedExecutor>(*this, factory(graph, weights, prefix));
    };
  }

  /// From now on `act` is called after each patch has run, on the worker's thread, before the patch's logits are used.
  void AfterPatch(std::function<void()> act) {
    const std::lock_guard lock(mutex_);
    act_ = std::move(act);
  }

 private:
  class WatchedExecutor final : public Executor {
   public:
    WatchedExecutor(PatchWatch& watch, std::unique_ptr<Executor> inner) : watch_(watch), inner_(std::move(inner)) {}
    std::span<const float> Run(std::span<const float> patch, const Size3& shape) override {
      const std::span<const float> logits = inner_->Run(patch, shape);
      watch_.Tell();
      return logits;
    }
    void ReleaseLogits() override { inner_->ReleaseLogits(); }

   private:
    PatchWatch& watch_;
    std::unique_ptr<Executor> inner_;
  };

  void Tell() {
    std::function<void()> act;
    {
      const std::lock_guard lock(mutex_);
      act = act_;
    }
    if (act) act();
  }

  std::mutex mutex_;
  std::function<void()> act_;
};

}  // namespace tuckerseg
