#include "compression/forms/level_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/compression/evaluate/density_variants.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A bundle with the variant `elastic`, whose levels are wide and narrow.
class LevelNamesInABundle : public testing::Test {
 protected:
  LevelNamesInABundle() : bundle_(folder_.path() / "bundle") {
    SaveWithChecksum(DensityBundle(), bundle_);
    model_ = LoadBundle(bundle_).model;
    SaveVariant(DensityVariant(model_, {{"wide", 0.8, 3}, {"narrow", 0.4, 2}}), model_, bundle_ / "variants" / "elastic");
  }
  void Require(const std::filesystem::path& output, const std::vector<std::string>& names) const { RequireFreeNames(bundle_, model_, output, names, "--name"); }

  const TemporaryDirectory folder_;
  const std::filesystem::path bundle_;
  Model model_;
};

TEST_F(LevelNamesInABundle, AreListedByVariant) {
  folder_.Write("bundle/variants/broken/variant.json", "{");
  const std::vector<ListedVariant> listed = ListVariants(bundle_, model_);
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[0].directory.filename(), "broken");
  EXPECT_THAT(listed[0].levels, IsEmpty());
  EXPECT_THAT(listed[1].levels, ElementsAre("wide", "narrow"));
}

TEST_F(LevelNamesInABundle, AreNotFreeForAnotherVariantBesideIt) {
  for (const char* output : {"bundle/variants/new", "bundle/variants/new/", "bundle/variants/../variants/new"}) {
    ExpectError(ErrorCode::kFailedPrecondition, "--name = narrow: is a level of variants/elastic already: must be another name",
                [&] { Require(folder_.path() / output, {"new", "narrow"}); });
    Require(folder_.path() / output, {"new"});
  }
}

TEST_F(LevelNamesInABundle, AreFreeForItsSuccessorAndElsewhere) {
  Require(bundle_ / "variants" / "elastic", {"narrow"});
  Require(folder_.path() / "new", {"narrow"});
  Require(folder_.path() / "other" / "variants" / "new", {"narrow"});
}

}  // namespace
}  // namespace tuckerseg
