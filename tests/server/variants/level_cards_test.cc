#include "server/variants/level_cards.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/model/card_file.h"
#include "tests/engine/model/few_descriptors.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;
using testing::Pair;

class ReadingLevelCards : public testing::Test {
 protected:
  static Card CardOf(const std::string& level, const std::string& weights_sha256) { return {.variant = level, .weights_sha256 = weights_sha256}; }
  std::map<std::string, Card> Read(const std::string& weights_sha256) {
    log_.clear();
    return ReadLevelCards(folder_.path(), weights_sha256, "total/a", log_);
  }
  /// What is to be logged once the cards have been read.
  std::string Logged(const std::string& weights_sha256) {
    Read(weights_sha256);
    testing::internal::CaptureStdout();
    for (const LogLine& line : log_) line.Write();
    return testing::internal::GetCapturedStdout();
  }

  const TemporaryDirectory folder_;
  std::vector<LogLine> log_;
};

TEST_F(ReadingLevelCards, FindsNoneInADirectoryWithoutACard) {
  EXPECT_THAT(Read("abc"), IsEmpty());
  EXPECT_EQ(Logged("abc"), "");
}

TEST_F(ReadingLevelCards, FindsThemByLevel) {
  WriteCards(folder_.path(), std::vector{CardOf("b", "abc"), CardOf("a", "abc")});
  EXPECT_THAT(Read("abc"), ElementsAre(Pair("a", CardOf("a", "abc")), Pair("b", CardOf("b", "abc"))));
  EXPECT_EQ(Logged("abc"), "");
}

TEST_F(ReadingLevelCards, LeavesOutACardOfOtherWeightsAndSaysSoInTheLog) {
  WriteCards(folder_.path(), std::vector{CardOf("a", "abc"), CardOf("b", "def"), CardOf("c", "")});
  EXPECT_THAT(Read("abc"), ElementsAre(Key("a"), Key("c")));
  EXPECT_THAT(Logged("abc"), testing::AllOf(HasSubstr(R"("card":"total/a")"), HasSubstr("is of other weights")));
}

TEST_F(ReadingLevelCards, LeavesOutABrokenCardAndSaysSoInTheLog) {
  folder_.Write("card.json", R"({"format_version": 1, "levels": 3})");
  EXPECT_THAT(Read("abc"), IsEmpty());
  EXPECT_THAT(Logged("abc"), HasSubstr("card.levels = 3: must be a list"));
}

TEST_F(ReadingLevelCards, LeavesOutACardThatIsNoFileAndSaysSoInTheLog) {
  std::filesystem::create_directory(folder_.path() / "card.json");
  EXPECT_THAT(Read("abc"), IsEmpty());
  EXPECT_THAT(Logged("abc"), HasSubstr("card.json: cannot be read: must be a file"));
}

TEST_F(ReadingLevelCards, SaysSoWhereACardMayBeReadAnotherTime) {
  WriteCards(folder_.path(), std::vector{CardOf("a", "abc")});
  const FewDescriptors none(0);
  ExpectError(ErrorCode::kUnavailable, "card.json: cannot be read", [&] { Read("abc"); });
}

}  // namespace
}  // namespace tuckerseg
