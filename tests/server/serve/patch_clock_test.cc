#include "server/serve/patch_clock.h"

#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

PatchClock::Clock::time_point At(double seconds) {
  return PatchClock::Clock::time_point(std::chrono::duration_cast<PatchClock::Clock::duration>(std::chrono::duration<double>(seconds)));
}

TEST(PatchClock, TimesPatchesFromTheBeginningOfInferenceAndFromOneToTheNext) {
  PatchClock clock;
  EXPECT_FALSE(clock.Tell({Stage::kPreprocess, 0, 3}, At(1)));
  EXPECT_FALSE(clock.Tell({Stage::kInfer, 0, 3}, At(5))) << "nothing has been done yet";
  EXPECT_NEAR(clock.Tell({Stage::kInfer, 1, 3}, At(5.5)).value().seconds, 0.5, 1e-6);
  EXPECT_NEAR(clock.Tell({Stage::kInfer, 2, 3}, At(5.75)).value().seconds, 0.25, 1e-6);
}

TEST(PatchClock, SharesTheTimeOfPatchesThatAreDoneAtOnce) {
  PatchClock clock;
  clock.Tell({Stage::kInfer, 0, 6}, At(1));
  const std::optional<PatchClock::Patches> four = clock.Tell({Stage::kInfer, 4, 6}, At(3));
  ASSERT_TRUE(four);
  EXPECT_EQ(four->count, 4);
  EXPECT_NEAR(four->seconds, 0.5, 1e-6);
}

TEST(PatchClock, CountsWhatHappensBetweenTwoNetworksToNoPatch) {
  PatchClock clock;
  clock.Tell({Stage::kInfer, 0, 2}, At(0));
  clock.Tell({Stage::kInfer, 1, 2}, At(1));
  EXPECT_FALSE(clock.Tell({Stage::kPostprocess, 1, 2}, At(2)));
  EXPECT_FALSE(clock.Tell({Stage::kPreprocess, 1, 2}, At(3)));
  EXPECT_FALSE(clock.Tell({Stage::kInfer, 1, 2}, At(10)));
  EXPECT_NEAR(clock.Tell({Stage::kInfer, 2, 2}, At(10.5)).value().seconds, 0.5, 1e-6);
}

}  // namespace
}  // namespace tuckerseg
