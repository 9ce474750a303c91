/// What a bundle's layers cost in the unit of a budget.
#pragma once

#include <vector>

#include "compression/decompose/rank_wish.h"
#include "compression/rank/layer_cost.h"
#include "engine/model/bundle.h"

namespace tuckerseg {

/// By part. Bytes are those on disk: a layer that is left whole has the bytes of the bundle's tensors of the first fold, one in Tucker form those of `type`, its
/// bias float32. `seconds` is what a budget of latency is counted in. The bundle must outlive what is returned.
/// Errors: kInvalidArgument for latency without `seconds`.
std::vector<LayerCost> BudgetCosts(const Bundle& bundle, BudgetUnit unit, TensorType type, const LayerCost& seconds);

}  // namespace tuckerseg
