#include "server/policy/asked_level.h"

#include <gtest/gtest.h>

#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

ServedLevel Level(const std::string& name, std::optional<double> number = {}, bool is_default = false, const std::string& error = "") {
  ServedLevel level;
  level.name = name;
  level.number = number;
  level.is_default = is_default;
  level.error = error;
  return level;
}

/// The original and `others`.
template <typename... Others>
std::vector<ServedLevel> Levels(Others... others) {
  std::vector<ServedLevel> levels;
  levels.push_back(Level("original"));
  (levels.push_back(std::move(others)), ...);
  return levels;
}

std::string ChosenName(const std::string& wish, const std::vector<ServedLevel>& levels) { return FindAskedLevel(wish, levels).name; }

TEST(LeavesTheChoice, WhoNamesNoneOrSaysAuto) {
  EXPECT_TRUE(LeavesTheChoice(""));
  EXPECT_TRUE(LeavesTheChoice("auto"));
  EXPECT_FALSE(LeavesTheChoice("original"));
}

TEST(FindNamedLevel, KnowsNoAuto) {
  const auto levels = Levels(Level("tucker-0.3", 0.3, true), Level("broken", {}, false, "damaged"));
  EXPECT_EQ(&FindNamedLevel("0.3", levels), &levels[1]);
  ExpectError(ErrorCode::kNotFound, "level = 0.5: must be one of original, tucker-0.3 (0.3)", [&] { FindNamedLevel("0.5", levels); });
  ExpectError(ErrorCode::kFailedPrecondition, "level = broken: broken could not be loaded: damaged", [&] { FindNamedLevel("broken", levels); });
}

TEST(FindLevelToResume, TakesTheLevelOfThisNameWhateverNumbersMeanByNow) {
  const auto levels = Levels(Level("0.3"), Level("other", 0.3, true));
  EXPECT_EQ(&FindLevelToResume("0.3", nullptr, levels), &levels[1]);
  EXPECT_EQ(&FindLevelToResume("original", nullptr, levels), &levels[0]);
  EXPECT_EQ(&FindLevelToResume("other", &levels[2], levels), &levels[2]);
}

TEST(FindLevelToResume, TakesNoOtherLevelAndSaysHowToHaveOne) {
  const auto levels = Levels(Level("tucker-0.3", 0.3, true), Level("broken", {}, false, "damaged"));
  const auto expect = [&](ErrorCode code, const std::string& message, const std::string& name, const ServedLevel* asked) {
    ExpectError(code, message + "; for an answer at another level send the request with a new idempotency key and without resume_level", [&] { FindLevelToResume(name, asked, levels); });
  };
  expect(ErrorCode::kNotFound, "header.resume_level = gone: must be one of original, tucker-0.3 (0.3)", "gone", nullptr);
  expect(ErrorCode::kNotFound, "header.resume_level = 0.3: must be one of original, tucker-0.3 (0.3)", "0.3", nullptr);
  expect(ErrorCode::kNotFound, "header.resume_level = auto: must be one of original, tucker-0.3 (0.3)", "auto", nullptr);
  expect(ErrorCode::kFailedPrecondition, "header.resume_level = broken: could not be loaded: damaged", "broken", nullptr);
  expect(ErrorCode::kFailedPrecondition, "header.resume_level = original: must be tucker-0.3, which the level asked for means now", "original", &levels[1]);
}

TEST(FindAskedLevel, TakesTheLevelThatTheClientNames) {
  const auto levels = Levels(Level("tucker-0.3"));
  EXPECT_EQ(&FindAskedLevel("tucker-0.3", levels), &levels[1]);
}

TEST(FindAskedLevel, TakesTheDefaultOfANumber) {
  const auto levels = Levels(Level("hooi-0.3", 0.3), Level("hosvd-0.3", 0.3, true), Level("hosvd-0.5", 0.5, true));
  for (const char* wish : {"0.3", "0.30", "00.3", "3e-1"}) EXPECT_EQ(ChosenName(wish, levels), "hosvd-0.3") << wish;
  EXPECT_EQ(ChosenName("0.5", levels), "hosvd-0.5");
}

TEST(FindAskedLevel, TakesTheOnlyLevelOfANumberThatHasNoDefault) {
  EXPECT_EQ(ChosenName("0.3", Levels(Level("hooi-0.3", 0.3), Level("hosvd-0.5", 0.5, true))), "hooi-0.3");
}

TEST(FindAskedLevel, TakesANameThatLooksLikeANumber) {
  EXPECT_EQ(ChosenName("0.3", Levels(Level("hosvd-0.3", 0.3, true), Level("0.3", 0.5))), "0.3");
}

TEST(FindAskedLevel, ListsTheLevelsWhereANumberHasSeveral) {
  ExpectError(ErrorCode::kFailedPrecondition, "level = 0.3: must be a name, as several levels have this number: a (0.3), b (0.3)",
              [] { FindAskedLevel("0.3", Levels(Level("a", 0.3), Level("b", 0.3), Level("c", 0.5))); });
  ExpectError(ErrorCode::kFailedPrecondition, "several levels have this number: a (0.3), b (0.3)",
              [] { FindAskedLevel("0.3", Levels(Level("a", 0.3, true), Level("b", 0.3, true), Level("c", 0.3))); });
}

TEST(FindAskedLevel, DoesNotTakeALevelForANumberBecauseAnotherCouldNotBeLoaded) {
  ExpectError(ErrorCode::kFailedPrecondition, "several levels have this number: a (0.3), b (0.3)",
              [] { FindAskedLevel("0.3", Levels(Level("a", 0.3, true, "cut"), Level("b", 0.3, true))); });
}

TEST(FindAskedLevel, RefusesAnUnknownLevelAndListsTheKnownOnes) {
  const auto levels = Levels(Level("tucker-0.3", 0.3, true), Level("tucker-b"));
  for (const char* wish : {"tucker-0.5", "0.31", "0.3x", "nan", "inf", " 0.3"}) {
    ExpectError(ErrorCode::kNotFound, std::string("level = ") + wish + ": must be one of auto, original, tucker-0.3 (0.3), tucker-b",
                [&] { FindAskedLevel(wish, levels); });
  }
}

TEST(FindAskedLevel, SaysWhichLevelsCouldNotBeLoaded) {
  ExpectError(ErrorCode::kNotFound, "must be one of auto, original; could not be loaded: broken",
              [] { FindAskedLevel("0.3", Levels(Level("broken", {}, false, "cut"))); });
}

TEST(FindAskedLevel, SaysWhyTheLevelCouldNotBeLoaded) {
  const auto levels = Levels(Level("broken", 0.3, true, "tensor x: missing"), Level("other", 0.3));
  for (const char* wish : {"broken", "0.3"}) {
    ExpectError(ErrorCode::kFailedPrecondition, std::string("level = ") + wish + ": broken could not be loaded: tensor x: missing",
                [&] { FindAskedLevel(wish, levels); });
  }
}

TEST(FindAskedLevel, TakesTheLevelThatIsReadyOfTwoWithOneName) {
  const auto levels = Levels(Level("a", 0.3, true), Level("a", 0.3, true, "name = a: must be unique"));
  EXPECT_EQ(&FindAskedLevel("a", levels), &levels[1]);
  EXPECT_EQ(&FindAskedLevel("0.3", levels), &levels[1]);
}

TEST(FindMeantLevel, TakesALevelThatCouldNotBeLoadedWhereNoOtherIsMeant) {
  const auto levels = Levels(Level("broken", 0.3, true, "cut"), Level("a", 0.5, true, "name = a: must be unique"), Level("a", 0.5, true));
  EXPECT_EQ(&FindMeantLevel("broken", levels), &levels[1]);
  EXPECT_EQ(&FindMeantLevel("0.3", levels), &levels[1]);
  EXPECT_EQ(&FindMeantLevel("a", levels), &levels[3]);
  ExpectError(ErrorCode::kNotFound, "level = b: must be one of original, a (0.5); could not be loaded: broken (0.3), a (0.5)", [&] { FindMeantLevel("b", levels); });
}

}  // namespace
}  // namespace tuckerseg
