#include "server/policy/level_settling.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace tuckerseg {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
const std::vector<LevelPossible> kLevels{{.quality = 0.97, .service_s = 20}, {.quality = 1, .service_s = 40}, {.quality = 0.92, .service_s = 12}};

TEST(SettleLevel, IsTheMostAccurateThatEndsInTime) {
  EXPECT_EQ(SettleLevel(kLevels, kNever), 1U);
  EXPECT_EQ(SettleLevel(kLevels, 40), 1U);
  EXPECT_EQ(SettleLevel(kLevels, 39.9), 0U);
  EXPECT_EQ(SettleLevel(kLevels, 19), 2U);
}

TEST(SettleLevel, IsTheFastestWhereNoneEndsInTime) {
  EXPECT_EQ(SettleLevel(kLevels, 11), 2U);
  EXPECT_EQ(SettleLevel(kLevels, -5), 2U);
}

TEST(SettleLevel, IsTheFastestOfEquallyAccurateOnes) {
  EXPECT_EQ(SettleLevel(std::vector<LevelPossible>{{.quality = 1, .service_s = 9}, {.quality = 1, .service_s = 8}}, kNever), 1U);
}

TEST(SettleLevel, IsTheOnlyOneWhateverItTakes) { EXPECT_EQ(SettleLevel(std::vector<LevelPossible>{{.quality = 1, .service_s = 9}}, 0), 0U); }

}  // namespace
}  // namespace tuckerseg
