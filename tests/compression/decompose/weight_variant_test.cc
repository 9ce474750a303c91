#include "compression/decompose/weight_variant.h"

#include <gtest/gtest.h>

#include "engine/error.h"
#include "engine/model/cost.h"
#include "engine/model/safetensors.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

class VariantOfTinyNetwork : public testing::Test {
 protected:
  Bundle bundle_ = TinyBundle(TinyUnet(16, 4), {8, 8, 8}, 1);
  static constexpr DecompositionMethod kHosvd = DecompositionMethod::kHosvd;
  static constexpr DecompositionMethod kHooi = DecompositionMethod::kHooi;
};

TEST_F(VariantOfTinyNetwork, CanBeSavedAndLoadedAndBelongsToItsBundle) {
  const VariantFiles made = VariantByWeights(bundle_, {{"half", FactorWish{0.5}, true}}, kHooi, {});
  const TemporaryDirectory folder;
  SaveVariant(made, bundle_.model, folder.path() / "half");
  const VariantFiles loaded = LoadVariant(folder.path() / "half", bundle_.model);
  EXPECT_EQ(loaded.variant.method, "hooi");
  EXPECT_EQ(loaded.variant.levels, made.variant.levels);
  EXPECT_EQ(EncodeSafetensors(loaded.weights.front()), EncodeSafetensors(made.weights.front()));
}

TEST_F(VariantOfTinyNetwork, HasSmallerLevelsThatEqualThoseMadeForThem) {
  const VariantFiles elastic = VariantByWeights(bundle_, {{"e-0.9", FactorWish{0.9}}, {"e-0.7", FactorWish{0.7}}, {"e-0.5", FactorWish{0.5}}}, kHosvd, {});
  for (size_t level = 0; level < 3; ++level) {
    const VariantFiles alone = VariantByWeights(bundle_, {{"alone", FactorWish{*elastic.variant.levels[level].level}}}, kHosvd, {});
    const Bundle slice = BundleOf(bundle_.model, elastic, level);
    const Bundle made = BundleOf(bundle_.model, alone, 0);
    EXPECT_EQ(slice.model, made.model);
    for (const auto& [name, tensor] : made.weights.front().tensors()) {
      const std::vector<float> expected = ToFloat(tensor);
      const std::vector<float> given = ToFloat(slice.weights.front().At(name));
      ASSERT_EQ(given.size(), expected.size()) << name;
      // Cores are products of other sizes: equal but for the last bits.
      for (size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(given[i], expected[i], 1e-5) << name;
    }
  }
}

TEST_F(VariantOfTinyNetwork, HasTheSameTuckerLayersAtAllLevels) {
  // At a large share most layers do not pay by themselves.
  const VariantFiles elastic = VariantByWeights(bundle_, {{"e-0.95", BudgetWish{BudgetUnit::kParameters, 0.95}}, {"e-0.4", BudgetWish{BudgetUnit::kParameters, 0.4}}}, kHosvd, {});
  const auto& large = elastic.variant.levels[0].graphs.front().layers;
  const auto& small = elastic.variant.levels[1].graphs.front().layers;
  for (size_t i = 0; i < large.size(); ++i) {
    EXPECT_EQ(large[i].kind, small[i].kind) << large[i].name;
    EXPECT_GE(large[i].rank_in, small[i].rank_in) << large[i].name;
  }
}

TEST_F(VariantOfTinyNetwork, KeepsTheBudgetOfEachLevelThoughLayersAreInTuckerFormThatWouldStayWhole) {
  const VariantFiles elastic = VariantByWeights(bundle_, {{"e-0.95", BudgetWish{BudgetUnit::kParameters, 0.95}}, {"e-0.4", BudgetWish{BudgetUnit::kParameters, 0.4}}}, kHosvd, {});
  const auto whole = static_cast<double>(ParameterCount(bundle_.model.parts.front().graph));
  for (const VariantLevel& level : elastic.variant.levels) EXPECT_LE(static_cast<double>(ParameterCount(level.graphs.front())), *level.level * whole) << level.name;
  const RankPlan alone = RanksByWeights(bundle_, BudgetWish{BudgetUnit::kParameters, 0.95}, {}).front();
  int made_smaller = 0;
  for (const Layer& layer : elastic.variant.levels.front().graphs.front().layers) made_smaller += IsTucker(layer.kind) && !alone.contains(layer.name);
  EXPECT_GT(made_smaller, 0) << "or this tests nothing";
}

TEST_F(VariantOfTinyNetwork, IsRefusedForLevelsThatAreNoneOrNotNestedOrNotInOrder) {
  ExpectError(ErrorCode::kInvalidArgument, "levels: must be at least one", [&] { VariantByWeights(bundle_, {}, kHosvd, {}); });
  ExpectError(ErrorCode::kInvalidArgument, "--method = hooi", [&] { VariantByWeights(bundle_, {{"a", FactorWish{0.5}}, {"b", FactorWish{0.3}}}, kHooi, {}); });
  ExpectError(ErrorCode::kInvalidArgument, "two are called a: must be numbers that differ", [&] { VariantByWeights(bundle_, {{"a", FactorWish{0.5}}, {"a", FactorWish{0.3}}}, kHosvd, {}); });
  ExpectError(ErrorCode::kInvalidArgument, "from the largest to the smallest", [&] { VariantByWeights(bundle_, {{"a", FactorWish{0.3}}, {"b", FactorWish{0.5}}}, kHosvd, {}); });
}

}  // namespace
}  // namespace tuckerseg
