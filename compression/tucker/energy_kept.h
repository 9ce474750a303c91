/// How much of a model's weights a variant's factors and cores give back.
#pragma once

#include <map>
#include <string>

#include "compression/tucker/tucker_weight.h"
#include "engine/model/model.h"
#include "engine/model/weight_store.h"

namespace tuckerseg {

/// The form that `weights` hold of a Tucker layer, as `prefix` + layer + ".in_factor", ".core" and ".out_factor".
/// Errors: kFailedPrecondition for a tensor that is absent, kInvalidArgument for another shape, kDataLoss for a value that is not finite.
TuckerWeight TuckerWeightOf(const Layer& tucker_layer, const std::string& prefix, const WeightStore& weights);

/// Of each Tucker layer of `graph`, by its name: 1 - ||W - form||_F^2 / ||W||_F^2, summed over the folds of `part`, W the model's weight in
/// `weights` and the form the variant's in `compressed`. 1: all; below 0: the form is farther from the weight than zeros are, which data-aware
/// fits and training may lead to. Layers whose channels are not the model's (those of a pruned network) are left out.
/// Errors: as TuckerWeightOf and ChannelWeightOf.
std::map<std::string, double> EnergyKept(const ModelPart& part, const WeightStore& weights, const LayerGraph& graph, const WeightStore& compressed);

}  // namespace tuckerseg
