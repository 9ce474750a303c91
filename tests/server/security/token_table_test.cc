#include "server/security/token_table.h"

#include <gtest/gtest.h>

#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/server/security/tokens.h"

namespace tuckerseg {
namespace {

/// What `printf %s abc | sha256sum` prints.
constexpr const char* kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

void ExpectRefusal(const std::string& json, const std::string& message) {
  SCOPED_TRACE(json);
  ExpectError(ErrorCode::kInvalidArgument, message, [&] { TokenTable::Parse(json); });
}

TEST(TokenTable, FindsTheClientOfAToken) {
  const TokenTable table =
      TokenTable::Parse(TokensJson({{"pacs", "abc", "\"segment\", \"observe\""}, {"operations", "a longer token", "\"manage\""}}));
  ASSERT_NE(table.Find("abc"), nullptr);
  EXPECT_EQ(table.Find("abc")->name, "pacs");
  EXPECT_EQ(table.Find("abc")->sha256, kAbc);
  EXPECT_EQ(table.Find("abc")->roles, (std::set{Role::kSegment, Role::kObserve}));
  EXPECT_EQ(table.Find("a longer token")->name, "operations");
}

TEST(TokenTable, FindsNobodyForAnythingElse) {
  const TokenTable table = TokenTable::Parse(TokensJson({{"pacs", "abc", "\"segment\""}}));
  for (const char* token : {"", "ab", "abcd", "ABC", " abc", kAbc}) EXPECT_EQ(table.Find(token), nullptr) << token;
  EXPECT_EQ(TokenTable().Find("abc"), nullptr);
}

TEST(TokenTable, RefusesWhatIsNoListOfTokens) {
  const std::string message = "auth.tokens_file: must be an object with the key `tokens` alone, a list of at least one";
  for (const char* json : {"[]", "{}", R"({"tokens": {}})", R"({"tokens": []})", R"({"tokens": [1], "more": 1})"}) ExpectRefusal(json, message);
  ExpectRefusal("{", "auth.tokens_file: not JSON at byte");
  ExpectRefusal(R"({"tokens": ["secret"]})", "auth.tokens_file.tokens[0]: must be an object of name, sha256 and roles");
}

TEST(TokenTable, RefusesEntriesThatAreNotWhole) {
  const std::string sha256 = std::string(R"("sha256": ")") + kAbc + "\"";
  const auto entry = [](const std::string& fields) { return R"({"tokens": [{)" + fields + "}]}"; };
  ExpectRefusal(entry(sha256 + R"(, "roles": ["segment"])"), "tokens[0].name: must be 1 to 64 letters");
  ExpectRefusal(entry(R"("name": "a b", )" + sha256 + R"(, "roles": ["segment"])"), "tokens[0].name: must be 1 to 64 letters");
  ExpectRefusal(entry(R"("name": "anonymous", )" + sha256 + R"(, "roles": ["segment"])"), "tokens[0].name: must be");
  ExpectRefusal(entry(R"("name": "a", )" + sha256), "tokens[0].roles: must be a list of segment, manage, observe");
  ExpectRefusal(entry(R"("name": "a", "roles": ["segment"])"), "tokens[0].sha256: must be the SHA-256 of the token");
  ExpectRefusal(entry(R"("name": "a", "token": "x")"), "tokens[0].token: unknown key; must be one of name, roles, sha256");
}

TEST(TokenTable, RefusesATokenInTheClearAndDoesNotRepeatIt) {
  const std::string json = R"({"tokens": [{"name": "a", "sha256": "hunter2", "roles": ["hunter2"]}]})";
  try {
    TokenTable::Parse(json);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::Not(testing::HasSubstr("hunter2")));
  }
}

TEST(TokenTable, RefusesANameOrATokenThatIsThereTwice) {
  ExpectRefusal(TokensJson({{"a", "x", "\"segment\""}, {"a", "y", "\"segment\""}}), "tokens[1].name: is there before");
  ExpectRefusal(TokensJson({{"a", "x", "\"segment\""}, {"b", "x", "\"segment\""}}), "tokens[1].sha256: is there before");
}

TEST(TokenTable, RefusesAKeyThatIsThereTwice) {
  const std::string begin = std::string(R"({"name": "a", "sha256": ")") + kAbc + R"(", "roles": ["segment"])";
  ExpectRefusal(R"({"tokens": [)" + begin + R"(, "roles": ["manage"]}]})", "auth.tokens_file.tokens.roles: stands there more than once; must be given once");
  ExpectRefusal(R"({"tokens": [)" + begin + R"(}], "tokens": []})", "auth.tokens_file.tokens: stands there more than once");
}

TEST(TokenTable, ReadsAFileAndNamesItsSettingWhereItCannot) {
  const TemporaryDirectory folder;
  EXPECT_NE(TokenTable::Read(folder.Write("tokens.json", TokensJson({{"pacs", "abc", "\"segment\""}}))).Find("abc"), nullptr);
  ExpectError(ErrorCode::kInvalidArgument, "auth.tokens_file: cannot be read", [&] { TokenTable::Read(folder.path() / "none.json"); });
  ExpectError(ErrorCode::kInvalidArgument, "auth.tokens_file: cannot be read", [&] { TokenTable::Read(folder.path()); });
}

}  // namespace
}  // namespace tuckerseg
