#include "compression/evaluate/metrics_csv.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "tests/compression/evaluate/made_scores.h"

namespace tuckerseg {
namespace {

std::vector<std::string> Lines(const std::vector<VariantScores>& variants) {
  std::vector<std::string> lines;
  std::istringstream text(EncodeMetrics(variants));
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

TEST(EncodeMetrics, HasALineForEachVariantCaseAndStructure) {
  VariantScores second = MadeScores({{"liver", {0.5}}});
  second.name = "pruned, 0.5";
  second.cases[0].structures[0].to_reference.reset();
  const std::vector<std::string> lines = Lines({MadeScores({{"liver", {0.5, 0.9}}}), second});
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[1],
            "tucker-0.3,case_0,liver,1.500,27000.0,0.500000,0.500000,3.0000,1.0000,1.0000,27000.0,0.0,0.000000,"
            "0.500000,0.500000,3.0000,1.0000,1.0000,27000.0,0.0,0.000000");
  EXPECT_EQ(lines[3], "\"pruned, 0.5\",case_0,liver,1.500,27000.0,,,,,,,,,0.500000,0.500000,3.0000,1.0000,1.0000,27000.0,0.0,0.000000");
}

TEST(EncodeMetrics, LeavesCellsEmptyWhereThereIsNoMeasure) {
  VariantScores scores = MadeScores({{"liver", {0.5}}});
  scores.cases[0].structures[0] = {"liver", FoundAbsent(), std::nullopt};
  const std::vector<std::string> lines = Lines({scores});
  EXPECT_EQ(lines[1], "tucker-0.3,case_0,liver,1.500,270.0,,,,,,0.0,270.0,,,,,,,,,");
  EXPECT_EQ(std::count(lines[0].begin(), lines[0].end(), ','), std::count(lines[1].begin(), lines[1].end(), ',')) << "as many cells as names";
}

}  // namespace
}  // namespace tuckerseg
