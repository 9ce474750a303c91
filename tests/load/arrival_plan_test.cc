#include "tests/load/arrival_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "tests/load/load_samples.h"

namespace tuckerseg::load {
namespace {

/// Two volumes, one of them three times as often; a third of the requests has no deadline.
Workload MixedWorkload() {
  Workload workload;
  workload.seed = 5;
  workload.duration_s = 100;
  workload.volumes = std::vector<VolumeWish>{{.name = "often", .share = 3}, {.name = "seldom", .share = 1}};
  workload.deadlines = std::vector<DeadlineWish>{
      {.unit = DeadlineWish::Unit::kTimesUnloaded, .range = {2, 4}}, {.unit = DeadlineWish::Unit::kSeconds, .range = {7, 8}}, {}};
  workload.slow_share = 0.2;
  workload.slow_pause_s = {0.1, 0.2};
  workload.vanishing_share = 0.1;
  workload.vanishing_after_s = {0, 3};
  return workload;
}

const std::vector<double> kUnloaded{1, 10};

std::vector<PlannedRequest> Plan(const Workload& workload, double rate_per_s = 100) { return PlanArrivals(workload, rate_per_s, kUnloaded); }

double ShareThat(const std::vector<PlannedRequest>& plan, const std::function<bool(const PlannedRequest&)>& condition) {
  return static_cast<double>(std::count_if(plan.begin(), plan.end(), condition)) / static_cast<double>(plan.size());
}

TEST(ArrivalPlan, IsTheSameForTheSameSeedAndAnotherForAnother) {
  Workload workload = MixedWorkload();
  const std::vector<PlannedRequest> plan = Plan(workload);
  EXPECT_EQ(plan, Plan(workload));
  workload.seed = 6;
  EXPECT_NE(plan.front().at_s, Plan(workload).front().at_s);
}

TEST(ArrivalPlan, IsAPoissonProcessOfTheRate) {
  const std::vector<PlannedRequest> plan = Plan(MixedWorkload());
  // 10000 are expected, with a deviation of 100.
  EXPECT_NEAR(static_cast<double>(plan.size()), 10000, 500);
  EXPECT_TRUE(std::is_sorted(plan.begin(), plan.end(), [](const auto& a, const auto& b) { return a.at_s < b.at_s; }));
  EXPECT_LT(plan.back().at_s, 100);
  double squares = 0;
  for (size_t i = 1; i < plan.size(); ++i) squares += std::pow(plan[i].at_s - plan[i - 1].at_s, 2);
  // Gaps of an exponential distribution: their mean square is twice the square of their mean.
  EXPECT_NEAR(squares / static_cast<double>(plan.size() - 1), 2 * 0.01 * 0.01, 0.3 * 0.01 * 0.01);
}

TEST(ArrivalPlan, DrawsVolumesDeadlinesAndClientsByTheirShares) {
  const std::vector<PlannedRequest> plan = Plan(MixedWorkload());
  EXPECT_NEAR(ShareThat(plan, [](const PlannedRequest& request) { return request.volume == 0; }), 0.75, 0.03);
  EXPECT_NEAR(ShareThat(plan, [](const PlannedRequest& request) { return !request.deadline_s; }), 1.0 / 3, 0.03);
  EXPECT_NEAR(ShareThat(plan, [](const PlannedRequest& request) { return request.client == ClientKind::kVanishes; }), 0.1, 0.02);
  EXPECT_NEAR(ShareThat(plan, [](const PlannedRequest& request) { return request.client == ClientKind::kSendsSlowly; }), 0.1, 0.02);
  EXPECT_NEAR(ShareThat(plan, [](const PlannedRequest& request) { return request.client == ClientKind::kReadsSlowly; }), 0.1, 0.02);
}

TEST(ArrivalPlan, MeasuresDeadlinesByWhatTheirOwnVolumeTakes) {
  for (const PlannedRequest& request : Plan(MixedWorkload())) {
    if (!request.deadline_s) continue;
    const double seconds = *request.deadline_s;
    const double unloaded_s = kUnloaded[request.volume];
    EXPECT_TRUE((seconds >= 7 && seconds < 8) || (seconds >= 2 * unloaded_s && seconds < 4 * unloaded_s)) << seconds;
  }
}

TEST(ArrivalPlan, IsTheSameLoadForEveryLevel) {
  const Workload workload = MixedWorkload();
  std::vector<PlannedRequest> automatic = Plan(workload);
  Workload two = workload.AtLevel("quick");
  two.levels.push_back({.level = "original"});
  std::vector<PlannedRequest> named = Plan(two);
  EXPECT_TRUE(std::any_of(named.begin(), named.end(), [](const PlannedRequest& request) { return request.level == 1; }));
  for (PlannedRequest& request : named) request.level = 0;
  EXPECT_EQ(automatic, named);
}

TEST(ArrivalPlan, AtAnotherRateSpreadsTheSameRequests) {
  const std::vector<PlannedRequest> slow = Plan(MixedWorkload(), 10);
  const std::vector<PlannedRequest> fast = Plan(MixedWorkload(), 20);
  ASSERT_GT(fast.size(), slow.size());
  for (size_t i = 0; i < slow.size(); ++i) {
    EXPECT_NEAR(slow[i].at_s, 2 * fast[i].at_s, 1e-9 * slow[i].at_s);
    EXPECT_EQ(slow[i].volume, fast[i].volume);
    EXPECT_EQ(slow[i].deadline_s, fast[i].deadline_s);
    EXPECT_EQ(slow[i].client, fast[i].client);
  }
}

TEST(ArrivalPlan, OfAShorterLoadIsItsBegin) {
  Workload workload = MixedWorkload();
  const std::vector<PlannedRequest> whole = Plan(workload);
  workload.duration_s = 10;
  const std::vector<PlannedRequest> begin = Plan(workload);
  ASSERT_LT(begin.size(), whole.size());
  EXPECT_TRUE(std::equal(begin.begin(), begin.end(), whole.begin()));
}

}  // namespace
}  // namespace tuckerseg::load
