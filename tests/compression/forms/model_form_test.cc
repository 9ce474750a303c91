#include "compression/forms/model_form.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/compression/evaluate/density_variants.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class LoadingForms : public testing::Test {
 protected:
  LoadingForms() { SaveDensityBundle(bundle_); }
  std::vector<std::string> Names(const std::vector<std::string>& wanted) const {
    std::vector<std::string> names;
    for (const ModelForm& form : LoadForms(bundle_, wanted)) names.push_back(form.name);
    return names;
  }

  const TemporaryDirectory folder_;
  const std::filesystem::path bundle_ = folder_.path() / "bundle";
};

TEST_F(LoadingForms, HasTheOriginalFirstAndNoOtherUnlessItIsWanted) {
  const std::vector<ModelForm> forms = LoadForms(bundle_, {});
  ASSERT_EQ(forms.size(), 1U);
  EXPECT_EQ(forms[0].name, "original");
  EXPECT_EQ(forms[0].weights_sha256, LoadBundle(bundle_).model.provenance.weights_sha256);
  EXPECT_EQ(forms[0].directory, bundle_);
}

TEST_F(LoadingForms, FindsVariantsAndLevelsByName) {
  EXPECT_THAT(Names({"elastic"}), ElementsAre("original", "wide", "narrow"));
  EXPECT_THAT(Names({"narrow", "whole"}), ElementsAre("original", "narrow", "whole"));
  EXPECT_THAT(Names({"all"}), ElementsAre("original", "damaged", "wide", "narrow", "whole"));
  EXPECT_THAT(Names({"original", "wide", "elastic"}), ElementsAre("original", "wide", "narrow")) << "none twice";
}

TEST_F(LoadingForms, HasAllThereIsWithoutNames) {
  std::vector<std::string> names;
  for (const ModelForm& form : LoadAllForms(bundle_)) names.push_back(form.name);
  EXPECT_THAT(names, ElementsAre("original", "damaged", "wide", "narrow", "whole"));
  std::filesystem::remove_all(bundle_ / "variants");
  EXPECT_EQ(LoadAllForms(bundle_).size(), 1U) << "no variant is no error where none is named";
}

TEST_F(LoadingForms, SaysOfALevelWhatItIs) {
  const ModelForm narrow = LoadForms(bundle_, {"narrow"}).back();
  EXPECT_EQ(narrow.method, "hosvd");
  EXPECT_EQ(narrow.level, 0.4);
  EXPECT_FALSE(narrow.tuned);
  EXPECT_THAT(narrow.siblings, ElementsAre("wide", "narrow"));
  EXPECT_EQ(narrow.directory, bundle_ / "variants" / "elastic");
  EXPECT_EQ(narrow.weights_sha256, LoadVariant(narrow.directory, LoadBundle(bundle_).model).variant.weights_sha256);
}

TEST_F(LoadingForms, KnowsOfEveryLevelTheCasesThatItsVariantHasSeen) {
  const Model model = LoadBundle(bundle_).model;
  VariantFiles tuned = DensityVariant(model, {{"wide-tuned", 0.8, 3}, {"narrow-tuned", 0.4, 2}});
  tuned.variant.seen_cases = {"00c0ffee", "9e02aa35"};
  SaveVariant(tuned, model, bundle_ / "variants" / "tuned");
  const std::vector<ModelForm> forms = LoadForms(bundle_, {"tuned", "whole"});
  EXPECT_THAT(forms[0].seen_cases, IsEmpty()) << "what the original was trained on is not known";
  EXPECT_THAT(forms[1].seen_cases, ElementsAre("00c0ffee", "9e02aa35"));
  EXPECT_THAT(forms[2].seen_cases, ElementsAre("00c0ffee", "9e02aa35"));
  EXPECT_THAT(forms[3].seen_cases, IsEmpty());
}

TEST_F(LoadingForms, TakesADirectoryOutsideTheBundle) {
  const auto outside = folder_.path() / "outside";
  std::filesystem::rename(bundle_ / "variants" / "elastic", outside);
  EXPECT_THAT(Names({outside.string()}), ElementsAre("original", "wide", "narrow"));
  EXPECT_EQ(LoadForms(bundle_, {outside.string()}).back().directory, outside);
}

TEST_F(LoadingForms, SaysWhatThereIsForANameThatIsUnknown) {
  ExpectError(ErrorCode::kNotFound, "--variants = hooi: must be a directory of a variant, or of the bundle's: damaged; elastic (wide, narrow); whole",
              [&] { Names({"hooi"}); });
  std::filesystem::remove_all(bundle_ / "variants");
  ExpectError(ErrorCode::kNotFound, "--variants = hooi: must be a directory of a variant, or one of the bundle's, which has none", [&] { Names({"hooi"}); });
  ExpectError(ErrorCode::kNotFound, "--variants = all: the bundle has none", [&] { Names({"all"}); });
}

TEST_F(LoadingForms, RefusesAVariantOfAnotherModelOnlyWhereItIsWanted) {
  Bundle other = DensityBundle();
  other.weights = {RandomWeights(other.model.parts.front().graph, "fold_0.", 3)};
  SaveWithChecksum(other, folder_.path() / "other");
  const Model model = LoadBundle(folder_.path() / "other").model;
  SaveVariant(DensityVariant(model, {{"foreign", 0.5, 3}}), model, bundle_ / "variants" / "foreign");
  EXPECT_THAT(Names({"whole"}), ElementsAre("original", "whole"));
  ExpectError(ErrorCode::kFailedPrecondition, "must be a variant of this bundle", [&] { Names({"foreign"}); });
}

TEST_F(LoadingForms, LooksAtABrokenVariantOnlyWhereItIsWanted) {
  folder_.Write("bundle/variants/broken/variant.json", "{");
  EXPECT_THAT(Names({"whole"}), ElementsAre("original", "whole"));
  ExpectError(ErrorCode::kInvalidArgument, "variant broken: variant: not JSON", [&] { Names({"broken"}); });
  ExpectError(ErrorCode::kInvalidArgument, "variant: not JSON", [&] { LoadAllForms(bundle_); });
}

TEST_F(LoadingForms, RefusesALevelThatTwoVariantsOfTheBundleHave) {
  std::filesystem::copy(bundle_ / "variants" / "elastic", bundle_ / "variants" / "later", std::filesystem::copy_options::recursive);
  ExpectError(ErrorCode::kInvalidArgument, "--variants = wide: levels of elastic and later have that name: must be one of these directories", [&] { Names({"wide"}); });
  EXPECT_THAT(Names({"later"}), ElementsAre("original", "wide", "narrow"));
}

TEST_F(LoadingForms, RefusesOneNameForLevelsOfTwoVariants) {
  const auto copy = folder_.path() / "copy";
  std::filesystem::copy(bundle_ / "variants" / "whole", copy, std::filesystem::copy_options::recursive);
  ExpectError(ErrorCode::kInvalidArgument, "--variants: whole and copy have a level whole: must be one of them, or another name", [&] { Names({"whole", copy.string()}); });
}

}  // namespace
}  // namespace tuckerseg
