/// The original network and a compressed form of it, side by side, layer by layer on calibration patches.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <vector>

#include "compression/train/trainable_graph.h"

namespace tuckerseg {

/// Features of every patch by the place of their layer; both networks have the same layers in the same order. One that no later layer reads is let go.
class TwoWalks {
 public:
  /// The graphs must outlive the walks. `patches`: [1, channels, ...] each.
  TwoWalks(const TrainableGraph& original, const TrainableGraph& compressed, const std::vector<at::Tensor>& patches);

  /// For each place from 1 on, in this order: RunOriginal, RunCompressed, ReleaseBehind. The features of a layer are there from the first two on until the last
  /// layer that reads them has been released. `parameters`: of the original, and of the compressed network as far as it is made.
  void RunOriginal(size_t place, const Parameters& parameters);
  /// `changed`: the layer at `place` has other tensors than the original's. Where neither it nor anything before it has, its output is the original's.
  void RunCompressed(size_t place, const Parameters& parameters, bool changed);
  void ReleaseBehind(size_t place);

  /// Whether the features at `place` are not the original's: of all patches or of none.
  bool Differ(int place) const { return !given_.front()[static_cast<size_t>(place)].is_same(expected_.front()[static_cast<size_t>(place)]); }
  std::vector<at::Tensor> Expected(int place) const { return Column(expected_, place); }  ///< by patch: the original's
  std::vector<at::Tensor> Given(int place) const { return Column(given_, place); }        ///< by patch: the compressed network's

 private:
  using Features = std::vector<std::vector<at::Tensor>>;  // [patch][place]
  static std::vector<at::Tensor> Column(const Features& walk, int place);

  const TrainableGraph& original_;
  const TrainableGraph& compressed_;
  Features expected_;
  Features given_;
};

}  // namespace tuckerseg
