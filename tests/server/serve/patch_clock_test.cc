#include "server/serve/patch_clock.h"

#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

PatchClock::Clock::time_point At(double seconds) {
  return PatchClock::Clock::time_point(std::chrono::duration_cast<PatchClock::Clock::duration>(std::chrono::duration<double>(seconds)));
}

TEST(PatchClock, TimesPatchesFromTheBeginningOfInferenceAndFromOneToTheNext) {
  PatchClock clock;
  EXPECT_EQ(clock.Tell({Stage::kPreprocess, 0, 3}, At(1)), std::nullopt);
  EXPECT_EQ(clock.Tell({Stage::kInfer, 0, 3}, At(5)), std::nullopt) << "nothing has been done yet";
  EXPECT_NEAR(clock.Tell({Stage::kInfer, 1, 3}, At(5.5)).value(), 0.5, 1e-6);
  EXPECT_NEAR(clock.Tell({Stage::kInfer, 2, 3}, At(5.75)).value(), 0.25, 1e-6);
}

TEST(PatchClock, CountsWhatHappensBetweenTwoNetworksToNoPatch) {
  PatchClock clock;
  clock.Tell({Stage::kInfer, 0, 2}, At(0));
  clock.Tell({Stage::kInfer, 1, 2}, At(1));
  EXPECT_EQ(clock.Tell({Stage::kPostprocess, 1, 2}, At(2)), std::nullopt);
  EXPECT_EQ(clock.Tell({Stage::kPreprocess, 1, 2}, At(3)), std::nullopt);
  EXPECT_EQ(clock.Tell({Stage::kInfer, 1, 2}, At(10)), std::nullopt);
  EXPECT_NEAR(clock.Tell({Stage::kInfer, 2, 2}, At(10.5)).value(), 0.5, 1e-6);
}

}  // namespace
}  // namespace tuckerseg
