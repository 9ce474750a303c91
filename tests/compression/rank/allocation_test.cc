#include "compression/rank/allocation.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <tuple>

#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using ::testing::ElementsAre;

/// Whole at cost 10, and what `points` name: (loss, cost); ranks tell the place.
LayerCandidates Candidates(const std::string& name, const std::vector<std::pair<double, double>>& points) {
  LayerCandidates layer{0, name, {{std::nullopt, 0, 10}}};
  for (size_t i = 0; i < points.size(); ++i) {
    const auto rank = static_cast<int64_t>(i + 1);
    layer.candidates.push_back({RankPair{rank, rank}, points[i].first, points[i].second});
  }
  return layer;
}

TEST(AllocateRanks, SpendsTheBudgetWhereItBuysMostLoss) {
  // From (cost 2, loss 8) to whole: a loses 1 per unit of cost, b 0.25. A budget of 12 + fixed 0 of 20 has room for one of them.
  const Allocation allocation = AllocateRanks({Candidates("a", {{8, 2}}), Candidates("b", {{2, 2}})}, 0, 0.6);
  EXPECT_THAT(allocation.plans, ElementsAre(RankPlan{{"b", {1, 1}}}));
  EXPECT_DOUBLE_EQ(allocation.loss, 2);
  EXPECT_DOUBLE_EQ(allocation.cost, 12);
  EXPECT_DOUBLE_EQ(allocation.least_loss, 2) << "the budget is met exactly: nothing can be better";
}

TEST(AllocateRanks, LeavesAllWholeForABudgetOfOne) {
  const Allocation allocation = AllocateRanks({Candidates("a", {{8, 2}}), Candidates("b", {{2, 2}})}, 0.1, 1);
  EXPECT_THAT(allocation.plans, ElementsAre(RankPlan{}));
  EXPECT_DOUBLE_EQ(allocation.cost, 20.1);
}

TEST(AllocateRanks, CountsWhatNothingChanges) {
  // 8 of 20 + 20 are fixed: half of the whole is 20, of which 12 are left.
  EXPECT_DOUBLE_EQ(AllocateRanks({Candidates("a", {{8, 2}}), Candidates("b", {{2, 2}})}, 20, 32.0 / 40).cost, 32);
}

TEST(AllocateRanks, FillsWhatIsLeftWithCandidatesThatNoMultiplierReaches) {
  // (4.9, 6) lies above the line from (8, 2) to (0, 10), but a budget of 7 has room for nothing else.
  const Allocation allocation = AllocateRanks({Candidates("a", {{8, 2}, {4.9, 6}})}, 0, 0.7);
  EXPECT_THAT(allocation.plans, ElementsAre(RankPlan{{"a", {2, 2}}}));
  EXPECT_DOUBLE_EQ(allocation.loss, 4.9);
  EXPECT_DOUBLE_EQ(allocation.least_loss, 3) << "on the line, at cost 7";
}

TEST(AllocateRanks, NeverTakesACandidateThatIsDearerAndWorse) {
  const Allocation allocation = AllocateRanks({Candidates("a", {{8, 2}, {9, 3}, {1, 12}})}, 0, 0.5);
  EXPECT_THAT(allocation.plans, ElementsAre(RankPlan{{"a", {1, 1}}}));
}

TEST(AllocateRanks, KeepsThePlansOfSeveralNetworksApart) {
  std::vector<LayerCandidates> layers{Candidates("conv", {{1, 2}}), Candidates("conv", {{2, 2}})};
  layers[1].network = 2;
  EXPECT_THAT(AllocateRanks(layers, 0, 0.2).plans, ElementsAre(RankPlan{{"conv", {1, 1}}}, RankPlan{}, RankPlan{{"conv", {1, 1}}}));
}

TEST(AllocateRanks, NamesTheLeastShareWhereNoCandidatesAreCheapEnough) {
  ExpectError(ErrorCode::kInvalidArgument, "budget = 0.1: must be at least 0.2000, the least that the layers' candidates come to",
              [] { AllocateRanks({Candidates("a", {{8, 2}})}, 0, 0.1); });
}

TEST(AllocateRanks, RefusesCandidatesThatMakeNoSense) {
  LayerCandidates none{0, "a", {{RankPair{1, 1}, 1, 1}}};
  ExpectError(ErrorCode::kInvalidArgument, "layer a: must have a candidate that stays whole", [&] { AllocateRanks({none}, 0, 0.5); });
  LayerCandidates two{0, "a", {{std::nullopt, 0, 1}, {std::nullopt, 0, 2}}};
  ExpectError(ErrorCode::kInvalidArgument, "layer a: must have one candidate that stays whole", [&] { AllocateRanks({two}, 0, 0.5); });
  ExpectError(ErrorCode::kInvalidArgument, "layer a: losses and costs must be finite", [] { AllocateRanks({Candidates("a", {{-1, 2}})}, 0, 0.5); });
  ExpectError(ErrorCode::kInvalidArgument, "layer a: losses and costs must be finite", [] { ParetoFront({Candidates("a", {{std::nan(""), 2}})}, 0); });
  ExpectError(ErrorCode::kInvalidArgument, "budget = 2: must be in (0, 1]", [] { AllocateRanks({Candidates("a", {})}, 0, 2); });
}

/// Layers with random losses that fall as costs rise, more or less.
std::vector<LayerCandidates> RandomLayers(std::mt19937& random) {
  std::uniform_real_distribution<double> uniform(0, 1);
  std::vector<LayerCandidates> layers;
  for (int l = 0; l < 4; ++l) {
    std::vector<std::pair<double, double>> points;
    const double scale = uniform(random);
    for (int c = 0; c < 6; ++c) {
      const double cost = 1 + 9 * uniform(random);
      points.emplace_back(scale * (1 / cost + 0.1 * uniform(random)), cost);
    }
    layers.push_back(Candidates(std::to_string(l), points));
  }
  return layers;
}

/// The least loss of all choices of the layers from `first` on that cost at most `room`.
double LeastLoss(const std::vector<LayerCandidates>& layers, double room, size_t first = 0) {
  if (first == layers.size()) return 0;
  double least = std::numeric_limits<double>::infinity();
  for (const RankCandidate& candidate : layers[first].candidates)
    if (candidate.cost <= room) least = std::min(least, candidate.loss + LeastLoss(layers, room - candidate.cost, first + 1));
  return least;
}

/// The largest loss that one move along a hull undoes: at most what a layer's cheapest candidate loses.
double LargestMove(const std::vector<LayerCandidates>& layers) {
  double largest = 0;
  for (const LayerCandidates& layer : layers) {
    const auto cheapest = std::min_element(layer.candidates.begin(), layer.candidates.end(), [](const auto& a, const auto& b) { return a.cost < b.cost; });
    largest = std::max(largest, cheapest->loss);
  }
  return largest;
}

TEST(AllocateRanks, LiesBetweenTheOptimumOfAllChoicesAndTheGuarantee) {
  std::mt19937 random(1);
  int optimal = 0;
  int runs = 0;
  for (int i = 0; i < 200; ++i) {
    const std::vector<LayerCandidates> layers = RandomLayers(random);
    for (const double budget : {0.5, 0.7, 0.9}) {
      const double optimum = LeastLoss(layers, 40 * budget);
      const Allocation allocation = AllocateRanks(layers, 0, budget);
      EXPECT_LE(allocation.cost, 40 * budget * (1 + 1e-9));
      EXPECT_LE(allocation.least_loss, optimum + 1e-9);
      EXPECT_GE(allocation.loss, optimum - 1e-9);
      EXPECT_LE(allocation.loss - allocation.least_loss, LargestMove(layers) + 1e-9);
      optimal += allocation.loss < optimum + 1e-9 ? 1 : 0;
      ++runs;
    }
  }
  EXPECT_GT(optimal, runs / 2) << "of " << runs;
}

TEST(AllocateRanks, ComesWithinAPercentOfTheBoundWhereLayersHaveManyCandidates) {
  std::vector<LayerCandidates> layers;
  for (int l = 0; l < 20; ++l) {
    LayerCandidates layer{0, std::to_string(l), {{std::nullopt, 0, 1600}}};
    for (int64_t r = 1; r < 40; ++r) {
      const auto rank = static_cast<double>(r);
      layer.candidates.push_back({RankPair{r, r}, (1 + 0.1 * l) * std::pow(1 - rank / 40, 3), rank * rank});
    }
    layers.push_back(layer);
  }
  for (const double budget : {0.05, 0.2, 0.4}) {
    const Allocation allocation = AllocateRanks(layers, 0, budget);
    EXPECT_LE(allocation.loss, 1.01 * allocation.least_loss) << budget;
  }
}

/// Whole at cost 100; pairs of which each keeps what the one before keeps of one mode alone.
LayerCandidates Uneven(const std::string& name, double scale) {
  LayerCandidates layer{0, name, {{std::nullopt, 0, 100}}};
  for (const auto& [in, out, loss, cost] : std::vector<std::tuple<int64_t, int64_t, double, double>>{
           {1, 4, 9, 10}, {4, 1, 6, 20}, {2, 5, 4, 30}, {6, 2, 3, 40}, {6, 6, 1, 60}})
    layer.candidates.push_back({RankPair{in, out}, scale * loss, cost});
  return layer;
}

TEST(AllocateNestedRanks, GivesLevelsOfWhichEachIsABlockOfTheOneBeforeAndKeepsItsBudget) {
  const std::vector<LayerCandidates> layers{Uneven("a", 1), Uneven("b", 2), Uneven("c", 0.5)};
  const std::vector<double> budgets{0.7, 0.5, 0.3, 0.2, 0.14};
  const std::vector<Allocation> levels = AllocateNestedRanks(layers, 10, budgets);
  ASSERT_EQ(levels.size(), budgets.size());
  for (size_t i = 0; i < levels.size(); ++i) {
    EXPECT_LE(levels[i].cost, budgets[i] * 310 * (1 + 1e-9)) << budgets[i];
    if (i == 0) continue;
    EXPECT_LE(levels[i - 1].loss, levels[i].loss) << budgets[i];
    ASSERT_EQ(levels[i - 1].plans.front().size(), levels[i].plans.front().size());
    for (const auto& [name, smaller] : levels[i].plans.front()) {
      EXPECT_GE(levels[i - 1].plans.front().at(name).in, smaller.in) << name << budgets[i];
      EXPECT_GE(levels[i - 1].plans.front().at(name).out, smaller.out) << name << budgets[i];
    }
  }
}

TEST(AllocateNestedRanks, ChoosesTheSmallestLevelAsIfItWereAlone) {
  const std::vector<LayerCandidates> layers{Uneven("a", 1), Uneven("b", 2)};
  EXPECT_EQ(AllocateNestedRanks(layers, 0, {0.6, 0.25}).back().plans, AllocateRanks(layers, 0, 0.25).plans);
  EXPECT_EQ(AllocateNestedRanks(layers, 0, {0.25}).front().plans, AllocateRanks(layers, 0, 0.25).plans);
}

TEST(AllocateNestedRanks, KeepsWholeWhatTheSmallestLevelKeepsWhole) {
  const std::vector<LayerCandidates> layers{Candidates("a", {{5, 2}}), Candidates("b", {{0.1, 3}})};
  EXPECT_THAT(AllocateRanks(layers, 0, 0.7).plans, ElementsAre(RankPlan{{"b", {1, 1}}})) << "alone it would cut b";
  for (const Allocation& level : AllocateNestedRanks(layers, 0, {0.7, 0.6})) EXPECT_THAT(level.plans, ElementsAre(RankPlan{{"a", {1, 1}}}));
}

TEST(AllocateNestedRanks, RefusesBudgetsThatDoNotDescend) {
  ExpectError(ErrorCode::kInvalidArgument, "budgets: must descend", [] { AllocateNestedRanks({Candidates("a", {{8, 2}})}, 0, {0.5, 0.5}); });
}

TEST(ParetoFront, GoesFromTheCheapestToTheDearestThroughTheHull) {
  const std::vector<ParetoPoint> front = ParetoFront({Candidates("a", {{8, 2}, {2, 4}, {4.9, 6}})}, 1);
  ASSERT_EQ(front.size(), 3U);
  EXPECT_TRUE(std::isinf(front[0].multiplier));
  EXPECT_DOUBLE_EQ(front[0].cost, 3);
  EXPECT_DOUBLE_EQ(front[1].multiplier, 3);  // from (8, 2) to (2, 4)
  EXPECT_DOUBLE_EQ(front[1].loss, 2);
  EXPECT_DOUBLE_EQ(front[2].cost, 11);
  EXPECT_DOUBLE_EQ(front[2].loss, 0);
}

TEST(ParetoFront, HasNoChoiceBelowIt) {
  std::mt19937 random(2);
  for (int i = 0; i < 20; ++i) {
    const std::vector<LayerCandidates> layers = RandomLayers(random);
    const std::vector<ParetoPoint> front = ParetoFront(layers, 0);
    for (size_t p = 0; p < front.size(); ++p) {
      EXPECT_NEAR(LeastLoss(layers, front[p].cost + 1e-9), front[p].loss, 1e-9);
      if (p == 0) continue;
      EXPECT_GT(front[p].cost, front[p - 1].cost);
      EXPECT_LT(front[p].loss, front[p - 1].loss);
      EXPECT_LE(front[p].multiplier, front[p - 1].multiplier);
      const double middle = (front[p].cost + front[p - 1].cost) / 2;
      EXPECT_GE(LeastLoss(layers, middle), (front[p].loss + front[p - 1].loss) / 2 - 1e-9);
    }
  }
}

}  // namespace
}  // namespace tuckerseg
