/// What a smaller level of a fitted network needs of its own: the biases that its cut changes.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "compression/train/trainable_graph.h"

namespace tuckerseg {

/// A data-aware core is fitted at the largest level's ranks, and its bias with it. Of inputs whose mean is not 0 the directions that a smaller
/// level lacks carry a part of every output's mean: a shift that no norm takes away behind a transposed convolution or the head. Runs
/// `level` beside `original` on the patches and gives, for each Tucker layer with a bias and no norm behind it, the bias with which the
/// layer's outputs have the original's mean in each channel, layer after layer.
/// `parameters`: the original's. `cut`: the level's, cut from the fitted network's. Returned by TensorSpec name, [out], float32.
/// Memory: the live features of all patches, twice. Errors: what LibTorch throws, as Error.
Parameters BiasesOfLevel(const LayerGraph& original, const Parameters& parameters, const LayerGraph& level, Parameters cut, const std::vector<at::Tensor>& patches);

}  // namespace tuckerseg
