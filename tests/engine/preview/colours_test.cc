#include "engine/preview/colours.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

using Own = std::vector<std::optional<Rgb>>;

TEST(TellApart, KeepsColoursThatDiffer) {
  EXPECT_THAT(TellApart(Own{Rgb{200, 30, 30}, Rgb{40, 140, 40}}), testing::ElementsAre(Rgb{200, 30, 30}, Rgb{40, 140, 40}));
}

TEST(TellApart, ChangesTheLaterOfTwoThatLookAlike) {
  const auto colours = TellApart(Own{Rgb{40, 140, 40}, Rgb{50, 150, 60}});
  EXPECT_EQ(colours[0], (Rgb{40, 140, 40}));
  EXPECT_NE(colours[1], (Rgb{50, 150, 60}));
}

TEST(TellApart, GivesAColourToStructuresWithoutOne) {
  const auto colours = TellApart(Own{std::nullopt, std::nullopt, std::nullopt});
  EXPECT_NE(colours[0], colours[1]);
  EXPECT_NE(colours[1], colours[2]);
  EXPECT_NE(colours[0], colours[2]);
}

TEST(TellApart, LightensWhatCouldNotBeSeen) {
  const Rgb colour = TellApart(Own{Rgb{20, 0, 0}}).front();
  EXPECT_GE(0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2], 69);
  EXPECT_GT(colour[0], colour[1]) << "it stays reddish";
}

TEST(TellApart, HasAColourForAnyNumberOfStructures) { EXPECT_EQ(TellApart(Own(500)).size(), 500U); }

}  // namespace
}  // namespace tuckerseg
