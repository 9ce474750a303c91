#include "compression/rank/budget.h"

#include <gmock/gmock.h>

#include "compression/rank/level.h"
#include "compression/rank/pays.h"
#include "compression/rank/rewrite.h"
#include "engine/model/cost.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// 16 -> 16 channels: 6912 parameters whole, 32 r + 27 r^2 at ranks (r, r): 560 at 4, 1984 at 8, 4272 at 12.
Network OneConvolution() {
  Network network{{}, {4, 4, 4}};
  AddLayer(network.graph, {.name = "input", .kind = LayerKind::kInput, .in_channels = 16, .out_channels = 16});
  AddLayer(network.graph, {.name = "conv", .kind = LayerKind::kConvolution, .inputs = {0}, .in_channels = 16, .out_channels = 16, .kernel = {3, 3, 3}});
  return network;
}

TEST(FactorForBudget, IsTheLargestFactorWithinTheBudget) {
  const FactorPlan plan = FactorForBudget({OneConvolution()}, {ParameterCost}, 0.3, 4);
  EXPECT_DOUBLE_EQ(plan.factor, 0.5);
  EXPECT_THAT(plan.plans, ElementsAre(RankPlan{{"conv", {8, 8}}}));
  EXPECT_DOUBLE_EQ(plan.share, 1984.0 / 6912);
}

TEST(FactorForBudget, TakesABudgetThatIsMetExactly) {
  EXPECT_DOUBLE_EQ(FactorForBudget({OneConvolution()}, {MultiplyAddCost}, 560.0 / 6912, 4).share, 560.0 / 6912);
}

TEST(FactorForBudget, LeavesAllWholeForABudgetOfOne) {
  const FactorPlan plan = FactorForBudget({OneConvolution()}, {ParameterCost}, 1, 4);
  EXPECT_DOUBLE_EQ(plan.factor, 1);
  EXPECT_THAT(plan.plans, ElementsAre(IsEmpty()));
  EXPECT_DOUBLE_EQ(plan.share, 1);
}

TEST(FactorForBudget, NamesTheLeastShareWhereTheGridAllowsNoLess) {
  try {
    FactorForBudget({OneConvolution()}, {ParameterCost}, 0.05, 4);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(error.what(), HasSubstr("budget = 0.05: must be at least 0.0811, the least that ranks of 4 come to"));  // 560 / 6912 = 0.08102
  }
  EXPECT_NO_THROW(FactorForBudget({OneConvolution()}, {ParameterCost}, 0.0811, 4)) << "what the error names";
  EXPECT_NO_THROW(FactorForBudget({OneConvolution()}, {ParameterCost}, 0.05, 1));
}

/// The paper's least rank of 8 does not matter on a grid of 16.
RankPlan PlanAt(const Network& network, double factor) {
  return WherePays(network.graph, PaperRanks(network.graph, factor, 16), network.patch);
}

TEST(FactorForBudget, HoldsForThePapersNetworksAndCannotBeBeatenByALargerFactor) {
  for (const char* name : {"1.5mm", "3mm"})
    for (const LayerCost& cost : {LayerCost(ParameterCost), LayerCost(MultiplyAddCost)})
      for (const double budget : {0.5, 0.3, 0.2}) {
        SCOPED_TRACE(std::string(name) + " " + std::to_string(budget));
        const std::vector<Network> networks{PaperNetwork(name)};
        const FactorPlan plan = FactorForBudget(networks, {cost}, budget, 16);
        const double whole = CostOf(networks, {cost});
        EXPECT_DOUBLE_EQ(plan.share, CostOf(WithRanks(networks, plan.plans), {cost}) / whole);
        EXPECT_LE(plan.share, budget);
        EXPECT_GT(CostOf(WithRanks(networks, {PlanAt(networks.front(), plan.factor + 1e-6)}), {cost}), budget * whole);
        for (const auto& [layer, ranks] : plan.plans.front()) EXPECT_TRUE(ranks.in % 16 == 0 && ranks.out % 16 == 0) << layer;
      }
}

TEST(FactorForBudget, SharesOneBudgetAmongSeveralNetworks) {
  const std::vector<Network> networks{OneConvolution(), OneConvolution()};
  const FactorPlan plan = FactorForBudget(networks, {ParameterCost, ParameterCost}, 0.3, 4);
  EXPECT_THAT(plan.plans, ElementsAre(RankPlan{{"conv", {8, 8}}}, RankPlan{{"conv", {8, 8}}}));
}

TEST(FactorForBudget, RefusesBudgetsOutsideZeroToOne) {
  for (const double budget : {0.0, -1.0, 1.5}) {
    ExpectError(ErrorCode::kInvalidArgument, "must be in (0, 1]", [&] { FactorForBudget({OneConvolution()}, {ParameterCost}, budget, 4); });
  }
  ExpectError(ErrorCode::kInvalidArgument, "grid = 0", [] { FactorForBudget({OneConvolution()}, {ParameterCost}, 0.5, 0); });
}

}  // namespace
}  // namespace tuckerseg
