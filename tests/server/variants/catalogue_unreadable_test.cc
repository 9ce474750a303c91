/// What becomes of a catalogue whose directory, or something in it, cannot be read for a while: nothing has gone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/server/variants/rescanned_catalogue.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

MATCHER_P2(ContainsTimes, word, times, "") {
  int found = 0;
  for (size_t at = arg.find(word); at != std::string::npos; at = arg.find(word, at + 1)) ++found;
  return found == times;
}

class CatalogueOfUnreadableFiles : public CatalogueRescan {};

TEST_F(CatalogueOfUnreadableFiles, KeepsWhatItServesWhileFilesCannotBeReadForAReasonThatPasses) {
  disk_.Add("b", {{"b", 0.3, true, 1}}, 3);
  lacks_descriptors_ = true;
  EXPECT_FALSE(Look());
  EXPECT_THAT(Names(), ElementsAre("tiny original", "tiny a"));
  EXPECT_EQ(State("a"), LevelState::kLoaded);
  EXPECT_THAT(catalogue_->View()->broken, testing::IsEmpty());
  lacks_descriptors_ = false;
  EXPECT_TRUE(catalogue_->Rescan()) << "though nothing has changed since the last look";
  EXPECT_THAT(Names(), ElementsAre("tiny original", "tiny a", "tiny b"));
  EXPECT_EQ(State("a"), LevelState::kLoaded) << "and is not loaded again for it";
  EXPECT_FALSE(Look());
}

TEST_F(CatalogueOfUnreadableFiles, KeepsVariantsThatCannotBeListedForAReasonThatPassesAndSaysSoOnce) {
  disk_.Write("broken", "variant.json", "{");
  lacks_variants_ = true;
  testing::internal::CaptureStdout();
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(Look());
  EXPECT_THAT(testing::internal::GetCapturedStdout(), AllOf(HasSubstr(R"("directory":"bundle","event":"bundle_unreadable","reason":"no descriptor")"), ContainsTimes("event", 1)));
  EXPECT_EQ(State("a"), LevelState::kLoaded);
  lacks_variants_ = false;
  testing::internal::CaptureStdout();
  EXPECT_TRUE(Look());
  EXPECT_THAT(testing::internal::GetCapturedStdout(), AllOf(HasSubstr("bundle_readable_again"), HasSubstr("variant_failed")));
  EXPECT_THAT(Names(), ElementsAre("tiny original", "tiny a", "tiny broken"));
}

TEST_F(CatalogueOfUnreadableFiles, SaysThatAllCanBeReadWhereAChangeThatCouldNotBeIsTakenBack) {
  disk_.Add("b", {{"b", 0.3, true, 1}}, 3);
  lacks_variants_ = true;
  EXPECT_FALSE(Look());
  fs::remove_all(disk_.variant("b"));
  testing::internal::CaptureStdout();
  EXPECT_FALSE(Look());
  EXPECT_FALSE(Look());
  EXPECT_THAT(testing::internal::GetCapturedStdout(), AllOf(HasSubstr("bundle_readable_again"), ContainsTimes("event", 1)));
}

TEST_F(CatalogueOfUnreadableFiles, ServesWhatCanBeReadOfABundleThatCouldNotBeAtAll) {
  lacks_descriptors_ = true;
  StartAnew();
  lacks_descriptors_ = false;
  lacks_variants_ = true;
  EXPECT_TRUE(catalogue_->Rescan());
  EXPECT_THAT(Names(), ElementsAre("tiny original"));
  lacks_variants_ = false;
  EXPECT_TRUE(catalogue_->Rescan());
  EXPECT_THAT(Names(), ElementsAre("tiny original", "tiny a"));
}

TEST_F(CatalogueOfUnreadableFiles, ServesABundleThatCouldNotBeReadAtTheStartOnceItCan) {
  lacks_descriptors_ = true;
  StartAnew();
  EXPECT_EQ(catalogue_->View()->broken.size(), 1U);
  EXPECT_FALSE(Look()) << "nothing is new";
  lacks_descriptors_ = false;
  EXPECT_TRUE(catalogue_->Rescan());
  catalogue_->LoadWhatFits();
  EXPECT_THAT(Names(), ElementsAre("tiny original", "tiny a"));
  EXPECT_EQ(State("a"), LevelState::kLoaded);
}

TEST_F(CatalogueOfUnreadableFiles, GoesOnWithABundleThatCannotBeListedForAWhile) {
  const fs::path variants = disk_.bundle() / "variants";
  fs::rename(variants, disk_.models() / "away");
  std::ofstream(variants) << "a file";
  EXPECT_FALSE(Look());
  EXPECT_EQ(State("a"), LevelState::kLoaded);
  fs::remove(variants);
  fs::rename(disk_.models() / "away", variants);
  EXPECT_FALSE(Look()) << "it is there again, as it was";
  EXPECT_THAT(Names(), ElementsAre("tiny original", "tiny a"));
}

TEST_F(CatalogueOfUnreadableFiles, KeepsAllWhereTheDirectoryCannotBeRead) {
  fs::rename(disk_.models(), disk_.models().string() + "-away");
  testing::internal::CaptureStdout();
  EXPECT_FALSE(Look());
  const std::string log = testing::internal::GetCapturedStdout();
  fs::rename(disk_.models().string() + "-away", disk_.models());
  EXPECT_THAT(log, HasSubstr(R"("event":"models_unreadable")"));
  EXPECT_EQ(State("a"), LevelState::kLoaded);
  EXPECT_FALSE(Look()) << "it is there again, as it was";
}

}  // namespace
}  // namespace tuckerseg
