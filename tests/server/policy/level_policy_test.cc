#include "server/policy/level_policy.h"

#include <gtest/gtest.h>

#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

TEST(ChooseLevel, TakesTheOnlyVariantWhereTheClientLeavesTheChoice) {
  for (const char* wish : {"", "auto"}) {
    const LevelChoiceMade choice = ChooseLevel({wish}, {"original"});
    EXPECT_EQ(choice.variant, "original");
    EXPECT_EQ(choice.reason, LevelReason::kOnly);
  }
}

TEST(ChooseLevel, TakesTheVariantThatTheClientNames) {
  const LevelChoiceMade choice = ChooseLevel({"tucker-0.3"}, {"original", "tucker-0.3"});
  EXPECT_EQ(choice.variant, "tucker-0.3");
  EXPECT_EQ(choice.reason, LevelReason::kAsked);
}

TEST(ChooseLevel, RefusesAnUnknownNameAndListsTheKnownOnes) {
  ExpectError(ErrorCode::kNotFound, "level = tucker-0.5: must be one of auto, original, tucker-0.3", [] {
    ChooseLevel({"tucker-0.5"}, {"original", "tucker-0.3"});
  });
}

}  // namespace
}  // namespace tuckerseg
