#include "engine/segment/threefold_split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/tiny_network.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;

TEST(ThreefoldSplit, CutsThreeOverlappingPartsAsTheOriginalDoes) {
  EXPECT_THAT(ThreefoldSplit(100), ElementsAre(SplitPart{0, 53, 0, 33}, SplitPart{14, 86, 33, 66}, SplitPart{47, 100, 66, 100}));
}

TEST(ThreefoldSplit, KeepsEveryRowOnceAndKeepsOnlyWhatItPredicts) {
  for (const int64_t rows : {57, 60, 61, 300, 901}) {
    int64_t next = 0;
    for (const SplitPart& part : ThreefoldSplit(rows)) {
      EXPECT_EQ(part.kept_from, next);
      EXPECT_GE(part.kept_from, part.from);
      EXPECT_LE(part.kept_to, part.to);
      next = part.kept_to;
    }
    EXPECT_EQ(next, rows);
  }
}

TEST(ThreefoldSplit, LeavesAVolumeWholeThatIsTooShortForTheMargin) {
  EXPECT_THAT(ThreefoldSplit(56), ElementsAre(SplitPart{0, 56, 0, 56}));
}

TEST(SplitsOf, AreThreeForModelsOfTotalSegmentatorAlone) {
  Model model = TinyBundle(TinyUnet(2, 4), {8, 8, 8}, 5).model;
  EXPECT_THAT(SplitsOf(model, {100, 8, 8}, true), ElementsAre(SplitPart{0, 100, 0, 100}));
  model.pipeline.totalsegmentator = true;
  EXPECT_EQ(SplitsOf(model, {100, 8, 8}, true), ThreefoldSplit(100));
  EXPECT_THAT(SplitsOf(model, {100, 8, 8}, false), ElementsAre(SplitPart{0, 100, 0, 100}));
  model.parts.push_back(model.parts.front());
  EXPECT_EQ(SplitsOf(model, {901, 512, 512}, false), ThreefoldSplit(901)) << "without being asked";
}

TEST(NeedsThreefoldSplit, AsksForSeveralNetworksAndManyVoxels) {
  EXPECT_TRUE(NeedsThreefoldSplit({901, 512, 512}, 5));
  EXPECT_FALSE(NeedsThreefoldSplit({901, 512, 512}, 1));
  EXPECT_FALSE(NeedsThreefoldSplit({900, 512, 512}, 5));
  EXPECT_FALSE(NeedsThreefoldSplit({200, 2048, 2048}, 5));
}

}  // namespace
}  // namespace tuckerseg
