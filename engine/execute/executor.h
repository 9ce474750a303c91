/// Runs a layer graph on a device: one interface, several executors, one numeric contract (float32 logits).
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "engine/model/layer_graph.h"
#include "engine/model/weight_store.h"

namespace tuckerseg {

/// One network with one set of weights on one device. Not thread-safe: one patch at a time.
class Executor {
 public:
  virtual ~Executor() = default;

  /// Runs one patch: [in channels][d0][d1][d2], float32, C order. Returns raw logits [out channels][d0][d1][d2], which the
  /// executor owns and which stay as they are until the next call.
  /// Errors: kInvalidArgument if the shape does not fit the graph, kResourceExhausted if the device has no memory left.
  virtual std::span<const float> Run(std::span<const float> patch, const Size3& shape) = 0;

  /// Frees the logits of the last call, where they are kept in memory of their own: of several executors only one needs its at a time.
  virtual void ReleaseLogits() {}
};

/// Makes an executor for the tensors `prefix`<layer>.<tensor> of `weights`.
using ExecutorFactory = std::function<std::unique_ptr<Executor>(const LayerGraph& graph, const WeightStore& weights,
                                                                const std::string& prefix)>;

}  // namespace tuckerseg
