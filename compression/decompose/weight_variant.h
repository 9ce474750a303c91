/// A variant made from a bundle's weights alone: the paper's method, and its elastic form.
#pragma once

#include <cstdint>
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

struct WeightVariantOptions {
  DecompositionMethod method = DecompositionMethod::kHooi;
  int64_t grid = 1;
  TensorType type = TensorType::kFloat32;  ///< float32 or float16: of what is decomposed
  int threads = 1;
};

/// Errors: kInvalidArgument for no level, and for several that do not descend or are not shares of one thing.
void CheckLevels(const std::vector<LevelRequest>& levels);

/// One level: as asked for. Several: an elastic variant, the largest level first, whose smaller levels are leading sub-blocks; HOSVD
/// alone, whose factors are nested, so that each level equals the variant that is made for it.
/// Errors: as RanksByWeights; and CheckLevels; kInvalidArgument for several levels with HOOI.
VariantFiles VariantByWeights(const Bundle& bundle, const std::vector<LevelRequest>& levels, const WeightVariantOptions& options);

/// A variant of `bundle` whose levels have these ranks, without weights. For an elastic one each layer in Tucker form at the smallest level
/// is so at all levels, and no rank is smaller than the next level's. Errors: as CheckLevels.
Variant EmptyVariant(const Bundle& bundle, const std::vector<LevelRequest>& levels, const std::vector<std::vector<RankPlan>>& plans, const std::string& method,
                     int64_t grid);

}  // namespace tuckerseg
