#include "engine/model/card_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/engine/model/card_samples.h"
#include "tests/engine/model/few_descriptors.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

class CardFile : public testing::Test {
 protected:
  const TemporaryDirectory folder_;
};

TEST_F(CardFile, IsOneCardOrThoseOfSeveralLevels) {
  Card smaller = FullCard();
  smaller.variant = "tucker-0.1";
  const std::vector<Card> cards{FullCard(), smaller};
  WriteCards(folder_.path(), cards);
  EXPECT_EQ(ReadCards(folder_.path()), cards);
  WriteCards(folder_.path(), std::vector{smaller});
  EXPECT_EQ(ParseCard(FileText(folder_.path() / "card.json")), smaller) << "one is a card by itself";
  EXPECT_EQ(ReadCards(folder_.path()), std::vector{smaller});
}

TEST_F(CardFile, IsNoneWhereThereIsNoFile) { EXPECT_THAT(ReadCards(folder_.path()), testing::IsEmpty()); }

TEST_F(CardFile, IsRefusedWhereItCannotBeRead) {
  folder_.Write("card.json", "[]");
  ExpectError(ErrorCode::kInvalidArgument, "card = []: must be an object", [&] { ReadCards(folder_.path()); });
  folder_.Write("card.json", "no card");
  ExpectError(ErrorCode::kInvalidArgument, "card.json: not JSON", [&] { ReadCards(folder_.path()); });
  std::filesystem::create_directories(folder_.path() / "folder" / "card.json");
  ExpectError(ErrorCode::kInvalidArgument, "card.json: cannot be read: must be a file", [&] { ReadCards(folder_.path() / "folder"); });
}

TEST_F(CardFile, IsRefusedWhereItIsAPipe) {
  ASSERT_EQ(mkfifo((folder_.path() / "card.json").c_str(), 0600), 0);
  ExpectError(ErrorCode::kInvalidArgument, "card.json: cannot be read: must be a file", [&] { ReadCards(folder_.path()); });
}

TEST_F(CardFile, MayBeReadAnotherTimeWhereThereIsNoDescriptorForIt) {
  WriteCards(folder_.path(), std::vector{FullCard()});
  const FewDescriptors none(0);
  ExpectError(ErrorCode::kUnavailable, "card.json: cannot be read: must be a file", [&] { ReadCards(folder_.path()); });
}

TEST_F(CardFile, NeedsAFolderToBeWrittenInto) {
  ExpectError(ErrorCode::kInvalidArgument, "output: cannot be written", [&] { WriteCards(folder_.path() / "none", std::vector{FullCard()}); });
}

}  // namespace
}  // namespace tuckerseg
