#include "compression/evaluate/card_files.h"

#include <gtest/gtest.h>

#include "compression/evaluate/form_scores.h"
#include "engine/model/card_file.h"
#include "tests/compression/evaluate/density_variants.h"
#include "tests/compression/evaluate/made_scores.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

/// Cards as an evaluation makes them of the forms of a density bundle.
class CardFiles : public testing::Test {
 protected:
  CardFiles() { SaveDensityBundle(bundle_); }
  std::vector<Card> Written(const std::vector<std::string>& variants, double dice) const {
    const std::vector<ModelForm> forms = LoadForms(bundle_, variants);
    std::vector<VariantScores> scores;
    for (const ModelForm& form : forms) {
      scores.push_back(ScoresOf(form));
      scores.back().cases = MadeScores({{"liver", CaseValues(6, dice)}}).cases;
    }
    const std::vector<Card> cards = MakeCards(forms, Phantoms(), scores, SummarizeVariants(scores, forms.front().bundle.model, Phantoms()));
    WriteCardFiles(forms, cards);
    return cards;
  }
  std::filesystem::path Variant(const std::string& name) const { return bundle_ / "variants" / name; }

  const TemporaryDirectory folder_;
  const std::filesystem::path bundle_ = folder_.path() / "bundle";
};

TEST_F(CardFiles, StandBesideTheBundleAndEachVariant) {
  const std::vector<Card> cards = Written({"whole", "elastic"}, 0.9);
  ASSERT_EQ(cards.size(), 4U);
  EXPECT_EQ(ReadCards(bundle_), std::vector{cards[0]});
  EXPECT_EQ(ParseCard(FileText(Variant("whole") / "card.json")), cards[1]) << "one level is a card by itself";
  EXPECT_EQ(ReadCards(Variant("elastic")), (std::vector{cards[2], cards[3]}));
  EXPECT_EQ(cards[1].weights_sha256, LoadVariant(Variant("whole"), LoadBundle(bundle_).model).variant.weights_sha256);
  EXPECT_FALSE(std::filesystem::exists(Variant("damaged") / "card.json")) << "it was not measured";
}

TEST_F(CardFiles, KeepTheCardsOfLevelsThatWereNotMeasured) {
  const std::vector<Card> before = Written({"elastic"}, 0.9);
  const std::vector<Card> after = Written({"narrow"}, 0.5);
  EXPECT_EQ(ReadCards(Variant("elastic")), (std::vector{before[1], after[1]})) << "in the variant's order";
  std::vector<Card> foreign = before;
  foreign[1].weights_sha256 = "of weights that were replaced";
  folder_.Write("bundle/variants/elastic/card.json", EncodeCards(foreign));
  const std::vector<Card> again = Written({"narrow"}, 0.5);
  EXPECT_EQ(ReadCards(Variant("elastic")), std::vector{again[1]});
}

TEST_F(CardFiles, KeepWhatABenchMeasured) {
  Card benched = Written({"whole"}, 0.9)[1];
  benched.latency.push_back({.device = "cpu", .executor = "torch", .precision = "fp32", .threads = 2, .patch = {8, 8, 8}, .min_s = 1, .median_s = 2, .peak_bytes = {}});
  benched.volume_latency.push_back({.device = "cpu", .executor = "torch", .precision = "fp32", .threads = 2, .shape = {9, 8, 7}, .spacing_mm = {1, 1, 2}, .seconds = 3});
  folder_.Write("bundle/variants/whole/card.json", EncodeCard(benched));
  Written({"whole"}, 0.5);
  const std::vector<Card> kept = ReadCards(Variant("whole"));
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].latency, benched.latency);
  EXPECT_EQ(kept[0].volume_latency, benched.volume_latency);
}

TEST_F(CardFiles, AreRefusedWhereTheyCannotBeReadRatherThanLost) {
  CheckCardFile(bundle_, "bundle");  // there is none yet
  Written({"elastic"}, 0.9);
  CheckCardFile(Variant("elastic"), "variant narrow");
  folder_.Write("bundle/variants/elastic/card.json", "no card");
  ExpectError(ErrorCode::kInvalidArgument, "variant narrow: card.json: not JSON", [&] { CheckCardFile(Variant("elastic"), "variant narrow"); });
  ExpectError(ErrorCode::kInvalidArgument, "card.json: not JSON", [&] { Written({"narrow"}, 0.5); });
  EXPECT_EQ(FileText(Variant("elastic") / "card.json"), "no card");
  std::filesystem::create_directories(Variant("whole") / "card.json");
  ExpectError(ErrorCode::kInvalidArgument, "variant whole: card.json: cannot be read: must be a file", [&] { CheckCardFile(Variant("whole"), "variant whole"); });
}

}  // namespace
}  // namespace tuckerseg
