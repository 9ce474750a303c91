/// From a model's weights and a Tucker graph to the variant's weights: by the weights alone, without looking at data.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "compression/tucker/tucker_weight.h"
#include "engine/model/model.h"
#include "engine/model/weight_store.h"

namespace tuckerseg {

enum class DecompositionMethod { kHosvd, kHooi };

/// Puts a Tucker layer's three tensors into `weights` as `prefix` + layer + ".in_factor", ".core" and ".out_factor".
/// `type` is float32 or float16.
void AddTuckerTensors(const Layer& tucker_layer, const TuckerWeight& form, const std::string& prefix, TensorType type, WeightStore& weights);

/// The weights of all folds of `part` for `graph`, which has the part's layers by name, some of them in Tucker form: those are
/// decomposed at the graph's ranks, all other tensors are taken as they are. `threads`: as SetDenseThreads. `type`: of what is decomposed. `told` after
/// each layer.
/// Errors: kInvalidArgument for a layer that the part lacks or that has other channels there, kDataLoss for weights that are not finite.
WeightStore DecomposePart(const ModelPart& part, const LayerGraph& graph, const WeightStore& weights, DecompositionMethod method, TensorType type,
                          int threads, const std::function<void(size_t done, size_t total)>& told = {});

/// Whether `tucker_layer` is `original` but for its ranks: the same channels, kernel and direction.
bool IsFormOf(const Layer& tucker_layer, const Layer& original);

/// The layer of that name. Errors: kInvalidArgument if there is none.
const Layer& LayerNamed(const LayerGraph& graph, const std::string& name);

}  // namespace tuckerseg
