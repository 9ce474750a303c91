/// What a network costs, from its layer graph alone: parameters and multiply-adds.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/model/layer_graph.h"
#include "engine/model/model.h"

namespace tuckerseg {

/// Elements of the layer's tensors.
int64_t ParameterCount(const Layer& layer);
int64_t ParameterCount(const LayerGraph& graph);
/// Of all parts, one fold each.
int64_t ParameterCount(const Model& model);

/// Bytes of the weights of all parts and folds in float32: what executors hold of them, whatever type a file has. Factors that they multiply into cores or transposed convolutions
/// make it less; only of a rank above a transposed convolution's outputs they make it a little more, by less than a factor's size for each tap.
int64_t Float32WeightBytes(const Model& model);

/// Multiply-adds of each layer for one patch, by place: one multiplication with its addition counts as one; convolutions alone, as
/// the paper's table has it (Weber, Dexl et al. 2025). The input factor of a strided Tucker convolution runs at the finer resolution,
/// the output factor at the coarser one; of a transposed one the other way round.
std::vector<int64_t> MultiplyAdds(const LayerGraph& graph, const Size3& patch);
/// Of one layer, for an input of this shape.
int64_t MultiplyAdds(const Layer& layer, const Size3& input_shape);
/// The sum over all layers.
int64_t TotalMultiplyAdds(const LayerGraph& graph, const Size3& patch);
/// Of one patch of each part, one fold each.
int64_t TotalMultiplyAdds(const Model& model);

}  // namespace tuckerseg
