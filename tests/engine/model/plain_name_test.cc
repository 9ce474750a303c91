#include "engine/model/plain_name.h"

#include <gtest/gtest.h>

#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

TEST(PlainName, IsOfLettersDigitsUnderscoresHyphensAndDots) {
  for (const char* name : {"total", "total_fast", "DF-0.3", "0", "...", ".x", "-"}) EXPECT_TRUE(IsPlainName(name)) << name;
}

TEST(PlainName, LeadsNowhereElse) {
  for (const char* name : {"", ".", "..", "a/b", "/", "a\\b", "a b", "caf\u00e9", "a\n"}) EXPECT_FALSE(IsPlainName(name)) << name;
  EXPECT_FALSE(IsPlainName(std::string("a\0b", 3)));
}

TEST(ParsePlainName, GivesTheNameOrNamesTheField) {
  const Json json{{"name", "a"}, {"wrong", "a/b"}, {"number", 3}};
  const JsonField root(json, "root");
  EXPECT_EQ(ParsePlainName(root.At("name")), "a");
  ExpectError(ErrorCode::kInvalidArgument, "root.wrong = \"a/b\": must be letters, digits, '_', '-' and '.'", [&] { ParsePlainName(root.At("wrong")); });
  ExpectError(ErrorCode::kInvalidArgument, "root.number = 3: must be a string", [&] { ParsePlainName(root.At("number")); });
}

}  // namespace
}  // namespace tuckerseg
