#include "compression/decompose/rank_wish.h"

#include <gtest/gtest.h>

#include "compression/decompose/budget_cost.h"
#include "compression/rank/budget.h"
#include "engine/error.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

TEST(Budget, IsAUnitAndAShare) {
  EXPECT_EQ(ParseBudget("params=0.25").unit, BudgetUnit::kParameters);
  EXPECT_EQ(ParseBudget("flops=1").unit, BudgetUnit::kMultiplyAdds);
  EXPECT_EQ(ParseBudget("latency=0.3").unit, BudgetUnit::kLatency);
  EXPECT_EQ(ParseBudget("bytes=0.125").share, 0.125);
}

TEST(Budget, IsRefusedWithWhatWouldBeRight) {
  for (const char* text : {"params", "params=", "params=0", "params=1.1", "params=0.2x", "watts=0.3", "=0.3", "params=nan"})
    ExpectError(ErrorCode::kInvalidArgument, "must be params=X, flops=X, bytes=X or latency=X", [&] { ParseBudget(text); });
}

TEST(LevelNumber, IsTheFactorOrTheShareAndNoneForAnEnergy) {
  EXPECT_EQ(LevelNumber(FactorWish{0.3}), 0.3);
  EXPECT_EQ(LevelNumber(BudgetWish{BudgetUnit::kParameters, 0.2}), 0.2);
  EXPECT_EQ(LevelNumber(EnergyWish{0.9}), std::nullopt);
}

class RanksOfTinyNetwork : public testing::Test {
 protected:
  Bundle bundle_ = TinyBundle(TinyUnet(16, 4), {8, 8, 8}, 1);
};

TEST_F(RanksOfTinyNetwork, FollowThePapersRuleForALevelHeadAndFirstLayerIncluded) {
  const RankPlan plan = RanksByWeights(bundle_, FactorWish{0.5}, {}).front();
  EXPECT_EQ(plan.at("encoder.0.conv"), (RankPair{1, 8}));
  EXPECT_EQ(plan.at("encoder.1.conv"), (RankPair{8, 16}));
  EXPECT_EQ(plan.at("up"), (RankPair{16, 8}));
  EXPECT_EQ(plan.at("head"), (RankPair{8, 4}));
}

TEST_F(RanksOfTinyNetwork, KeepTheShareOfTheEnergyAndLeaveLayersThatDoNotPayWhole) {
  const RankPlan most = RanksByWeights(bundle_, EnergyWish{1}, {.threads = 2}).front();
  EXPECT_TRUE(most.empty());  // full ranks of random weights only cost
  const RankPlan some = RanksByWeights(bundle_, EnergyWish{0.4}, {.threads = 2}).front();
  ASSERT_TRUE(some.contains("encoder.1.conv"));
  EXPECT_LT(some.at("encoder.1.conv").out, 20);
}

TEST_F(RanksOfTinyNetwork, MeetABudgetWithOneFactorForAllLayers) {
  const RankPlan plan = RanksByWeights(bundle_, BudgetWish{BudgetUnit::kMultiplyAdds, 0.5}, {}).front();
  const std::vector<Network> whole = NetworksOf(bundle_.model);
  const std::vector<LayerCost> costs = BudgetCosts(bundle_, BudgetUnit::kMultiplyAdds, TensorType::kFloat32, {});
  EXPECT_LE(CostOf(WithRanks(whole, {plan}), costs), 0.5 * CostOf(whole, costs));
}

TEST_F(RanksOfTinyNetwork, MeetABudgetOfMeasuredTimes) {
  // Whole layers take a second, those in Tucker form as much as their ranks.
  const LayerCost seconds = [](const Layer& layer, const Size3&) { return IsTucker(layer.kind) ? 0.02 * static_cast<double>(layer.rank_in + layer.rank_out) : 1.0; };
  const std::vector<Network> whole = NetworksOf(bundle_.model);
  const RankPlan plan = RanksByWeights(bundle_, BudgetWish{BudgetUnit::kLatency, 0.95}, {.seconds = seconds}).front();
  EXPECT_FALSE(plan.empty());
  EXPECT_LE(CostOf(WithRanks(whole, {plan}), {seconds}), 0.95 * CostOf(whole, {seconds}));
}

TEST_F(RanksOfTinyNetwork, CannotMeetABudgetOfLatencyWithoutMeasuring) {
  ExpectError(ErrorCode::kInvalidArgument, "--budget latency: must be measured", [&] { RanksByWeights(bundle_, BudgetWish{BudgetUnit::kLatency, 0.5}, {}); });
}

}  // namespace
}  // namespace tuckerseg
