/// A variant made from a bundle's weights alone: the paper's method, and its elastic form.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "compression/decompose/rank_wish.h"
#include "compression/tucker/decompose.h"
#include "engine/model/variant.h"

namespace tuckerseg {

/// What a level is called and how cheap it is to be.
struct LevelRequest {
  std::string name;
  RankWish wish;
  bool is_default = false;
};

/// Told as the work goes on: what is being done, and how far it is.
using DecomposeSink = std::function<void(const std::string& what, size_t done, size_t total)>;

/// Errors: kInvalidArgument for no level, two of one name, and for several that do not descend or are not shares of one thing.
void CheckLevels(const std::vector<LevelRequest>& levels);

/// One level: as asked for. Several: an elastic variant, the largest level first, whose smaller levels are leading sub-blocks; HOSVD
/// alone, whose factors are nested, so that each level equals the variant that is made for it.
/// Errors: as RanksByWeights; and CheckLevels; kInvalidArgument for several levels with HOOI, or of latency.
VariantFiles VariantByWeights(const Bundle& bundle, const std::vector<LevelRequest>& levels, DecompositionMethod method, const RankOptions& options,
                              const DecomposeSink& told = {});

/// A variant of `bundle` whose levels have these ranks, without weights. For an elastic one each layer in Tucker form at the smallest level
/// is so at all levels, and no rank is smaller than the next level's. Errors: as CheckLevels.
Variant EmptyVariant(const Bundle& bundle, const std::vector<LevelRequest>& levels, const std::vector<std::vector<RankPlan>>& plans, const std::string& method,
                     const RankOptions& options);

}  // namespace tuckerseg
