#include "engine/model/json_text.h"

#include <gmock/gmock.h>

#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using ::testing::ElementsAre;

std::string Nested(int levels) {
  return std::string(static_cast<size_t>(levels), '[') + std::string(static_cast<size_t>(levels), ']');
}

TEST(ParseJson, KeepsKeysInTheirOrderOfAppearance) {
  const Json json = ParseJson(R"({"z": 1, "a": 2, "m": 3})", "labels");
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  EXPECT_THAT(keys, ElementsAre("z", "a", "m"));
}

TEST(ParseJson, SaysWhatAndWhereItIsNoJson) {
  ExpectError(ErrorCode::kInvalidArgument, "plans.json: not JSON at byte 4", [] { ParseJson("[1,]", "plans.json"); });
  for (const char* text : {"", "{", "nul", "{\"a\":}", "[1] 2", "\"\xff\"", "NaN"}) {
    ExpectError(ErrorCode::kInvalidArgument, "plans.json: not JSON at byte", [&] { ParseJson(text, "plans.json"); });
  }
}

TEST(ParseJson, RefusesNumbersBeyondADouble) {
  ExpectError(ErrorCode::kInvalidArgument, "model: not JSON (a number out of range)", [] { ParseJson("[1e999]", "model"); });
}

TEST(ParseJson, ReadsDownTo64LevelsAndNoDeeper) {
  EXPECT_NO_THROW(ParseJson(Nested(64), "model"));
  ExpectError(ErrorCode::kInvalidArgument, "model: must be nested at most 64 levels deep",
              [] { ParseJson(Nested(65), "model"); });
  ExpectError(ErrorCode::kInvalidArgument, "at most 64 levels", [] { ParseJson(std::string(1 << 20, '['), "model"); });
}

TEST(ParseJson, CountsNoBracketsInsideStrings) {
  const std::string text = "[\"" + std::string(100, '[') + "\\\"" + std::string(100, '{') + "\\\\\", 1]";
  EXPECT_EQ(ParseJson(text, "model")[1], 1);
}

TEST(ParseJson, RefusesBracketsThatCloseMoreThanTheyOpen) {
  ExpectError(ErrorCode::kInvalidArgument, "model: not JSON", [] { ParseJson("[]]", "model"); });
  ExpectError(ErrorCode::kInvalidArgument,
              "model: ", [] { ParseJson(std::string(1000, ']') + std::string(1000, '['), "model"); });
}

TEST(ParseJson, RefusesObjectsOfMoreKeysThanCanBeComparedInTime) {
  std::string text = "{\"0\": 0";
  for (int i = 1; i < 100'000; ++i) text += ",\"" + std::to_string(i) + "\":0";
  ExpectError(ErrorCode::kInvalidArgument, "keys in an object", [&] { ParseJson(text + "}", "model"); });
}

TEST(ParseJson, ReadsAsManyKeysAsAnyLabelFileHas) {
  std::string text = "{\"0\": 0";
  for (int i = 1; i < 4096; ++i) text += ",\"" + std::to_string(i) + "\":0";
  EXPECT_EQ(ParseJson(text + "}", "model").size(), 4096U);
}

TEST(ParseJson, RefusesMoreThan64MebiBytes) {
  const std::string text = "[" + std::string(size_t{64} << 20, ' ') + "]";
  ExpectError(ErrorCode::kInvalidArgument, "model: must be at most 64 MiB of JSON", [&] { ParseJson(text, "model"); });
}

}  // namespace
}  // namespace tuckerseg
