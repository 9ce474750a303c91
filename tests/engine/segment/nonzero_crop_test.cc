#include "engine/segment/nonzero_crop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

using testing::ElementsAre;

TEST(NonzeroBox, IsTightAndHalfOpen) {
  std::vector<float> image(3 * 4 * 5, 0);
  image[(1 * 4 + 2) * 5 + 3] = -7;
  image[(2 * 4 + 2) * 5 + 1] = 1;
  EXPECT_EQ(NonzeroBox(image, {3, 4, 5}), (Box{{1, 2, 1}, {3, 3, 4}}));
}

TEST(NonzeroBox, IsTheWholeImageWhereEverythingIsZero) {
  const std::vector<float> image(3 * 4 * 5, 0);
  EXPECT_EQ(NonzeroBox(image, {3, 4, 5}), (Box{{0, 0, 0}, {3, 4, 5}}));
}

TEST(Crop, KeepsTheBoxInOrder) {
  const std::vector<float> image{0, 1, 2, 3, 4, 5, 6, 7};
  EXPECT_THAT(Crop(image, {2, 2, 2}, {{0, 1, 0}, {2, 2, 2}}), ElementsAre(2, 3, 6, 7));
}

TEST(FilledNonzeroMask, FillsWhatNoFaceNeighboursJoinToTheBorder) {
  // A ring in one plane: its centre is a hole in that plane, but open to the planes above and below.
  std::vector<float> ring{1, 1, 1, 1, 0, 1, 1, 1, 1};
  EXPECT_THAT(FilledNonzeroMask(ring, {1, 3, 3}), ElementsAre(1, 1, 1, 1, 0, 1, 1, 1, 1)) << "a lone plane is all border";

  std::vector<float> shell(27, 1);
  shell[13] = 0;
  EXPECT_EQ(FilledNonzeroMask(shell, {3, 3, 3})[13], 1) << "closed on all six faces";
  shell[4] = 0;
  EXPECT_EQ(FilledNonzeroMask(shell, {3, 3, 3})[13], 0) << "open through one face";
}

}  // namespace
}  // namespace tuckerseg
