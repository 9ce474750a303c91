#include "server/policy/level_quality.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tuckerseg {
namespace {

const std::vector<std::string> kAll;

/// A level whose card has liver (at least 0.9) and spleen (at least 0.8), and stomach without an interval.
ServedLevel Measured(bool phantoms = false) {
  ServedLevel level{.name = "third"};
  Card card;
  card.data.phantoms = phantoms;
  card.dice_to_original = CardDice{.cases = 10, .mean = 0.9, .quality = 0.87};
  card.dice_to_original->structures = {{.name = "liver", .dice = 0.95, .dice_ci95 = CardInterval{0.9, 0.97}},
                                       {.name = "spleen", .dice = 0.85, .dice_ci95 = CardInterval{0.8, 0.9}},
                                       {.name = "stomach", .dice = 0.9}};
  level.card = card;
  return level;
}

TEST(LevelQuality, IsTheLowEndOfTheMean) { EXPECT_EQ(LevelQuality(Measured(), kAll, false), 0.87); }

TEST(LevelQuality, IsThatOfTheStructuresAskedFor) {
  EXPECT_EQ(LevelQuality(Measured(), std::vector<std::string>{"spleen"}, false), 0.8);
  EXPECT_DOUBLE_EQ(LevelQuality(Measured(), std::vector<std::string>{"spleen", "liver"}, false).value(), 0.85);
  EXPECT_DOUBLE_EQ(LevelQuality(Measured(), std::vector<std::string>{"spleen", "liver", "spleen"}, false).value(), 0.85) << "however often one is named";
}

TEST(LevelQuality, CountsAStructureThatWasNotMeasuredAsAllAre) {
  EXPECT_DOUBLE_EQ(LevelQuality(Measured(), std::vector<std::string>{"liver", "heart"}, false).value(), (0.9 + 0.87) / 2);
  EXPECT_DOUBLE_EQ(LevelQuality(Measured(), std::vector<std::string>{"liver", "stomach"}, false).value(), (0.9 + 0.87) / 2) << "without an interval";
  EXPECT_DOUBLE_EQ(LevelQuality(Measured(), std::vector<std::string>{"heart"}, false).value(), 0.87);
}

TEST(LevelQuality, IsUnknownWithoutACardOrWithTooFewCases) {
  EXPECT_FALSE(LevelQuality({.name = "third"}, kAll, true));
  ServedLevel level = Measured();
  level.card->dice_to_original->n_too_small = true;
  EXPECT_FALSE(LevelQuality(level, kAll, true));
  level.card->dice_to_original.reset();
  EXPECT_FALSE(LevelQuality(level, kAll, true));
}

TEST(LevelQuality, OfPhantomsCountsOnlyWhereTheyAreAllowed) {
  EXPECT_FALSE(LevelQuality(Measured(true), kAll, false));
  EXPECT_EQ(LevelQuality(Measured(true), kAll, true), 0.87);
}

TEST(LevelQuality, OfTheOriginalIsOneWhateverWasMeasured) {
  EXPECT_EQ(LevelQuality({.name = "original"}, std::vector<std::string>{"heart"}, false), 1);
}

}  // namespace
}  // namespace tuckerseg
