#include "compression/evaluate/variant_scores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/compression/evaluate/made_scores.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;
using testing::Optional;

TEST(DiceByCase, IsNothingWhereTheStructureIsAbsent) {
  VariantScores scores = MadeScores({{"liver", {0.5, std::nullopt, 0.7}}});
  scores.cases[1].structures.push_back({"liver", FoundAbsent(), std::nullopt});
  EXPECT_THAT(DiceByCase(scores, "liver", ComparedTo::kReference), ElementsAre(Optional(0.5), std::nullopt, Optional(0.7)));
  EXPECT_THAT(DiceByCase(scores, "spleen", ComparedTo::kReference), ElementsAre(std::nullopt, std::nullopt, std::nullopt));
}

TEST(SecondsPerCase, IsTheMeanOverCases) {
  VariantScores scores = MadeScores({{"liver", {0.5, 0.5}}});
  scores.cases[0].seconds = 2;
  scores.cases[1].seconds = 3;
  EXPECT_EQ(SecondsPerCase(scores), 2.5);
  EXPECT_FALSE(SecondsPerCase(VariantScores{}));
}

}  // namespace
}  // namespace tuckerseg
