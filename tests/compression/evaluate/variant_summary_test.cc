#include "compression/evaluate/variant_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/compression/evaluate/density_model.h"
#include "tests/compression/evaluate/made_scores.h"

namespace tuckerseg {
namespace {

CaseFolder Naming(std::map<std::string, int64_t> classes) {
  CaseFolder folder;
  folder.classes = std::move(classes);
  return folder;
}

/// Of the density model: spleen, then liver.
std::vector<VariantScores> OriginalAndVariant(size_t cases) {
  VariantScores original = MadeScores({{"liver", CaseValues(cases, 0.9)}, {"spleen", CaseValues(cases, 0.8)}});
  original.name = "original";
  return {original, MadeScores({{"liver", CaseValues(cases, 0.9)}, {"spleen", CaseValues(cases, 0.5)}})};
}

TEST(SummarizeVariants, HasStructuresInTheModelsOrder) {
  const auto summaries = SummarizeVariants(OriginalAndVariant(6), DensityBundle().model, Naming({{"liver", 5}, {"spleen", 1}, {"heart", 51}}));
  ASSERT_EQ(summaries.size(), 2U);
  ASSERT_EQ(summaries[1].to_reference.structures.size(), 2U) << "the model has no heart";
  EXPECT_EQ(summaries[1].to_reference.structures[0].name, "spleen");
  EXPECT_EQ(summaries[1].to_original.structures.size(), 2U);
}

TEST(SummarizeVariants, ComparesWithTheReferenceOnlyWhatTheDataName) {
  const auto summaries = SummarizeVariants(OriginalAndVariant(6), DensityBundle().model, Naming({{"liver", 5}}));
  ASSERT_EQ(summaries[1].to_reference.structures.size(), 1U);
  EXPECT_EQ(summaries[1].to_reference.structures[0].name, "liver");
  EXPECT_EQ(summaries[1].to_original.structures.size(), 2U);
}

TEST(SummarizeVariants, TestsEachVariantAgainstTheOriginalWhereThereAreLabels) {
  std::vector<VariantScores> scores = OriginalAndVariant(8);
  const Model model = DensityBundle().model;
  const CaseFolder folder = Naming({{"liver", 5}, {"spleen", 1}});
  const auto summaries = SummarizeVariants(scores, model, folder);
  EXPECT_FALSE(summaries[0].differences) << "the original does not differ from itself";
  EXPECT_EQ(summaries[1].differences.value().tested, 2);
  EXPECT_EQ(summaries[1].differences.value().no_evidence_of_a_difference, 1) << "the spleen fell in all cases";
  for (VariantScores& variant : scores)
    for (ScoredCase& one : variant.cases) one.labelled = false;
  EXPECT_FALSE(SummarizeVariants(scores, model, folder)[1].differences);
}

}  // namespace
}  // namespace tuckerseg
