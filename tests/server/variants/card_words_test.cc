#include "server/variants/card_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

TEST(MeasurementsInWords, SayWhatWasMeasuredAndThatItWereNoPatients) {
  Card card;
  card.data = {"", true, 40};
  card.dice_to_original = CardDice{.mean = 0.93, .quality = 0.91};
  EXPECT_EQ(MeasurementsInWords(card), "mean Dice 0.930 (at least 0.910) against the original, on 40 phantoms, no patient");
  card.dice_to_reference = CardDice{.mean = 0.9};
  card.data.description = "seeds 1 to 40";
  EXPECT_EQ(MeasurementsInWords(card),
            "mean Dice 0.930 (at least 0.910) against the original and mean Dice 0.900 against reference labels, on 40 phantoms, "
            "no patient (seeds 1 to 40)");
  EXPECT_EQ(MeasurementsInWords({.data = {.cases = 1}, .dice_to_reference = CardDice{.mean = 0.9}}), "mean Dice 0.900 against reference labels, on 1 case");
}

TEST(MeasurementsInWords, SayThatTheVariantHasSeenTheCases) {
  EXPECT_EQ(MeasurementsInWords({.data = {.cases = 10, .seen_cases = 3}, .dice_to_original = CardDice{.mean = 0.93}}),
            "mean Dice 0.930 against the original, on 10 cases, 3 of them seen when it was made");
}

TEST(MeasurementsInWords, SayWhereNothingWasMeasured) {
  EXPECT_EQ(MeasurementsInWords({}), "not measured");
  EXPECT_EQ(MeasurementsInWords({.dice_to_reference = CardDice(), .dice_to_original = CardDice()}), "not measured") << "nothing to compare with";
}

TEST(MeasurementsInWords, PromiseNoMoreThanTheBound) {
  EXPECT_EQ(MeasurementsInWords({.data = {.cases = 2}, .dice_to_original = CardDice{.quality = 0.9129}}),
            "mean Dice at least 0.912 against the original, on 2 cases");
}

TEST(MeasurementsInWords, AreFitForAMessageWhateverTheCardHolds) {
  Card card;
  card.dice_to_original = CardDice{.mean = 1};
  card.data.description = std::string(1000, 'a');
  EXPECT_THAT(MeasurementsInWords(card), testing::EndsWith("aaa...)"));
}

}  // namespace
}  // namespace tuckerseg
