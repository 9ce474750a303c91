/// Structured pruning by norm, the paper's baseline (Weber, Dexl et al. 2025, arXiv 2404.09683): output channels of convolutions with the
/// smallest L2 norm go, a share of them stays. No data are looked at.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/model/model.h"
#include "engine/model/weight_store.h"

namespace tuckerseg {

/// [layer][output channel]: whether it is kept.
using KeptChannels = std::vector<std::vector<bool>>;

/// Of each convolution's `C` output channels, the ceil(C * level) with the largest L2 norm of their weights (without the bias), summed in
/// squares over the folds, which share a graph; the first of equal ones. There is no least number as Tucker ranks have: the paper's counts
/// of parameters fall linearly with the level. Convolutions whose outputs are added keep the same channels, by the sum over all of them.
/// The last convolution stays whole: an output channel is a class, and one that is removed could never be found again.
/// Errors: kInvalidArgument for a level outside (0, 1], a layer in Tucker form; kFailedPrecondition for a tensor that is missing; kDataLoss for
/// weights that are not finite.
KeptChannels ChooseChannels(const ModelPart& part, const WeightStore& weights, double level);

/// The paper's form: the same graph, with zeros for the weights and biases of all channels that are not kept. Those of norms behind them
/// become zeros too, which the paper's own masks leave: a channel that is constant is then zero, so that the zero padding at a patch's border
/// does not show, and it can be removed without a trace. Types stay; tensors that do not change are looked at where they lie.
WeightStore MaskedChannels(const ModelPart& part, const WeightStore& weights, const KeptChannels& kept);

/// A part's network in a smaller form.
struct PrunedPart {
  LayerGraph graph;
  WeightStore weights;  ///< of all folds
};

/// The masked network without its zeros: channels that are not kept are gone from the convolution, from norms and activations behind it and
/// from the inputs of all that read it. Guarantee: the logits are the masked network's, up to the order of sums.
/// Errors: kFailedPrecondition for a tensor that is missing; kInvalidArgument if a layer would keep no channel, which `ChooseChannels` gives
/// only where a concatenation is added to something.
PrunedPart WithoutChannels(const ModelPart& part, const WeightStore& weights, const KeptChannels& kept);

/// WithoutChannels of ChooseChannels.
PrunedPart PrunePart(const ModelPart& part, const WeightStore& weights, double level);

/// Parameters as the paper counts them: those that are not zero in the masked network. They fall linearly with the level, where those of the
/// smaller network fall with its square: a removed channel takes weights of its readers along, which the mask leaves. Needs neither weights
/// nor level: what was kept is in the channels of `pruned`, so that a bundle and its variant always can say it.
/// Errors: kInvalidArgument if `pruned` has not as many layers as `original`.
int64_t CountedParameters(const LayerGraph& original, const LayerGraph& pruned);

}  // namespace tuckerseg
