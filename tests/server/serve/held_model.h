/// A served model whose worker waits before each patch until a test lets it go on.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

#include "tests/server/serve/served_model.h"

namespace tuckerseg {

/// Where patches wait. Thread-safe.
class PatchGate {
 public:
  /// Executors whose patches pass this gate, which must outlive them.
  ExecutorFactory Before(ExecutorFactory factory) {
    return [this, factory = std::move(factory)](const LayerGraph& graph, const WeightStore& weights,
                                                const std::string& prefix) {
      return std::make_unique<GatedExecutor>(*this, factory(graph, weights, prefix));
    };
  }

  /// True once `count` patches have come to the gate since the beginning.
  bool WaitForPatch(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kLimit, [&] { return arrived_ >= count; });
  }
  /// Lets all patches pass, those to come too.
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  int arrived() const {
    const std::lock_guard lock(mutex_);
    return arrived_;
  }

 private:
  class GatedExecutor final : public Executor {
   public:
    GatedExecutor(PatchGate& gate, std::unique_ptr<Executor> inner) : gate_(gate), inner_(std::move(inner)) {}
    std::span<const float> Run(std::span<const float> patch, const Size3& shape) override {
      gate_.Pass();
      return inner_->Run(patch, shape);
    }
    bool SumsPatches() const override { return inner_->SumsPatches(); }
    std::unique_ptr<PatchBand> MakeBand(const PatchBandShape& shape, std::span<const float> image, std::span<const float> importance) override {
      return inner_->MakeBand(shape, image, importance);
    }
    void RunInto(PatchBand& band, std::span<const Size3> origins, std::span<const unsigned> flips, int64_t first_channel, bool first_fold) override {
      gate_.Pass();
      inner_->RunInto(band, origins, flips, first_channel, first_fold);
    }

   private:
    PatchGate& gate_;
    std::unique_ptr<Executor> inner_;
  };

  void Pass() {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int arrived_ = 0;
  bool open_ = false;
};

/// The gate is closed at first, and opens at the end whatever the test did.
class HeldModel {
 public:
  explicit HeldModel(ServedOptions options = {}) : served_(Gated(std::move(options), gate_)) {}
  ~HeldModel() { gate_.Open(); }

  PatchGate& gate() { return gate_; }
  ServedModel& served() { return served_; }

 private:
  static ServedOptions Gated(ServedOptions options, PatchGate& gate) {
    options.executor = gate.Before(options.executor);
    return options;
  }

  PatchGate gate_;
  ServedModel served_;
};

}  // namespace tuckerseg
