/// `tuckerseg-compress prune` as a user runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/model/cost.h"
#include "engine/model/variant.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/tiny_network.h"
#include "tests/integration/program.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

class PruneCommand : public testing::Test {
 protected:
  PruneCommand() {
    SaveBundle(TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 1), folder_.path() / "bundle");
    model_ = LoadBundle(folder_.path() / "bundle").model;
  }
  Outcome Run(const std::string& arguments) const { return RunProgram(TUCKERSEG_COMPRESS, arguments, folder_.path()); }
  Variant Load(const std::string& directory) const { return LoadVariant(folder_.path() / directory, model_).variant; }

  const TemporaryDirectory folder_;
  Model model_;
};

TEST_F(PruneCommand, WritesAVariantNamedAsItsDirectory) {
  const Outcome outcome = Run("prune bundle --level 0.5 -o bundle/variants/half/");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("variant half, level 0.5\n"));
  const Variant variant = Load("bundle/variants/half");
  EXPECT_EQ(variant.method, "pruning");
  EXPECT_EQ(variant.grid, 1);
  ASSERT_EQ(variant.levels.size(), 1U);
  EXPECT_EQ(variant.levels.front().name, "half");
  EXPECT_EQ(variant.levels.front().level, 0.5);
  EXPECT_FALSE(variant.levels.front().is_default);
  EXPECT_EQ(variant.levels.front().graphs.front().layers[1].out_channels, 2);
}

TEST_F(PruneCommand, TakesANameAndMayBeTheLevelsDefault) {
  EXPECT_EQ(Run("prune bundle --level 0.25 --name slim --default -o elsewhere").status, 0);
  const VariantLevel level = Load("elsewhere").levels.front();
  EXPECT_EQ(level.name, "slim");
  EXPECT_TRUE(level.is_default);
}

TEST_F(PruneCommand, TellsBothCountsOfParametersAsJson) {
  const Outcome outcome = Run("prune bundle --level 0.5 -o half --json");
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json.at("variant"), "half");
  EXPECT_EQ(json.at("parameters"), ParameterCount(Load("half").levels.front().graphs.front()));
  EXPECT_GT(json.at("counted_parameters"), json.at("parameters"));
  EXPECT_LT(json.at("counted_parameters"), ParameterCount(model_));
  EXPECT_LT(json.at("multiply_adds_per_patch"), TotalMultiplyAdds(model_));
}

TEST_F(PruneCommand, TakesNoNameThatALevelOfTheBundleHas) {
  ASSERT_EQ(Run("prune bundle --level 0.5 -o bundle/variants/half").status, 0);
  ExpectFailure(Run("prune bundle --level 0.3 --name half -o bundle/variants/slim"), 1, "--name = half: is a level of variants/half already: must be another name");
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "bundle" / "variants" / "slim"));
}

TEST_F(PruneCommand, SaysInOneLineWhatIsWrong) {
  ExpectFailure(Run("prune none --level 0.5 -o slim"), 1, "bundle: has no readable model.json");
  ExpectFailure(Run("prune bundle --level 2 -o slim"), 1, "level = 2: must be in (0, 1]");
  ExpectFailure(Run("prune bundle --level 0.5 --name original -o slim"), 1, "original");
  ExpectFailure(Run("prune bundle --level 0.5 -o bundle"), 1, "variant");
  ExpectFailure(Run("prune bundle -o slim"), 2, "--level is required");
  ExpectFailure(Run("prune bundle --level 0.5"), 2, "--output is required");
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "slim"));
}

}  // namespace
}  // namespace tuckerseg
