#include "compression/cli/evaluate_display.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/compression/evaluate/density_model.h"
#include "tests/compression/evaluate/made_scores.h"

namespace tuckerseg {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

/// The density model and one variant: over eight cases the spleen falls by 0.03 to 0.1, the liver wavers by less than 0.01; `liver_cases` of them hold
/// the liver.
struct Evaluated {
  explicit Evaluated(size_t liver_cases = 8) {
    CaseValues before(8, std::nullopt);
    CaseValues after(8, std::nullopt);
    const CaseValues wavering{0.901, 0.898, 0.903, 0.896, 0.905, 0.894, 0.907, 0.9};
    for (size_t i = 0; i < liver_cases; ++i) {
      before[i] = 0.9;
      after[i] = wavering[i];
    }
    VariantScores original = MadeScores({{"liver", before}, {"spleen", CaseValues(8, 0.9)}});
    original.name = original.method = "original";
    scores = {original, MadeScores({{"liver", after}, {"spleen", {0.87, 0.86, 0.85, 0.84, 0.83, 0.82, 0.81, 0.8}}})};
  }
  std::vector<VariantSummary> Summaries() const {
    CaseFolder folder;
    folder.classes = {{"liver", 5}, {"spleen", 1}};
    return SummarizeVariants(scores, DensityBundle().model, folder);
  }
  void RemoveLabels() {
    for (VariantScores& variant : scores)
      for (ScoredCase& one : variant.cases) {
        one.labelled = false;
        for (ScoredStructure& structure : one.structures) structure.to_reference.reset();
      }
  }

  std::vector<VariantScores> scores;
};

/// The line of `text` that begins with `name`, with one blank where it has several.
std::string LineOf(const std::string& text, const std::string& name) {
  const size_t begin = text.find("  " + name + " ");
  std::string line;
  for (const char c : text.substr(begin + 2, text.find('\n', begin) - begin - 2))
    if (c != ' ' || line.back() != ' ') line += c;
  return line;
}

TEST(ResultTable, PutsEquivalenceBesideNoEvidence) {
  const Evaluated evaluated;
  const std::string text = ResultTable(evaluated.scores, evaluated.Summaries());
  EXPECT_THAT(LineOf(text, "level"), EndsWith("no evidence of a difference equivalent untested s a case"));
  EXPECT_THAT(LineOf(text, "tucker-0.3"), EndsWith(" 0.7500 1 of 2 1 of 2 0 1.50"));
  EXPECT_THAT(LineOf(text, "original"), EndsWith(" - - - 1.50")) << "it is not compared with itself";
}

TEST(ResultTable, SaysHowManyStructuresWereInTooFewCases) {
  const Evaluated evaluated(5);
  EXPECT_THAT(LineOf(ResultTable(evaluated.scores, evaluated.Summaries()), "tucker-0.3"), EndsWith(" 0 of 1 0 of 1 1 1.50"));
}

TEST(ResultTable, SaysBesideItsNameThatAVariantHasSeenCases) {
  Evaluated evaluated;
  evaluated.scores[1].seen_cases = 3;
  EXPECT_THAT(ResultTable(evaluated.scores, evaluated.Summaries()), HasSubstr("\n  tucker-0.3 (3 of 8 cases seen when made) "));
  EXPECT_THAT(StructureTables(evaluated.scores, evaluated.Summaries()), HasSubstr("\ntucker-0.3 (3 of 8 cases seen when made) and the original, "));
}

TEST(ResultJson, CountsTheCasesThatEachVariantHasSeen) {
  Evaluated evaluated;
  evaluated.scores[1].seen_cases = 3;
  const auto result = nlohmann::json::parse(ResultJson(DensityBundle().model, {}, evaluated.scores, evaluated.Summaries()));
  EXPECT_EQ(result.at("variants").at(0).at("seen_cases"), 0);
  EXPECT_EQ(result.at("variants").at(1).at("seen_cases"), 3);
}

TEST(StructureTables, HaveEachStructuresTestsAndTheirCounts) {
  const Evaluated evaluated;
  const std::string text = StructureTables(evaluated.scores, evaluated.Summaries());
  EXPECT_THAT(text, HasSubstr("\ntucker-0.3 and the original, Dice to the reference:\n"));
  EXPECT_THAT(LineOf(text, "spleen"), testing::StartsWith("spleen 8 0.9000 0.8350 -0.0650 0.0078 0.0156 no "));
  EXPECT_THAT(LineOf(text, "liver"), testing::StartsWith("liver 8 0.9000 0.9005 +0.0005 "));
  EXPECT_THAT(text, EndsWith("\nno evidence of a difference for 1 of 2 structures\nequivalent within 0.02 for 1 of 2 structures\n"));
}

TEST(StructureTables, HaveNoPValueOfTooFewCases) {
  const Evaluated evaluated(5);
  const std::string text = StructureTables(evaluated.scores, evaluated.Summaries());
  EXPECT_THAT(LineOf(text, "liver"), EndsWith("n too small"));
  EXPECT_THAT(text, EndsWith("\nn too small for 1 more\n"));
}

TEST(StructureTables, AreAgainstTheOriginalWhereNoCaseHasLabels) {
  Evaluated evaluated;
  evaluated.RemoveLabels();
  const std::string text = StructureTables(evaluated.scores, evaluated.Summaries());
  EXPECT_THAT(text, AllOf(HasSubstr("\ntucker-0.3, against the original's label map:\n"), Not(HasSubstr("no evidence"))));
  EXPECT_EQ(LineOf(text, "spleen"), "spleen 8 0.8350 0.8350 3.00");
}

}  // namespace
}  // namespace tuckerseg
