/// `tuckerseg-compress evaluate` as a user runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/model/card.h"
#include "engine/model/json_text.h"
#include "tests/compression/evaluate/density_variants.h"
#include "tests/compression/sphere_cases.h"
#include "tests/compression/sphere_digests.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/integration/program.h"

namespace tuckerseg {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class EvaluateCommand : public testing::Test {
 protected:
  EvaluateCommand() { SaveDensityBundle(folder_.path() / "bundle"); }
  Outcome Run(const std::string& arguments) const { return RunProgram(TUCKERSEG_COMPRESS, arguments, folder_.path()); }
  void WriteCases(int cases) const { WriteSphereDataset(folder_.path() / "data", cases); }
  /// The elastic variant as if it had been calibrated with that many of the cases.
  void LetElasticHaveSeen(int cases) const {
    const std::filesystem::path elastic = folder_.path() / "bundle" / "variants" / "elastic";
    const Model model = LoadBundle(folder_.path() / "bundle").model;
    VariantFiles files = DensityVariant(model, {{"wide", 0.8, 3}, {"narrow", 0.4, 2}});
    files.variant.seen_cases = SphereDigests(cases);
    std::filesystem::remove_all(elastic);
    SaveVariant(files, model, elastic);
  }
  std::string Text(const std::string& path) const { return FileText(folder_.path() / path); }
  /// The figures in the page.
  Json ReportFigures() const {
    const std::string page = Text("report/report.html");
    const std::string begin = "id=\"report\">";
    const size_t at = page.find(begin) + begin.size();
    return Json::parse(page.substr(at, page.find("</script>", at) - at));
  }

  const TemporaryDirectory folder_;
};

TEST_F(EvaluateCommand, OfTheOriginalAloneShowsStructuresAndWritesItsCard) {
  WriteCases(2);
  const Outcome outcome = Run("evaluate bundle --data data -o report");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.err, StartsWith("case 1/2, original: mean Dice "));
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("\n  liver "), HasSubstr("\n  mean over structures ")));
  const std::string text = Text("bundle/card.json");
  const Card card = ParseCard(text);
  EXPECT_GT(card.dice_to_reference.value().mean.value(), 0.98);
  EXPECT_FALSE(card.dice_to_original);
  EXPECT_EQ(card.data, (CardData{"spheres", true, 2}));
  EXPECT_EQ(card.parameters, 6);
  EXPECT_EQ(Text("report/card.json"), text);
  EXPECT_THAT(Text("report/metrics.csv"), HasSubstr("\noriginal,case_0,spleen,"));
  EXPECT_THAT(Text("report/report.html"), HasSubstr("The model tiny"));
  LoadBundle(folder_.path() / "bundle");  // a card beside the model does no harm
}

TEST_F(EvaluateCommand, MeasuresVariantsAndPutsCardsBesideThem) {
  WriteCases(6);
  const Outcome outcome = Run("evaluate --variants all bundle --data data -o report");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("case 6/6, narrow: mean Dice "), HasSubstr("to the original "), Not(HasSubstr("case_"))));
  EXPECT_THAT(outcome.out, AllOf(StartsWith("  level "), HasSubstr("\n  whole "), HasSubstr("2 of 2"), Not(HasSubstr("case_"))));
  const Card whole = ParseCard(Text("bundle/variants/whole/card.json"));
  EXPECT_EQ(whole.variant, "whole");
  EXPECT_EQ(whole.Quality(), 1.0);
  EXPECT_EQ(whole.dice_to_original.value().equal_share, 1.0);
  const Card damaged = ParseCard(Text("bundle/variants/damaged/card.json"));
  EXPECT_LT(damaged.Quality().value(), damaged.dice_to_original.value().mean.value());
  const std::vector<Card> elastic = ParseCards(Text("bundle/variants/elastic/card.json"));
  ASSERT_EQ(elastic.size(), 2U);
  EXPECT_EQ(elastic[0].Quality(), 1.0);
  EXPECT_EQ(elastic[1].variant, "narrow");
  EXPECT_EQ(elastic[1].dice_to_original.value().structures[1].missed, 6) << "no liver is left";
  EXPECT_EQ(ParseCards(Text("report/card.json")).size(), 5U);
  EXPECT_EQ(ParseCard(Text("bundle/card.json")).variant, "original");
}

TEST_F(EvaluateCommand, WritesAReportOfAllThatWasMeasured) {
  WriteCases(6);
  ASSERT_EQ(Run("evaluate bundle --variants elastic,damaged --data data -o report --pictures 1 --tolerance 1.5").status, 0);
  const Json figures = ReportFigures();
  EXPECT_EQ(figures.at("surface_tolerance_mm"), 1.5);
  EXPECT_EQ(ParseCard(Text("bundle/variants/damaged/card.json")).surface_tolerance_mm, 1.5);
  ASSERT_EQ(figures.at("variants").size(), 4U);
  EXPECT_EQ(figures.at("variants").at(3).at("name"), "damaged");
  EXPECT_EQ(figures.at("variants").at(3).at("statistics").at(0).at("cases"), 6);
  EXPECT_TRUE(figures.at("variants").at(1).at("latency").is_null());
  const Json& pictures = figures.at("worst_cases");
  EXPECT_EQ(pictures.at(0).at("variant"), "narrow") << "the worst first";
  EXPECT_EQ(std::count_if(pictures.begin(), pictures.end(), [](const Json& one) { return one.at("variant") == "damaged"; }), 1);
  const std::string page = Text("report/report.html");
  for (const char* load : {"src=\"http", "href=\"http", "url(http", "@import"}) EXPECT_EQ(page.find(load), std::string::npos) << load;
  EXPECT_NE(page.find("Content-Security-Policy"), std::string::npos);
}

TEST_F(EvaluateCommand, ShowsTheTimesOfABenchOfThisMachine) {
  WriteCases(1);
  ASSERT_EQ(Run("bench bundle --variants original,whole --repeat 1 --threads 1 --json --quiet").status, 0);
  ASSERT_EQ(Run("evaluate bundle --variants whole --data data -o report --quiet").status, 0);
  const Json whole = ReportFigures().at("variants").at(1);
  EXPECT_THAT(whole.at("latency").at("device").get<std::string>(), AllOf(StartsWith("cpu"), HasSubstr(", torch fp32, 1 thread, patch 16 x 16 x 16")));
  EXPECT_GT(whole.at("seconds_per_case"), 0);
}

TEST_F(EvaluateCommand, SaysThatFewerThanSixCasesAreTooFew) {
  WriteCases(2);
  const Outcome outcome = Run("evaluate bundle --variants whole --data data -o report --structures");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("n too small"), HasSubstr("\nn too small: no structure occurs in 6 cases\n")));
  const Json card = Json::parse(Text("bundle/variants/whole/card.json"));
  EXPECT_TRUE(card.at("dice_to_original").at("quality").is_null());
  EXPECT_EQ(card.at("dice_to_original").at("n_too_small"), true);
  EXPECT_EQ(card.at("dice_to_original").at("mean"), 1);
}

TEST_F(EvaluateCommand, RefusesCasesThatAVariantHasSeenWhateverItsLevel) {
  WriteCases(2);
  LetElasticHaveSeen(1);
  for (const char* level : {"wide", "narrow"}) {
    const Outcome outcome = Run("evaluate bundle --variants whole," + std::string(level) + " --data data -o report");
    ExpectFailure(outcome, 1, "variant " + std::string(level) + ": 1 of 2 cases were seen when it was made: must be measured on others, or with --allow-seen-cases");
    EXPECT_THAT(outcome.err, Not(HasSubstr("case_")));
  }
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "bundle" / "card.json"));
}

TEST_F(EvaluateCommand, PromisesNothingOfSeenCasesThatItIsAllowedToMeasure) {
  WriteCases(6);
  LetElasticHaveSeen(2);
  const Outcome outcome = Run("evaluate bundle --variants whole,elastic --data data -o report --allow-seen-cases");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("\n  whole "), HasSubstr("\n  wide (2 of 6 cases seen when made) "), HasSubstr("\n  narrow (2 of 6 cases seen when made) ")));
  for (const Card& card : ParseCards(Text("bundle/variants/elastic/card.json"))) {
    EXPECT_EQ(card.data.seen_cases, 2) << card.variant;
    EXPECT_FALSE(card.Quality()) << card.variant;
    EXPECT_TRUE(card.dice_to_original.value().ci95.has_value()) << card.variant;
  }
  EXPECT_EQ(ParseCard(Text("bundle/variants/whole/card.json")).Quality(), 1.0) << "it has seen none";
  EXPECT_EQ(ParseCard(Text("bundle/card.json")).data.seen_cases, 0);
  EXPECT_EQ(ReportFigures().at("variants").at(2).at("seen_cases"), 2);
}

TEST_F(EvaluateCommand, NeedsNoLabelsForAgreementWithTheOriginal) {
  WriteCases(6);
  for (int i = 0; i < 6; ++i) {
    const std::string name = "case_" + std::to_string(i);
    std::filesystem::create_directories(folder_.path() / "bare");
    std::filesystem::copy(folder_.path() / "data" / "imagesTr" / (name + "_0000.nii.gz"), folder_.path() / "bare" / (name + ".nii.gz"));
  }
  const Outcome outcome = Run("evaluate bundle --variants damaged --data bare -o report --json");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const Card card = ParseCard(Text("bundle/variants/damaged/card.json"));
  EXPECT_FALSE(card.dice_to_reference);
  EXPECT_GT(card.Quality().value(), 0.5);
  const Json result = Json::parse(outcome.out);
  EXPECT_TRUE(result.at("variants").at(1).at("dice_to_reference").is_null());
  EXPECT_LT(result.at("variants").at(1).at("dice_to_original").at("mean"), 1);
  EXPECT_EQ(ReportFigures().at("worst_cases").at(0).at("against"), "original");
  ExpectFailure(Run("evaluate bundle --data bare -o report"), 1, "--data: holds no case");
}

TEST_F(EvaluateCommand, PrintsItsResultAsJson) {
  WriteCases(6);
  const Outcome outcome = Run("evaluate bundle --variants whole --data data -o report --json --quiet");
  EXPECT_EQ(outcome.err, "");
  const Json result = Json::parse(outcome.out);
  EXPECT_EQ(result.at("data").at("cases"), 6);
  const Json& whole = result.at("variants").at(1);
  EXPECT_EQ(whole.at("variant"), "whole");
  EXPECT_EQ(whole.at("parameters"), 1 + 3 + 9 + 3);
  EXPECT_DOUBLE_EQ(whole.at("parameters_share"), 16.0 / 6);
  EXPECT_EQ(whole.at("differences").at("no_evidence_of_a_difference"), 2);
  EXPECT_EQ(whole.at("equal_share"), 1);
  EXPECT_GT(whole.at("seconds_per_case"), 0);
}

TEST_F(EvaluateCommand, SaysNothingWhenItIsToBeQuiet) {
  WriteCases(1);
  const Outcome outcome = Run("evaluate bundle --data data -o report --quiet");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out + outcome.err, "");
}

TEST_F(EvaluateCommand, RefusesWhatCannotBeWrittenAnewBeforeItMeasures) {
  WriteCases(1);
  const auto refuse = [&](const std::filesystem::path& in_the_way, const std::string& message) {
    std::filesystem::create_directories(folder_.path() / in_the_way);
    ExpectFailure(Run("evaluate bundle --variants whole --data data -o report"), 1, message);
    std::filesystem::remove(folder_.path() / in_the_way);
  };
  refuse("bundle/card.json", "bundle: card.json: cannot be read: must be a file");
  refuse("report/report.html", "--output: report.html is there and no file");
  folder_.Write("bundle/variants/whole/card.json", "no card");
  ExpectFailure(Run("evaluate bundle --variants whole --data data -o report"), 1, "variant whole: card.json: not JSON");
}

TEST_F(EvaluateCommand, LeavesTheCardsAsTheyAreWhereItIsToldTo) {
  WriteCases(3);
  ASSERT_EQ(Run("evaluate bundle --data data -o first").status, 0);
  const std::string card = Text("bundle/card.json");
  WriteSphereDataset(folder_.path() / "fewer", 1);
  const Outcome outcome = Run("evaluate bundle --variants whole --data fewer -o report --no-card");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("the cards of bundle and variants are as they were\n"));
  EXPECT_EQ(Text("bundle/card.json"), card);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "bundle" / "variants" / "whole" / "card.json"));
  EXPECT_THAT(Text("report/card.json"), HasSubstr("whole"));
}

TEST_F(EvaluateCommand, LeavesNoFolderWhereItEndsBeforeAnyResult) {
  WriteCases(2);
  LetElasticHaveSeen(2);
  ExpectFailure(Run("evaluate bundle --variants elastic --data data -o report"), 1, "2 of 2 cases were seen when it was made");
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "report"));
}

TEST_F(EvaluateCommand, SaysInOneLineWhatIsWrong) {
  WriteCases(1);
  ExpectFailure(Run("evaluate none --data data -o report"), 1, "bundle: has no readable model.json");
  ExpectFailure(Run("evaluate bundle --data bundle -o report"), 1, "--data: holds no case");
  ExpectFailure(Run("evaluate bundle --data data"), 2, "--output is required");
  ExpectFailure(Run("evaluate bundle --data data -o report --split best"), 2, "--split: best not in {train,test,all}");
  ExpectFailure(Run("evaluate bundle --data data -o report --split test"), 1, "--data: holds no case");
  ExpectFailure(Run("evaluate bundle --data data -o report --pictures -1"), 2, "--pictures");
  ExpectFailure(Run("evaluate bundle --data data -o report --tolerance -1"), 2, "--tolerance");
  ExpectFailure(Run("evaluate bundle --data data -o report --tolerance nan"), 2, "--tolerance: must be a number in [0, ");
  ExpectFailure(Run("evaluate bundle --variants hooi --data data -o report"), 1, "of the bundle's: damaged; elastic (wide, narrow); whole");
  ExpectFailure(Run("evaluate bundle --data data -o report --device tpu"), 1, "tpu");
  ExpectFailure(Run("evaluate bundle --data data -o bundle/model.json/report"), 1, "--output = bundle/model.json/report: cannot be made");
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "none"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "bundle" / "card.json"));
}

}  // namespace
}  // namespace tuckerseg
