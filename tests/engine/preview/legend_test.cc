#include "engine/preview/legend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/preview/labelled_volume.h"

namespace tuckerseg {
namespace {

std::vector<Entry> EntriesOf(const LabelledVolume& volume, const std::vector<Label>& names) {
  const Orientation orientation;
  return VisibleStructures(SamplePlanes(volume.ct, volume.labels, orientation, ChooseCentre(FindLabels(volume.labels), orientation)), names);
}

TEST(VisibleStructures, ListsTheLargestFirstByTheirNames) {
  const auto entries = EntriesOf(LabelledVolume({9, 9, 9}).Box(1, {0, 0, 0}, {8, 8, 8}).Box(5, {3, 3, 3}, {5, 5, 5}),
                                 {{.value = 1, .name = "liver"}, {.value = 5, .name = "kidney_left"}, {.value = 7, .name = "spleen"}});
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].name, "liver");
  EXPECT_EQ(entries[1].name, "kidney left");
  EXPECT_EQ(entries[1].number, 2);
  EXPECT_NE(entries[0].colour, entries[1].colour);
}

TEST(VisibleStructures, CallsALabelWithoutANameByItsNumber) {
  EXPECT_EQ(EntriesOf(LabelledVolume({1, 1, 1}).Box(300, {0, 0, 0}, {0, 0, 0}), {}).at(0).name, "label 300");
}

TEST(LegendFor, ShowsAllThatFit) {
  const LegendGrid grid = LegendFor(14, 1550);
  EXPECT_EQ(grid.columns, 6U);
  EXPECT_EQ(grid.rows, 3U);
  EXPECT_EQ(grid.shown, 14U);
}

TEST(LegendFor, KeepsAPlaceToSayHowManyMoreThereAre) {
  EXPECT_EQ(LegendFor(72, 1550).shown, 72U);
  EXPECT_EQ(LegendFor(73, 1550).shown, 71U);
}

TEST(LegendFor, HasNoRowsIfNothingWasFound) { EXPECT_EQ(LegendFor(0, 800).rows, 0U); }

}  // namespace
}  // namespace tuckerseg
