#include "server/policy/service_times.h"

#include <gtest/gtest.h>

#include <cstdint>

#include "tests/server/serve/hand_clock.h"

namespace tuckerseg {
namespace {

const LevelKey kOriginal{"total", "original"};
const LevelKey kHalf{"total", "half"};
constexpr int64_t kMillion = 1'000'000;
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
  times.Learn(kOriginal, {.patches = 4, .voxels = kMillion}, 8, 0.5);
  EXPECT_DOUBLE_EQ(times.Foretell(kOriginal, {.patches = 2, .voxels = 3 * kMillion}), 4 + 1.5);
  EXPECT_DOUBLE_EQ(times.Foretell(kHalf, {.patches = 0, .voxels = 3 * kMillion}), 1.5) << "the same for every level of the task";
}

/// What is done around the network for a small volume takes about as long as for one a hundred times as large.
TEST(ServiceTimes, TellNothingOfALargeVolumeByASmallOne) {
  constexpr ServiceSize kCube{.patches = 1, .voxels = 32 * 32 * 32};
  constexpr ServiceSize kThorax{.patches = 0, .voxels = 79 * kMillion};
  ServiceTimes times;
  times.Learn(kOriginal, kCube, 1, 0.06);
  EXPECT_LT(times.Foretell(kOriginal, kThorax), 1.5 * kThorax.voxels * ServiceTimes::kUnknownVoxelSeconds) << "before any other";
  for (int i = 0; i < 4; ++i) times.Learn(kOriginal, {.patches = 1, .voxels = kThorax.voxels}, 1, 3);
  EXPECT_NEAR(times.Foretell(kOriginal, kThorax), 3, 0.1);
  for (int i = 0; i < 20; ++i) times.Learn(kOriginal, kCube, 1, 0.06);
  EXPECT_LT(times.Foretell(kOriginal, kThorax), 4) << "as from somebody who looks whether the server lives";
}

/// As from somebody who looks whether the server lives, and from nobody else.
TEST(ServiceTimes, TellNothingOfALargeVolumeByAnyNumberOfSmallOnes) {
  constexpr ServiceSize kCube{.patches = 1, .voxels = 32 * 32 * 32};
  constexpr ServiceSize kThorax{.patches = 0, .voxels = 79 * kMillion};
  HandClock clock;
  ServiceTimes fresh(clock.now());
  for (int i = 0; i < 1000; ++i) fresh.Learn(kOriginal, kCube, 1, 0.06);
  EXPECT_LT(fresh.Foretell(kOriginal, kThorax), 6);
  ServiceTimes slow(clock.now());
  slow.Learn(kOriginal, {.patches = 1, .voxels = kThorax.voxels}, 1, 60);
  for (int minute = 0; minute < 60; ++minute) {
    clock.Pass(60);
    slow.Learn(kOriginal, kCube, 1, 0.06);
  }
  EXPECT_LT(slow.Foretell(kOriginal, kThorax), 1.1 * kThorax.voxels * ServiceTimes::kUnknownVoxelSeconds) << "the large one was long ago";
}

TEST(ServiceTimes, FollowAMachineThatBecomesSlowerAroundTheNetwork) {
  constexpr ServiceSize kVolume{.patches = 1, .voxels = kMillion};
  ServiceTimes times;
  for (int i = 0; i < 8; ++i) times.Learn(kOriginal, kVolume, 1, 0.05);
  for (int i = 0; i < 8; ++i) times.Learn(kOriginal, kVolume, 1, 0.1);
  EXPECT_NEAR(times.Foretell(kOriginal, {.patches = 0, .voxels = kMillion}), 0.1, 0.006);
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

TEST(ServiceTimes, DoNotRefuseForEverWhatWasSlowForAWhile) {
  HandClock clock;
  ServiceTimes times(clock.now());
  times.Expect(kOriginal, 2);
  for (int i = 0; i < 20; ++i) times.Learn(kOriginal, {.patches = 1, .voxels = kMillion}, 10, 1.4);
  clock.Pass(300);
  EXPECT_DOUBLE_EQ(times.Foretell(kOriginal, kOnePatch), 10) << "a pause between requests changes nothing";
  clock.Pass(300);
  EXPECT_DOUBLE_EQ(times.Foretell(kOriginal, kOnePatch), 6) << "half of what is above the warm-up's";
  EXPECT_DOUBLE_EQ(times.KnownPatchSeconds(kOriginal).value(), 6);
  EXPECT_NEAR(times.Foretell(kOriginal, {.patches = 0, .voxels = kMillion}), 0.8, 0.001) << "half of what is above what is usual";
  clock.Pass(3000);
  EXPECT_NEAR(times.Foretell(kOriginal, kOnePatch), 2, 0.01);
  times.Learn(kOriginal, kOnePatch, 10, 0);
  EXPECT_NEAR(times.Foretell(kOriginal, kOnePatch), 4, 0.01) << "as of a level that has always taken 2 s";
}

TEST(ServiceTimes, StayAsMeasuredForEverWhereTheyAreShorterThanTheWarmUps) {
  HandClock clock;
  ServiceTimes times(clock.now());
  times.Expect(kOriginal, 2);
  times.Learn(kOriginal, {.patches = 1, .voxels = kMillion}, 1, 0.05);
  clock.Pass(100'000);
  EXPECT_DOUBLE_EQ(times.Foretell(kOriginal, {.patches = 1, .voxels = kMillion}), 1.05);
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
  constexpr ServiceSize kVoxelsAlone{.patches = 0, .voxels = kMillion};
  ServiceTimes times;
  times.Learn(kOriginal, {.patches = 10, .voxels = kMillion}, 1, 0.5);
  times.Learn({"body", "original"}, {.patches = 10, .voxels = kMillion}, 1, 0.25);
  times.Expect(kHalf, 2);
  times.Forget(kOriginal);
  EXPECT_DOUBLE_EQ(times.Foretell(kHalf, kVoxelsAlone), 0.5) << "levels differ in the network alone";
  times.Forget(kHalf);
  EXPECT_DOUBLE_EQ(times.Foretell(kOriginal, kVoxelsAlone), kMillion * ServiceTimes::kUnknownVoxelSeconds);
  EXPECT_DOUBLE_EQ(times.Foretell({"body", "original"}, kVoxelsAlone), 0.25) << "another task";
}

}  // namespace
}  // namespace tuckerseg
