#include "server/variants/level_card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Key;

constexpr auto kData = R"("data": {"description": "seeds 1 to 40", "phantoms": true, "cases": 40})";

std::string OneLevel(const std::string& fields) { return R"({"variant": "a", )" + fields + ", " + kData + "}"; }

TEST(ParseLevelCards, ReadsTheCardOfOneLevel) {
  const auto cards = ParseLevelCards(OneLevel(
      R"("weights_sha256": "abc", "dice_to_original": {"mean": 0.93, "quality": 0.91}, "dice_to_reference": {"mean": 0.9})"));
  const LevelCard expected{.quality = 0.91,
                           .dice_to_original = 0.93,
                           .dice_to_reference = 0.9,
                           .data = "seeds 1 to 40",
                           .phantoms = true,
                           .cases = 40,
                           .weights_sha256 = "abc"};
  EXPECT_THAT(cards, ElementsAre(testing::Pair("a", expected)));
}

TEST(ParseLevelCards, ReadsTheCardsOfSeveralLevels) {
  const std::string rest = std::string(R"("dice_to_original": {"mean": 1, "quality": 0.5}, )") + kData;
  const auto cards = ParseLevelCards(R"({"weights_sha256": "abc", "levels": [{"variant": "a", )" + rest +
                                     R"(}, {"variant": "b", "weights_sha256": "def", )" + rest + "}]}");
  EXPECT_THAT(cards, ElementsAre(Key("a"), Key("b")));
  EXPECT_EQ(cards.at("a").weights_sha256, "abc");
  EXPECT_EQ(cards.at("b").weights_sha256, "def");
}

TEST(ParseLevelCards, LeavesOutWhatWasNotMeasured) {
  const LevelCard card = ParseLevelCards(OneLevel(R"("dice_to_original": {"mean": null, "quality": null})")).at("a");
  EXPECT_FALSE(card.dice_to_original);
  EXPECT_FALSE(card.quality);
  EXPECT_FALSE(card.dice_to_reference);
}

TEST(ParseLevelCards, NamesTheFieldThatIsWrong) {
  ExpectError(ErrorCode::kInvalidArgument, "card.dice_to_original.quality = 1.5: must be in [0, 1], or null",
              [] { ParseLevelCards(OneLevel(R"("dice_to_original": {"mean": 1, "quality": 1.5})")); });
  ExpectError(ErrorCode::kInvalidArgument, "card.data: missing", [] { ParseLevelCards(R"({"variant": "a"})"); });
  ExpectError(ErrorCode::kInvalidArgument, "card.levels = 3: must be a list", [] { ParseLevelCards(R"({"levels": 3})"); });
  ExpectError(ErrorCode::kInvalidArgument, "card", [] { ParseLevelCards("{"); });
}

TEST(ReadLevelCards, FindsNoneInADirectoryWithoutACard) {
  const TemporaryDirectory folder;
  EXPECT_THAT(ReadLevelCards(folder.path(), "abc", "total/a"), IsEmpty());
}

TEST(ReadLevelCards, LeavesOutACardOfOtherWeightsAndSaysSoInTheLog) {
  const TemporaryDirectory folder;
  folder.Write("card.json", OneLevel(R"("weights_sha256": "abc")"));
  EXPECT_THAT(ReadLevelCards(folder.path(), "abc", "total/a"), ElementsAre(Key("a")));
  testing::internal::CaptureStdout();
  EXPECT_THAT(ReadLevelCards(folder.path(), "def", "total/a"), IsEmpty());
  EXPECT_THAT(testing::internal::GetCapturedStdout(),
              testing::AllOf(testing::HasSubstr(R"("card":"total/a")"), testing::HasSubstr("is of other weights")));
}

TEST(ReadLevelCards, LeavesOutABrokenCardAndSaysSoInTheLog) {
  const TemporaryDirectory folder;
  folder.Write("card.json", R"({"variant": "a", "data": 3})");
  testing::internal::CaptureStdout();
  EXPECT_THAT(ReadLevelCards(folder.path(), "abc", "total/a"), IsEmpty());
  EXPECT_THAT(testing::internal::GetCapturedStdout(), testing::HasSubstr("card.data = 3: must be an object"));
}

TEST(ReadLevelCards, LeavesOutACardThatIsNoFileAndSaysSoInTheLog) {
  const TemporaryDirectory folder;
  std::filesystem::create_directory(folder.path() / "card.json");
  testing::internal::CaptureStdout();
  EXPECT_THAT(ReadLevelCards(folder.path(), "abc", "total/a"), IsEmpty());
  EXPECT_THAT(testing::internal::GetCapturedStdout(), testing::HasSubstr("card: cannot be read: must be a file"));
}

TEST(MeasurementsInWords, SayWhatWasMeasuredAndThatItWereNoPatients) {
  LevelCard card{.quality = 0.91, .dice_to_original = 0.93, .phantoms = true, .cases = 40};
  EXPECT_EQ(MeasurementsInWords(card), "mean Dice 0.930 (at least 0.910) against the original, on 40 phantoms, no patient");
  card.dice_to_reference = 0.9;
  card.data = "seeds 1 to 40";
  EXPECT_EQ(MeasurementsInWords(card),
            "mean Dice 0.930 (at least 0.910) against the original and mean Dice 0.900 against reference labels, on 40 phantoms, "
            "no patient (seeds 1 to 40)");
  EXPECT_EQ(MeasurementsInWords({.dice_to_reference = 0.9, .cases = 1}), "mean Dice 0.900 against reference labels, on 1 case");
  EXPECT_EQ(MeasurementsInWords({}), "not measured");
}

TEST(MeasurementsInWords, PromiseNoMoreThanTheBound) {
  EXPECT_EQ(MeasurementsInWords({.quality = 0.9129, .cases = 2}), "mean Dice at least 0.912 against the original, on 2 cases");
}

}  // namespace
}  // namespace tuckerseg
