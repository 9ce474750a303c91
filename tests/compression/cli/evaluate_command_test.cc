/// `tuckerseg-compress evaluate` as a user runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/model/bundle.h"
#include "tests/compression/evaluate/density_model.h"
#include "tests/compression/sphere_cases.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/integration/program.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class EvaluateCommand : public testing::Test {
 protected:
  EvaluateCommand() {
    WriteSphereDataset(folder_.path() / "data", 2);
    SaveBundle(DensityBundle(), folder_.path() / "bundle");
  }
  Outcome Run(const std::string& arguments) const { return RunProgram(TUCKERSEG_COMPRESS, arguments, folder_.path()); }

  const TemporaryDirectory folder_;
};

TEST_F(EvaluateCommand, WritesCardAndMetricsAndShowsATable) {
  const Outcome outcome = Run("evaluate bundle --data data -o report");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.err, StartsWith("1/2 case_0: mean Dice "));
  EXPECT_THAT(outcome.out, HasSubstr("\nliver "));
  EXPECT_THAT(outcome.out, HasSubstr("\nmean over structures "));
  const std::string card = FileText(folder_.path() / "bundle" / "card.json");
  const auto json = nlohmann::json::parse(card);
  EXPECT_GT(json.at("dice_to_reference").at("mean"), 0.98);
  EXPECT_EQ(json.at("data"), (nlohmann::json{{"description", "spheres"}, {"phantoms", true}, {"cases", 2}}));
  EXPECT_EQ(FileText(folder_.path() / "report" / "card.json"), card);
  EXPECT_THAT(FileText(folder_.path() / "report" / "metrics.csv"),
              StartsWith("variant,case,structure,dice,predicted_mm3,reference_mm3\noriginal,case_0,liver,"));
  LoadBundle(folder_.path() / "bundle");  // a card beside the model does no harm
}

TEST_F(EvaluateCommand, SaysNothingWhenItIsToBeQuiet) {
  const Outcome outcome = Run("evaluate bundle --data data -o report --quiet");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out + outcome.err, "");
}

TEST_F(EvaluateCommand, SaysInOneLineWhatIsWrong) {
  ExpectFailure(Run("evaluate none --data data -o report"), 1, "bundle: has no readable model.json");
  ExpectFailure(Run("evaluate bundle --data bundle -o report"), 1, "--data: holds no case");
  ExpectFailure(Run("evaluate bundle --data data"), 2, "--output is required");
  ExpectFailure(Run("evaluate bundle --data data -o report --device tpu"), 1, "tpu");
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "none"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "bundle" / "card.json"));
}

}  // namespace
}  // namespace tuckerseg
