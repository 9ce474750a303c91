#include "server/serve/stage_clock.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>

namespace tuckerseg {
namespace {

TEST(StageClock, GivesEveryMomentToOneStage) {
  StageClock clock;
  clock.Enter(CallStage::kDecode);
  clock.Enter(CallStage::kReceive);
  clock.Enter(CallStage::kSend);
  clock.Enter(CallStage::kSend);
  double sum = 0;
  for (size_t i = 0; i < kCallStages; ++i) {
    EXPECT_GE(clock.seconds(static_cast<CallStage>(i)), 0);
    sum += clock.seconds(static_cast<CallStage>(i));
  }
  EXPECT_LE(sum, clock.Total());
  EXPECT_EQ(clock.seconds(CallStage::kInfer), 0);
  EXPECT_EQ(clock.stage(), CallStage::kSend);
}

TEST(StageClock, AddsWhatWasMeasuredElsewhere) {
  StageClock clock;
  clock.Add(CallStage::kInfer, 2);
  clock.Add(CallStage::kInfer, -0.5);
  EXPECT_EQ(clock.seconds(CallStage::kInfer), 1.5);
}

TEST(StageClock, MovesWhatWasCountedBeyondAMeasurement) {
  StageClock clock;
  clock.Add(CallStage::kInfer, 3);
  clock.Correct(CallStage::kInfer, 2, CallStage::kQueue);
  EXPECT_EQ(clock.seconds(CallStage::kInfer), 2);
  EXPECT_EQ(clock.seconds(CallStage::kQueue), 1) << "the sum stays";
}

TEST(StageClock, NamesItsStagesAsTheMetricsDo) {
  EXPECT_EQ(std::string(kCallStageNames[static_cast<size_t>(CallStage::kQueue)]), "queue");
  EXPECT_EQ(std::string(kCallStageNames[static_cast<size_t>(CallStage::kSend)]), "send");
}

}  // namespace
}  // namespace tuckerseg
