#include "server/policy/service_times.h"

#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

const LevelKey kOriginal{"total", "original"};
const LevelKey kHalf{"total", "half"};
constexpr ServiceSize kOnePatch{.patches = 1, .voxels = 0};

TEST(ServiceTimes, AreThoseOfTheWarmUpUntilSomethingWasMeasured) {
  ServiceTimes times;
  times.Expect(kOriginal, 2);
  EXPECT_DOUBLE_EQ(times.Foretell(kOriginal, {.patches = 10, .voxels = 0}), 20);
  times.Learn(kOriginal, {.patches = 10, .voxels = 0}, 30, 0);
  EXPECT_DOUBLE_EQ(times.Foretell(kOriginal, {.patches = 10, .voxels = 0}), 30) << "this machine's own time, not a mixture with another's";
  times.Expect(kOriginal, 2);
  EXPECT_DOUBLE_EQ(times.Foretell(kOriginal, kOnePatch), 3) << "another warm-up says nothing new";
}

TEST(ServiceTimes, SayWhatIsKnownOfALevelAndNothingOfTheOthers) {
  ServiceTimes times;
  EXPECT_EQ(times.KnownPatchSeconds(kOriginal), std::nullopt);
  times.Expect(kOriginal, 2);
  EXPECT_EQ(times.KnownPatchSeconds(kOriginal), 2);
  times.Learn(kOriginal, {.patches = 10, .voxels = 0}, 30, 0);
  EXPECT_EQ(times.KnownPatchSeconds(kOriginal), 3);
  EXPECT_EQ(times.KnownPatchSeconds(kHalf), std::nullopt) << "what it is foretold as is a guess";
}

TEST(ServiceTimes, FollowAMachineThatBecomesSlower) {
  ServiceTimes times;
  times.Learn(kOriginal, kOnePatch, 1, 0);
  for (int i = 0; i < 8; ++i) times.Learn(kOriginal, kOnePatch, 2, 0);
  EXPECT_NEAR(times.Foretell(kOriginal, kOnePatch), 2, 0.11);
}

TEST(ServiceTimes, ChangeLittleByOneOddRequest) {
  ServiceTimes times;
  for (int i = 0; i < 5; ++i) times.Learn(kOriginal, kOnePatch, 1, 0);
  times.Learn(kOriginal, kOnePatch, 3, 0);
  EXPECT_DOUBLE_EQ(times.Foretell(kOriginal, kOnePatch), 1.5);
}

TEST(ServiceTimes, CountWhatIsDoneAroundTheNetworkByVoxel) {
  ServiceTimes times;
  times.Learn(kOriginal, {.patches = 4, .voxels = 1000}, 8, 0.5);
  EXPECT_DOUBLE_EQ(times.Foretell(kOriginal, {.patches = 2, .voxels = 3000}), 4 + 1.5);
  EXPECT_DOUBLE_EQ(times.Foretell(kHalf, {.patches = 0, .voxels = 3000}), 1.5) << "the same for every level of the task";
}

TEST(ServiceTimes, TakeALevelOfWhichNothingIsKnownForTheSlowestOfItsTask) {
  ServiceTimes times;
  times.Expect(kOriginal, 2);
  times.Expect({"total", "third"}, 1);
  times.Expect({"body", "original"}, 50);
  EXPECT_DOUBLE_EQ(times.Foretell(kHalf, kOnePatch), 2);
}

TEST(ServiceTimes, TakeACardsWordForALevelOfWhichNothingElseIsKnown) {
  ServiceTimes times;
  times.Expect(kOriginal, 2);
  EXPECT_DOUBLE_EQ(times.Foretell(kHalf, kOnePatch, 0.5), 0.5);
  times.Expect(kHalf, 1);
  EXPECT_DOUBLE_EQ(times.Foretell(kHalf, kOnePatch, 0.5), 1) << "a warm-up says it better";
}

TEST(ServiceTimes, DoNotKeepALevelTooLongForEverThatWasSlowOnce) {
  ServiceTimes times;
  times.Expect(kOriginal, 2);
  times.Expect(kHalf, 1);
  times.Learn(kOriginal, kOnePatch, 40, 0);
  for (int i = 0; i < 40; ++i) times.Learn(kHalf, kOnePatch, 1, 0);
  EXPECT_LT(times.Foretell(kOriginal, kOnePatch), 8) << "though it has not been chosen again";
  for (int i = 0; i < 200; ++i) times.Learn(kHalf, kOnePatch, 1, 0);
  EXPECT_GT(times.Foretell(kOriginal, kOnePatch), 2) << "warm-ups compare levels roughly";
}

TEST(ServiceTimes, StayAsMeasuredWhereAnotherLevelsMakeThemLikely) {
  ServiceTimes times;
  times.Expect(kOriginal, 2);
  times.Expect(kHalf, 1);
  times.Expect({"body", "original"}, 1);
  times.Learn(kOriginal, kOnePatch, 3, 0);
  times.Learn({"body", "original"}, kOnePatch, 50, 0);
  for (int i = 0; i < 40; ++i) times.Learn(kHalf, kOnePatch, 1.2, 0);
  EXPECT_DOUBLE_EQ(times.Foretell(kOriginal, kOnePatch), 3);
  EXPECT_DOUBLE_EQ(times.Foretell({"body", "original"}, kOnePatch), 50) << "of another task";
}

TEST(ServiceTimes, AreLongWhereNothingIsKnownAtAll) {
  EXPECT_DOUBLE_EQ(ServiceTimes().Foretell(kHalf, {.patches = 2, .voxels = 0}), 2 * ServiceTimes::kUnknownPatchSeconds);
}

TEST(ServiceTimes, LearnNothingFromWorkOfNoPatches) {
  ServiceTimes times;
  times.Expect(kOriginal, 2);
  times.Learn(kOriginal, {.patches = 0, .voxels = 0}, 0.1, 0.1);
  EXPECT_DOUBLE_EQ(times.Foretell(kOriginal, kOnePatch), 2);
}

TEST(ServiceTimes, KnowNothingOfALevelOnceTheyForgetIt) {
  ServiceTimes times;
  times.Learn({"total", "third"}, {.patches = 10, .voxels = 0}, 1, 0);
  times.Forget({"total", "third"});
  EXPECT_FALSE(times.KnownPatchSeconds({"total", "third"}));
  times.Expect({"total", "third"}, 5);
  EXPECT_EQ(times.KnownPatchSeconds({"total", "third"}), 5) << "what was measured of the old one does not stand in the way";
}

TEST(ServiceTimes, KnowNothingOfATaskOnceTheyForgetTheLastOfItsLevels) {
  constexpr ServiceSize kVoxelsAlone{.patches = 0, .voxels = 1000};
  ServiceTimes times;
  times.Learn(kOriginal, {.patches = 10, .voxels = 1000}, 1, 0.5);
  times.Learn({"body", "original"}, {.patches = 10, .voxels = 1000}, 1, 0.25);
  times.Expect(kHalf, 2);
  times.Forget(kOriginal);
  EXPECT_DOUBLE_EQ(times.Foretell(kHalf, kVoxelsAlone), 0.5) << "levels differ in the network alone";
  times.Forget(kHalf);
  EXPECT_DOUBLE_EQ(times.Foretell(kOriginal, kVoxelsAlone), 1000 * ServiceTimes::kUnknownVoxelSeconds);
  EXPECT_DOUBLE_EQ(times.Foretell({"body", "original"}, kVoxelsAlone), 0.25) << "another task";
}

}  // namespace
}  // namespace tuckerseg
