/// Runs a layer graph on a device: one interface, several executors, one numeric contract (float32 logits).
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "engine/error.h"
#include "engine/execute/patch_band.h"
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

  /// Whether its device has memory of its own, where patches are better summed than on the way through the host's.
  virtual bool SumsPatches() const { return false; }

  /// A band on the executor's device with `image` in it: [d0][d1][d2] of shape.image, C order; `importance`: the weight of each voxel of a patch. Null where it cannot.
  /// Errors: kResourceExhausted if the device has no memory left.
  virtual std::unique_ptr<PatchBand> MakeBand(const PatchBandShape& /*shape*/, std::span<const float> /*image*/, std::span<const float> /*importance*/) { return nullptr; }

  /// Runs the patches of the band's image at `origins` (padded coordinates), at once where the device can, averaged over `flips` (bit a: flipped along axis a), and adds one
  /// after another to the band's channels from `first_channel` on; their weights too with `first_fold`. Returns when those of the call before are done: while the host
  /// prepares a call, the device runs another. Errors: as Run's; kInternal for a band of another kind of executor.
  virtual void RunInto(PatchBand& band, std::span<const Size3> origins, std::span<const unsigned> flips, int64_t first_channel, bool first_fold);

  /// Frees the logits of the last call, where they are kept in memory of their own: of several executors only one needs its at a time.
  virtual void ReleaseLogits() {}
};

inline void Executor::RunInto(PatchBand& /*band*/, std::span<const Size3> /*origins*/, std::span<const unsigned> /*flips*/, int64_t /*first_channel*/, bool /*first_fold*/) {
  throw Error(ErrorCode::kInternal, "this executor sums no patches");
}

/// Makes an executor for the tensors `prefix`<layer>.<tensor> of `weights`.
using ExecutorFactory = std::function<std::unique_ptr<Executor>(const LayerGraph& graph, const WeightStore& weights,
                                                                const std::string& prefix)>;

}  // namespace tuckerseg
