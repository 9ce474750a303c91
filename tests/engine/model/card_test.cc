#include "engine/model/card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>


#include "engine/model/json_text.h"
#include "tests/engine/model/card_samples.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

/// `text` with `from`, which must be in it, replaced.
std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  if (at == std::string::npos) throw std::logic_error("not in the text: " + from);
  return text.replace(at, from.size(), to);
}

TEST(Card, IsTheSameAfterWritingAndReading) {
  EXPECT_EQ(ParseCard(EncodeCard(FullCard())), FullCard());
  EXPECT_EQ(ParseCard(EncodeCard(Card{})), Card{}) << "with nothing measured, too";
}

TEST(Cards, OfSeveralLevelsAreTheSameAfterWritingAndReading) {
  Card smaller = FullCard();
  smaller.variant = "tucker-0.1";
  const std::vector<Card> cards{FullCard(), smaller};
  EXPECT_EQ(ParseCards(EncodeCards(cards)), cards);
  EXPECT_EQ(Json::parse(EncodeCards(cards)).at("levels").at(1), Json::parse(EncodeCard(smaller))) << "each is a card as it stands alone";
}

TEST(Cards, AreReadOfASingleLevelToo) { EXPECT_EQ(ParseCards(EncodeCard(FullCard())), std::vector{FullCard()}); }

TEST(Cards, NameTheLevelThatIsWrong) {
  const std::string text = EncodeCards(std::vector{FullCard(), FullCard()});
  ExpectError(ErrorCode::kInvalidArgument, "card.levels[0].data.phantoms = 1: must be true or false",
              [&] { ParseCards(Replaced(text, "\"phantoms\": true", "\"phantoms\": 1")); });
  ExpectError(ErrorCode::kInvalidArgument, "card.format_version = 2", [&] { ParseCards(R"({"format_version": 2, "levels": []})"); });
  ExpectError(ErrorCode::kInvalidArgument, "card.levels = 3: must be a list", [&] { ParseCards(R"({"format_version": 1, "levels": 3})"); });
}

TEST(Card, BearsNoQualityWithoutEnoughCases) {
  Card card = FullCard();
  EXPECT_EQ(card.Quality(), 0.97);
  card.dice_to_original->ci95.reset();
  card.dice_to_original->quality.reset();
  card.dice_to_original->n_too_small = true;
  const std::string text = EncodeCard(card);
  EXPECT_TRUE(Json::parse(text).at("dice_to_original").at("quality").is_null()) << "not measured, rather than forgotten";
  EXPECT_FALSE(ParseCard(text).Quality());
  card.dice_to_original.reset();
  EXPECT_FALSE(ParseCard(EncodeCard(card)).Quality());
}

TEST(Card, BearsNoQualityOfCasesThatTheVariantHasSeenThoughItHasAnInterval) {
  Card card = FullCard();
  card.data.seen_cases = 3;
  card.dice_to_original->quality.reset();
  const std::string text = EncodeCard(card);
  EXPECT_EQ(Json::parse(text).at("data").at("seen_cases"), 3);
  EXPECT_TRUE(Json::parse(text).at("dice_to_original").at("quality").is_null());
  EXPECT_EQ(ParseCard(text), card);
  EXPECT_FALSE(ParseCard(text).Quality());
  EXPECT_FALSE(Json::parse(EncodeCard(FullCard())).at("data").contains("seen_cases")) << "none that is known";
}

TEST(Card, OfBeforeVariantsIsStillRead) {
  const Card before = ParseCard(R"({"format_version": 1, "model": "demo", "task": "demo", "variant": "original", "weights_sha256": "7eaa", "parameters": 956764,
    "data": {"description": "20 phantoms, seeds 1 to 20", "phantoms": true, "cases": 20},
    "dice_to_reference": {"mean": 0.9194, "structures": [{"name": "spleen", "cases": 20, "dice": 0.9598, "found_absent": 0},
                                                         {"name": "kidney_right", "cases": 19, "dice": 0.9541, "found_absent": 1}]}})");
  EXPECT_EQ(before.variant, "original");
  EXPECT_EQ(before.data.cases, 20);
  EXPECT_TRUE(before.data.phantoms);
  EXPECT_FALSE(before.dice_to_original);
  EXPECT_FALSE(before.Quality());
  EXPECT_EQ(before.dice_to_reference.value().mean, 0.9194);
  EXPECT_EQ(before.dice_to_reference.value().cases, 20);
  EXPECT_EQ(before.dice_to_reference.value().structures.size(), 2U);
  EXPECT_EQ(before.dice_to_reference.value().structures[1].found_absent, 1);
}

TEST(Card, HasNoTimesOfVolumesWhereNoneWasSegmented) {
  EXPECT_FALSE(Json::parse(EncodeCard(Card{})).contains("volume_latency"));
  ExpectError(ErrorCode::kInvalidArgument, "card.volume_latency = 3: must be a list",
              [] { ParseCard(Replaced(EncodeCard(Card{}), "\"latency\"", "\"volume_latency\": 3, \"latency\"")); });
}

TEST(Card, IgnoresFieldsItDoesNotKnow) {
  EXPECT_EQ(ParseCard(Replaced(EncodeCard(FullCard()), "\"level\"", "\"colour\": 3, \"level\"")), FullCard());
}

TEST(Card, RefusesWhatIsNoneAndNamesTheField) {
  const auto refuse = [](const std::string& from, const std::string& to, const std::string& message) {
    ExpectError(ErrorCode::kInvalidArgument, message, [&] { ParseCard(Replaced(EncodeCard(FullCard()), from, to)); });
  };
  refuse("\"format_version\": 1", "\"format_version\": 2", "card.format_version = 2: must be a whole number in [1, 1]");
  refuse("\"variant\": \"tucker-0.3\",", "", "card.variant: missing");
  refuse("\"phantoms\": true", "\"phantoms\": 1", "card.data.phantoms = 1: must be true or false");
  refuse("\"phantoms\": true", "\"phantoms\": true, \"seen_cases\": -1", "card.data.seen_cases = -1: must be a whole number in [0, 1000000]");
  refuse("\"quality\": 0.97", "\"quality\": 97", "card.dice_to_original.quality = 97: must be in [0, 1]");
  refuse("0.9,\n   0.97", "0.99,\n   0.97", "card.dice_to_reference.ci95 = [0.99,0.97]: must ascend");
  refuse("\"dice\": 0.95", "\"dice\": \"good\"", "card.dice_to_reference.structures[0].dice = \"good\": must be a finite number");
  refuse("\"threads\": 2", "\"threads\": 0", "card.latency[0].threads = 0: must be a whole number in [1, 65536]");
  refuse("\"min_s\": 0.5", "\"min_s\": -1", "card.latency[0].min_s = -1: must be at least 0");
  refuse("\"seconds\": 30.5", "\"seconds\": -1", "card.volume_latency[0].seconds = -1: must be at least 0");
  refuse("\"surface_tolerance_mm\": 2.0", "\"surface_tolerance_mm\": -2", "card.surface_tolerance_mm = -2: must be at least 0");
  refuse("\"parameters\": 6", "\"parameters\": 0.5", "card.parameters = 0.5: must be a whole number");
  ExpectError(ErrorCode::kInvalidArgument, "card.json: not JSON", [] { ParseCard("{"); });
}

}  // namespace
}  // namespace tuckerseg
