#include "engine/segment/components.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

using testing::ElementsAre;

bool IsSet(uint16_t label) { return label != 0; }

TEST(FindComponents, JoinsVoxelsThroughFacesAlone) {
  const std::vector<uint16_t> plane{1, 0, 1,  //
                                    0, 1, 1,  //
                                    1, 0, 0};
  const Components found = FindComponents(plane, {1, 3, 3}, IsSet);
  ASSERT_EQ(found.all.size(), 3U);
  EXPECT_EQ(found.ids[2], found.ids[4]) << "through the middle of the right edge";
  EXPECT_NE(found.ids[0], found.ids[4]) << "a corner joins nothing";
  EXPECT_NE(found.ids[6], found.ids[4]);
  EXPECT_EQ(found.ids[1], 0);
}

TEST(FindComponents, CountsVoxelsAndTheirHeight) {
  const std::vector<uint16_t> column{0, 5, 5, 0, 5};  // along axis 0
  const Components found = FindComponents(column, {5, 1, 1}, IsSet);
  ASSERT_EQ(found.all.size(), 2U);
  EXPECT_EQ(found.all[0].voxels, 2);
  EXPECT_EQ(found.all[0].axis0_sum, 3);
  EXPECT_EQ(found.all[1].voxels, 1);
}

TEST(FindComponents, NumbersThemInScipysScanOrderWithXOutermost) {
  const std::vector<uint16_t> volume{0, 1,   // z 0: x 1
                                     1, 0};  // z 1: x 0
  const Components found = FindComponents(volume, {2, 1, 2}, IsSet);
  EXPECT_THAT(found.ids, ElementsAre(0, 2, 1, 0));
}

TEST(FindComponents, TakesTheVoxelsThatAreAskedFor) {
  const std::vector<uint16_t> line{1, 2, 1};
  EXPECT_EQ(FindComponents(line, {1, 1, 3}, [](uint16_t label) { return label == 1; }).all.size(), 2U);
  EXPECT_EQ(FindComponents(line, {1, 1, 3}, IsSet).all.size(), 1U);
}

}  // namespace
}  // namespace tuckerseg
