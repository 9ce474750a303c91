#include "engine/model/json_fields.h"

#include <gmock/gmock.h>

#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using ::testing::ElementsAre;

class JsonFields : public testing::Test {
 protected:
  template <typename Read>
  void ExpectRefused(const std::string& message, Read&& read) const {
    ExpectError(ErrorCode::kInvalidArgument, message, [&] { read(root_); });
  }

  const Json document_ = ParseJson(R"({"number": 2.5, "whole": 3.0, "text": "CT", "yes": true, "none": null,
                                       "three": [1, 2, 3], "nested": {"list": [{"deep": -1}]}})",
                                   "document");
  const JsonField root_{document_, "model"};
};

TEST_F(JsonFields, GiveValuesOfTheirTypes) {
  EXPECT_EQ(root_.At("number").Number(), 2.5);
  EXPECT_EQ(root_.At("whole").Integer(0, 10), 3) << "nnU-Net's planner writes whole numbers as floats";
  EXPECT_EQ(root_.At("text").Text(), "CT");
  EXPECT_TRUE(root_.At("yes").Boolean());
  EXPECT_TRUE(root_.At("none").IsNull());
  EXPECT_THAT(root_.At("three").Integers3(1, 3), ElementsAre(1, 2, 3));
  EXPECT_THAT(root_.At("three").Numbers3(), ElementsAre(1, 2, 3));
  EXPECT_THAT(root_.At("three").Each([](const JsonField& f) { return f.Number() * 2; }), ElementsAre(2, 4, 6));
  EXPECT_EQ(root_.At("text").OneOf({"MR", "CT"}), 1U);
}

TEST_F(JsonFields, TellTheTypeAloneOfWhatMayBeASecret) {
  const JsonField secret = root_.Secret();
  EXPECT_EQ(secret.At("text").Text(), "CT") << "it is read as any other";
  ExpectRefused("model.text: is a string; must be a finite number", [&](const JsonField&) { secret.At("text").Number(); });
  ExpectRefused("model.three[1]: is a number; must be a string", [&](const JsonField&) { secret.At("three").At(1).Text(); });
  ExpectRefused("model.nested.list: is a list; must be an object", [&](const JsonField&) { secret.At("nested").At("list").At("deep"); });
  ExpectRefused("model.three[0]: is a number; must be true or false", [&](const JsonField&) { secret.At("three").Each([](const JsonField& f) { return f.Boolean(); }); });
  ExpectRefused("model.yes: is a boolean; must be a list", [&](const JsonField&) { secret.At("yes").Size(); });
  ExpectRefused("model.none: is null; must be a string", [&](const JsonField&) { secret.At("none").Text(); });
  ExpectRefused("model: is an object; must be a list", [&](const JsonField&) { secret.Size(); });
}

TEST_F(JsonFields, KnowWhichKeysAreThere) {
  EXPECT_TRUE(root_.Has("none"));
  EXPECT_FALSE(root_.Has("other"));
  EXPECT_FALSE(root_.At("text").Has("other")) << "a text has no keys";
}

TEST_F(JsonFields, NameTheirPath) {
  EXPECT_EQ(root_.At("nested").At("list").At(size_t{0}).At("deep").path(), "model.nested.list[0].deep");
}

TEST_F(JsonFields, RefuseWhatIsMissing) {
  ExpectRefused("model.other: missing", [](const JsonField& f) { f.At("other"); });
  ExpectRefused("model.three = [1,2,3]: must be a list of more than 3", [](const JsonField& f) { f.At("three").At(3); });
}

TEST_F(JsonFields, RefuseOtherTypesWithTheValueAndWhatWouldBeRight) {
  ExpectRefused("model.text = \"CT\": must be an object", [](const JsonField& f) { f.At("text").At("key"); });
  ExpectRefused("model.text = \"CT\": must be a list", [](const JsonField& f) { f.At("text").Size(); });
  ExpectRefused("model.text = \"CT\": must be a finite number", [](const JsonField& f) { f.At("text").Number(); });
  ExpectRefused("model.yes = true: must be a finite number", [](const JsonField& f) { f.At("yes").Integer(0, 1); });
  ExpectRefused("model.number = 2.5: must be true or false", [](const JsonField& f) { f.At("number").Boolean(); });
  ExpectRefused("model.none = null: must be a string", [](const JsonField& f) { f.At("none").Text(); });
}

TEST_F(JsonFields, RefuseNumbersOutsideTheirRange) {
  ExpectRefused("model.number = 2.5: must be a whole number in [0, 10]",
                [](const JsonField& f) { f.At("number").Integer(0, 10); });
  ExpectRefused("model.whole = 3.0: must be a whole number in [4, 10]",
                [](const JsonField& f) { f.At("whole").Integer(4, 10); });
  ExpectRefused("model.three[2] = 3: must be a whole number in [1, 2]",
                [](const JsonField& f) { f.At("three").Integers3(1, 2); });
}

TEST_F(JsonFields, RefuseListsOfAnotherLength) {
  ExpectRefused("must have three entries", [](const JsonField& f) { f.At("nested").At("list").Integers3(0, 1); });
  ExpectRefused("must have three entries", [](const JsonField& f) { f.At("nested").At("list").Numbers3(); });
}

TEST_F(JsonFields, RefuseTextsThatAreNoneOfTheNames) {
  ExpectRefused("model.text = \"CT\": must be one of MR PET", [](const JsonField& f) { f.At("text").OneOf({"MR", "PET"}); });
}

TEST(JsonField, ShortensLongValuesInMessages) {
  const Json json = std::string(1000, 'x');
  try {
    JsonField(json, "name").Refuse("must be short");
  } catch (const Error& error) {
    EXPECT_EQ(error.what(), "name = \"" + std::string(56, 'x') + "...: must be short");
  }
}

}  // namespace
}  // namespace tuckerseg
