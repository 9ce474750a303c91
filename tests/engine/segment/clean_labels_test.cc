#include "engine/segment/clean_labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

using testing::Each;
using testing::ElementsAre;

std::vector<Label> Labels(const std::vector<std::string>& names) {
  std::vector<Label> labels;
  for (const std::string& name : names) labels.push_back({.value = static_cast<int64_t>(labels.size()) + 1, .name = name});
  return labels;
}

TEST(CleanLabels, KeepsTheLargestComponentOfALabelAndLeavesOthersAlone) {
  std::vector<uint16_t> line{1, 0, 1, 1, 0, 2, 0, 2, 2};
  CleanLabels({{CleaningKind::kKeepLargest, 1, 0}}, Labels({"a", "b"}), {line, {1, 1, 9}, {1, 1, 1}});
  EXPECT_THAT(line, ElementsAre(0, 0, 1, 1, 0, 2, 0, 2, 2));
}

TEST(CleanLabels, KeepsTheFirstOfEquals) {
  std::vector<uint16_t> line{1, 0, 1};
  CleanLabels({{CleaningKind::kKeepLargest, 1, 0}}, Labels({"a"}), {line, {1, 1, 3}, {1, 1, 1}});
  EXPECT_THAT(line, ElementsAre(1, 0, 0));
}

TEST(CleanLabels, DropsComponentsUpToAVolumeThatCountsMillimetres) {
  std::vector<uint16_t> line{1, 0, 1, 1, 0, 1, 1, 1};
  CleanLabels({{CleaningKind::kDropSmall, 1, 16}}, Labels({"a"}), {line, {1, 1, 8}, {2, 2, 2}});
  EXPECT_THAT(line, ElementsAre(0, 0, 0, 0, 0, 1, 1, 1)) << "two voxels of 8 mm3 are 16 mm3: dropped";
}

TEST(CleanLabels, HasNothingToDoInAnEmptyMap) {
  std::vector<uint16_t> empty(8, 0);
  CleanLabels({{CleaningKind::kKeepLargest, 1, 0}, {CleaningKind::kDropSmall, 2, 9}, {CleaningKind::kOrderVertebrae, 0, 0}},
              Labels({"vertebrae_C1", "vertebrae_C2", "vertebrae_L5"}), {empty, {2, 2, 2}, {1, 1, 1}});
  EXPECT_THAT(empty, Each(0));
}

TEST(DropSmallComponents, LooksAtEveryLabel) {
  std::vector<uint16_t> line{1, 0, 2, 2, 0, 1, 1, 1};
  DropSmallComponents(2, {line, {1, 1, 8}, {1, 1, 1}});
  EXPECT_THAT(line, ElementsAre(0, 0, 0, 0, 0, 1, 1, 1));
}

/// A spine along axis 0, one voxel of 10 mm thick with 40 mm between; far apart enough that the growth of 3 mm adds nothing.
std::vector<uint16_t> Ordered(std::vector<uint16_t> spine) {
  const auto length = static_cast<int64_t>(spine.size());
  OrderVertebrae(Labels({"vertebrae_C1", "vertebrae_C2", "vertebrae_C3", "vertebrae_C4", "vertebrae_L5"}), {spine, {length, 1, 1}, {10, 10, 10}});
  return spine;
}

TEST(OrderVertebrae, LeavesVertebraeThatDoNotTouchAsTheyAre) {
  EXPECT_THAT(Ordered({4, 0, 1, 0, 2}), ElementsAre(4, 0, 1, 0, 2));
}

TEST(OrderVertebrae, CountsUpFromTheLowestWhereItIsKnown) {
  // Axis 0 goes up. 5 (L5) is there: the lowest piece is 5, the next above 4, and so on.
  EXPECT_THAT(Ordered({5, 5, 0, 3, 4, 0, 2}), ElementsAre(5, 5, 0, 4, 4, 0, 3));
}

TEST(OrderVertebrae, CountsDownFromTheFirstWhereOnlyThatIsKnown) {
  EXPECT_THAT(Ordered({4, 0, 2, 3, 0, 1}), ElementsAre(3, 0, 2, 2, 0, 1));
}

TEST(OrderVertebrae, DropsPiecesForWhichThereIsNoNumber) {
  EXPECT_THAT(Ordered({2, 2, 0, 1, 2, 0, 1}), ElementsAre(3, 3, 0, 2, 2, 0, 1)) << "three pieces from C1 down";
  EXPECT_THAT(Ordered({3, 2, 0, 3, 0, 3, 0, 3}), ElementsAre(3, 3, 0, 2, 0, 1, 0, 0)) << "from the highest number there is, upward";
}

TEST(OrderVertebrae, GrowsVertebraeByThreeMillimetres) {
  std::vector<uint16_t> line{0, 0, 0, 1, 0, 0, 0};
  OrderVertebrae(Labels({"vertebrae_C1", "vertebrae_L5"}), {line, {1, 1, 7}, {1.5, 1.5, 1.5}});
  EXPECT_THAT(line, ElementsAre(0, 1, 1, 1, 1, 1, 0));
}

}  // namespace
}  // namespace tuckerseg
