/// Times single layers through LibTorch: what budgets of latency are counted in (compression/rank/layer_time.h).
#pragma once

#include <string>

#include "compression/rank/layer_time.h"
#include "engine/execute/precision.h"

namespace tuckerseg {

/// A MeasureLayer. Not thread-safe.
class TorchLayerTimer {
 public:
  /// Errors: as TorchExecutorFactory.
  TorchLayerTimer(const std::string& device, int threads, Precision precision = Precision::kFloat32);

  /// What its times are to be kept under in a LayerTimeTable.
  const TimingSetting& setting() const { return setting_; }

  /// Seconds of the layer alone, on random features that lie on the device: the least of several runs after one untimed, at least three and
  /// for about a fifth of a second. Of layers that join, all inputs have the same number of channels (rounded up). An activation writes
  /// into memory of its own, where in a network it mostly overwrites its input. Concats that are sums on the CPU (joins.h) are timed as they are
  /// written: a level costs a little less than the sum of its layers. Errors: as WithTorchErrors and TorchNetwork.
  double operator()(const Layer& layer, const Size3& input_shape) const;

 private:
  std::string device_;
  Precision precision_;
  TimingSetting setting_;
};

}  // namespace tuckerseg
