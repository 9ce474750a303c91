/// How long the variants of a model take for one patch, and how much memory.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "compression/bench/peak_memory.h"
#include "engine/execute/executor.h"
#include "engine/model/layer_graph.h"
#include "engine/model/weight_store.h"

namespace tuckerseg {

/// A network with one set of weights, and the patch to run it on.
struct PatchNetwork {
  LayerGraph graph;
  WeightStore weights;
  std::string prefix;  ///< of its tensors in `weights`
  Size3 patch{};
};

/// What is measured under one name: a patch of each of its networks, one after another.
struct VariantNetworks {
  std::string name;
  std::vector<PatchNetwork> networks;
  int64_t MultiplyAdds() const;
};

struct PatchTime {
  double min_s = 0;     ///< the least over all repeats: what the machine can do when nothing else runs
  double median_s = 0;
  /// Weights, features and logits: the most held during a patch over what was held before the executors were made.
  std::optional<int64_t> peak_bytes;
};

/// Called after each variant that was measured once, from the measuring thread; `done` counts all runs, the first untimed ones included.
using BenchSink = std::function<void(const std::string& variant, int64_t done, int64_t total)>;

/// Runs every variant `repeat` times on a patch of noise, as a server runs it: from float32 in the host's memory to float32 logits there.
/// First each once, untimed: that warms caches up and measures memory. Then in turns, one run of each variant after another, so that
/// what else the machine does hits all alike. Seconds and bytes are summed over a variant's networks. All executors live to the end.
/// Errors: kInvalidArgument for a repeat below 1, no variant, a variant without networks; what `factory` and its executors throw, for a
/// patch that does not fit a graph, say.
std::vector<PatchTime> MeasurePatches(const std::vector<VariantNetworks>& variants, const ExecutorFactory& factory, PeakMemory& memory, int repeat,
                                         const BenchSink& told = {});

/// The middle one, or the mean of the two in the middle. Errors: kInvalidArgument if there is none.
double Median(std::vector<double> values);

}  // namespace tuckerseg
