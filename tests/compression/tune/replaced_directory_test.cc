#include "compression/tune/replaced_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "engine/model/variant.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

/// BUNDLE/variants/x, as a crash of its replacement may leave it.
class ReplacedDirectory : public testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) const { folder_.Write("variants/" + name + "/variant.json", text); }

  std::vector<std::string> Entries() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_.path() / "variants")) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }
  std::string Text() const { return FileText(variant_ / "variant.json"); }

  const TemporaryDirectory folder_;
  const fs::path variant_ = folder_.path() / "variants" / "x";
};

TEST_F(ReplacedDirectory, HoldsTheNextOneAndLeavesNothingBeside) {
  for (void (*replace)(const fs::path&) : {ReplaceDirectory, ReplaceByTwoRenames}) {
    Write("x", "last");
    Write("x.unfinished-after", "next");
    replace(variant_);
    EXPECT_EQ(Text(), "next");
    EXPECT_THAT(Entries(), ElementsAre("x"));
  }
}

TEST_F(ReplacedDirectory, IsTheOneVariantThatIsFoundAtEveryMoment) {
  Write("x", "last");
  Write("x.unfinished-after", "next");  // written, or exchanged and not deleted yet
  EXPECT_THAT(FindVariants(folder_.path()), ElementsAre(variant_));
  Write("x.unfinished-before", "last");  // behind the second rename
  EXPECT_THAT(FindVariants(folder_.path()), ElementsAre(variant_));
}

TEST_F(ReplacedDirectory, ComesBackWhereACrashLeftNoneBetweenTwoRenames) {
  Write("x.unfinished-before", "last");
  Write("x.unfinished-after", "next");
  MendReplaced(variant_);
  EXPECT_EQ(Text(), "last");
  EXPECT_THAT(Entries(), ElementsAre("x", "x.unfinished-after"));
}

TEST_F(ReplacedDirectory, StaysWhereACrashLeftTheLastOneBesideIt) {
  Write("x", "next");
  Write("x.unfinished-before", "last");
  MendReplaced(variant_);
  EXPECT_EQ(Text(), "next");
  Write("x.unfinished-after", "third");
  ReplaceByTwoRenames(variant_);
  EXPECT_EQ(Text(), "third");
  EXPECT_THAT(Entries(), ElementsAre("x"));
}

TEST_F(ReplacedDirectory, NeedsSomethingToReplaceAndSomethingToPutThere) {
  Write("x", "last");
  ExpectError(ErrorCode::kInternal, "variant: cannot be put in place", [&] { ReplaceDirectory(folder_.path() / "variants" / "y"); });
  ExpectError(ErrorCode::kInternal, "variant: cannot be put in place", [&] { ReplaceDirectory(variant_); });
  MendReplaced(variant_);
  EXPECT_EQ(Text(), "last");
}

}  // namespace
}  // namespace tuckerseg
