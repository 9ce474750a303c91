#include "compression/decompose/budget_cost.h"

#include <gtest/gtest.h>

#include "compression/decompose/weight_variant.h"
#include "compression/rank/budget.h"
#include "tests/engine/tiny_network.h"

namespace tuckerseg {
namespace {

class BudgetOfBytes : public testing::Test {
 protected:
  double CostAt(const RankPlan& plan, TensorType type) const {
    return CostOf(WithRanks(NetworksOf(bundle_.model), {plan}), BudgetCosts(bundle_, BudgetUnit::kBytes, type, {}));
  }
  /// The bundle's tensors as float16, as published models often are.
  void StoreAsHalf() {
    WeightStore half;
    for (const auto& [name, tensor] : bundle_.weights.front().tensors()) half.AddFloats(name, TensorType::kFloat16, tensor.shape, ToFloat(tensor));
    bundle_.weights.front() = half;
  }

  Bundle bundle_ = TinyBundle(TinyUnet(16, 4), {8, 8, 8}, 1);
  const RankPlan plan_{{"encoder.1.conv", {4, 4}}};
};

TEST_F(BudgetOfBytes, CountsWholeLayersAsTheBundleStoresThem) {
  EXPECT_EQ(CostAt({}, TensorType::kFloat32), static_cast<double>(bundle_.weights.front().TotalBytes()));
  StoreAsHalf();
  EXPECT_EQ(CostAt({}, TensorType::kFloat32), static_cast<double>(bundle_.weights.front().TotalBytes()));
}

TEST_F(BudgetOfBytes, CountsTuckerLayersInTheTypeTheyWillBeStoredAs) {
  const double whole = CostAt({}, TensorType::kFloat32);
  const double saved = whole - CostAt(plan_, TensorType::kFloat32);
  StoreAsHalf();
  EXPECT_LT(CostAt({}, TensorType::kFloat32) - CostAt(plan_, TensorType::kFloat32), saved / 2) << "float32 factors for a float16 kernel save less";
  EXPECT_GT(CostAt(plan_, TensorType::kFloat32), CostAt(plan_, TensorType::kFloat16));
}

TEST_F(BudgetOfBytes, IsKeptWhateverTheTypes) {
  StoreAsHalf();
  for (const TensorType type : {TensorType::kFloat16, TensorType::kFloat32}) {
    const RankPlan plan = RanksByWeights(bundle_, BudgetWish{BudgetUnit::kBytes, 0.8}, {.type = type}).front();
    EXPECT_LE(CostAt(plan, type), 0.8 * CostAt({}, type));
  }
}

TEST_F(BudgetOfBytes, IsKeptAtEveryLevelOfAnElasticVariant) {
  StoreAsHalf();
  const VariantFiles elastic = VariantByWeights(bundle_, {{"large", BudgetWish{BudgetUnit::kBytes, 0.95}}, {"small", BudgetWish{BudgetUnit::kBytes, 0.7}}}, DecompositionMethod::kHosvd, {});
  for (size_t level = 0; level < 2; ++level) {
    const double bytes = static_cast<double>(BundleOf(bundle_.model, elastic, level).weights.front().TotalBytes());
    EXPECT_LE(bytes, *elastic.variant.levels[level].level * CostAt({}, TensorType::kFloat16)) << elastic.variant.levels[level].name;
  }
}

}  // namespace
}  // namespace tuckerseg
