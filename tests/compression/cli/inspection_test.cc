#include "compression/cli/inspection.h"

#include <gtest/gtest.h>

#include "tests/engine/model/variant_samples.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

TEST(LevelPlace, IsThatOfTheNameOrOfTheNumber) {
  EXPECT_EQ(LevelPlace(ElasticVariant(), "odd"), 2U);
  EXPECT_EQ(LevelPlace(ElasticVariant(), "0.25"), 1U);
  EXPECT_EQ(LevelPlace(ElasticVariant(), "0.250"), 1U);
  ExpectError(ErrorCode::kNotFound, "--level = 0.3: must be one of large (0.5), small (0.25), odd", [] { LevelPlace(ElasticVariant(), "0.3"); });
  ExpectError(ErrorCode::kNotFound, "--level = 0.5x: must be one of", [] { LevelPlace(ElasticVariant(), "0.5x"); });
}

TEST(LevelPlace, IsTheDefaultOfSeveralThatHaveTheNumber) {
  Variant variant = ElasticVariant();
  variant.levels[1].level = variant.levels[2].level = 0.5;
  EXPECT_EQ(LevelPlace(variant, "0.5"), 0U) << "the default";
  variant.levels[0].is_default = false;
  ExpectError(ErrorCode::kFailedPrecondition, "--level = 0.5: several levels have that number; must be a name of large (0.5), small (0.5), odd (0.5)",
              [&] { LevelPlace(variant, "0.5"); });
}

TEST(InspectVariant, CountsALevelsOwnTensorsAsTheyAreStored) {
  VariantFiles files = ElasticFiles();
  const Inspection before = InspectVariant(TwoPartBundle(), files, 0, {});
  files.weights[0].Add("level_small.fold_0.up.bias", TensorType::kFloat64, {4}, std::vector<std::byte>(32));
  const Inspection after = InspectVariant(TwoPartBundle(), files, 0, {});
  EXPECT_EQ(after.levels[1].bytes - before.levels[1].bytes, 4 * 8 - 4 * 4);
  EXPECT_EQ(after.levels[0].bytes, before.levels[0].bytes);
}

}  // namespace
}  // namespace tuckerseg
