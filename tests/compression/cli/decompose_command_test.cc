/// `tuckerseg-compress decompose` as a user runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "compression/cases/case_digest.h"
#include "compression/cases/case_files.h"
#include "engine/model/cost.h"
#include "engine/model/variant.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/nifti_builder.h"
#include "tests/integration/program.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

class DecomposeCommand : public testing::Test {
 protected:
  DecomposeCommand() {
    SaveBundle(TinyBundle(TinyUnet(16, 4), {8, 8, 8}, 1), folder_.path() / "bundle");
    model_ = LoadBundle(folder_.path() / "bundle").model;
  }
  Outcome Run(const std::string& arguments) const { return RunProgram(TUCKERSEG_COMPRESS, "decompose bundle " + arguments, folder_.path()); }
  VariantFiles Load(const std::string& directory) const { return LoadVariant(folder_.path() / directory, model_); }

  const TemporaryDirectory folder_;
  Model model_;
};

TEST_F(DecomposeCommand, WritesTheLevelOfThePapersRuleAndSaysWhatItCosts) {
  const Outcome outcome = Run("--level 0.5 --default -o bundle/variants/half/");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("half"));
  const Variant variant = Load("bundle/variants/half").variant;
  EXPECT_TRUE(variant.seen_cases.empty()) << "it saw weights alone";
  const VariantLevel& level = variant.levels.front();
  EXPECT_EQ(level.name, "half");
  EXPECT_EQ(level.level, 0.5);
  EXPECT_TRUE(level.is_default);
  EXPECT_EQ(level.graphs.front().layers[1].rank_out, 8);
}

TEST_F(DecomposeCommand, FailsWhereWhatItPrintsCannotBeWritten) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  const Outcome outcome = RunOnAFullDisk(TUCKERSEG_COMPRESS, "decompose bundle --level 0.5 -o half", folder_.path());
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("error: output: cannot be written: standard output must take all"));
}

TEST_F(DecomposeCommand, WritesSeveralLevelsIntoOneVariant) {
  EXPECT_EQ(Run("--level 0.9,0.5 --half -o elastic").status, 0);
  const VariantFiles files = Load("elastic");
  EXPECT_EQ(files.variant.method, "hosvd");
  ASSERT_EQ(files.variant.levels.size(), 2U);
  EXPECT_EQ(files.variant.levels[0].name, "elastic-0.9");
  EXPECT_EQ(files.variant.levels[1].name, "elastic-0.5");
  EXPECT_EQ(files.weights.front().At("fold_0.encoder.1.conv.core").type, TensorType::kFloat16);
}

TEST_F(DecomposeCommand, MeetsABudget) {
  EXPECT_EQ(Run("--budget params=0.5 --grid 1 --method hosvd --quiet -o budget").status, 0);
  const Bundle bundle = BundleOf(model_, Load("budget"), 0);
  EXPECT_LE(ParameterCount(bundle.model), ParameterCount(model_) / 2);
}

TEST_F(DecomposeCommand, MakesTheAuthorsFactorsWhereTheyAreAskedFor) {
  EXPECT_EQ(Run("--level 0.5 --method hooi --quiet -o hooi").status, 0);
  EXPECT_EQ(Load("hooi").variant.method, "hooi");
  ExpectFailure(Run("--level 0.5,0.3 --method hooi -o v"), 1, "--method = hooi: its factors are fitted to one rank");
}

TEST_F(DecomposeCommand, KeepsTheShareOfTheEnergyThatIsAskedFor) {
  EXPECT_EQ(Run("--energy 0.5 --quiet -o energy").status, 0);
  EXPECT_FALSE(Load("energy").variant.levels.front().level);
  EXPECT_LT(ParameterCount(BundleOf(model_, Load("energy"), 0).model), ParameterCount(model_));
}

TEST_F(DecomposeCommand, SaysWhatEachLevelCostsAsJson) {
  const Outcome outcome = Run("--level 0.9,0.5 --half --json -o elastic");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const nlohmann::json report = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(report["method"], "hosvd");
  ASSERT_EQ(report["levels"].size(), 3U);
  EXPECT_EQ(report["levels"][0]["level"], "original");
  EXPECT_TRUE(report["levels"][0]["number"].is_null());
  EXPECT_EQ(report["levels"][0]["parameters"], ParameterCount(model_));
  const Bundle small = BundleOf(model_, Load("elastic"), 1);
  EXPECT_EQ(report["levels"][2]["number"], 0.5);
  EXPECT_EQ(report["levels"][2]["multiply_adds_per_patch"], TotalMultiplyAdds(small.model));
  EXPECT_EQ(report["levels"][2]["weight_bytes"], small.weights.front().TotalBytes());
  EXPECT_FALSE(report["levels"][2].contains("layers_alone_s"));
}

TEST_F(DecomposeCommand, NamesTheLeastShareWhereABudgetCannotBeMet) {
  ExpectFailure(Run("--budget params=0.001 -o budget"), 1, "must be at least");
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "budget"));
}

TEST_F(DecomposeCommand, RefusesWhatCannotBeMeant) {
  ExpectFailure(Run("-o v"), 2, "--level, --energy, --budget: must be exactly one of them");
  ExpectFailure(Run("--level 0.5 --energy 0.9 -o v"), 2, "--level, --energy, --budget: must be exactly one of them");
  ExpectFailure(Run("--level 0.5 --grid 0 -o v"), 2, "--grid: must be a whole number of at least 1, not 0: see tuckerseg-compress decompose --help");
  ExpectFailure(Run("--level 0 -o v"), 1, "must be in (0, 1]");
  ExpectFailure(Run("--level 0.5 --method svd -o v"), 2, "--method");
  ExpectFailure(Run("--level 0.5 --name original -o v"), 1, "--name = original: must be another name");
  ExpectFailure(Run("--level 0.5 -o bundle/variants/auto"), 1, "--output = auto: must be another name");
  ExpectFailure(Run("--level 0.50000001,0.5 -o v"), 1, "levels: two are called v-0.5");
  ExpectFailure(Run("--budget watts=0.5 -o v"), 1, "must be params=X");
  ExpectFailure(Run("--energy 0.9 --default -o v"), 2, "--default: needs --level or --budget");
  ExpectFailure(Run("--level 0.5 -o 'my variant'"), 1, "--output = my variant: must be a name of letters");
  ExpectFailure(Run("--budget flops=0.9,params=0.5 --grid 4 -o v"), 1, "must be shares of one thing");
  ExpectFailure(Run("--level 0.5 --device cpu -o v"), 2, "--device, --precision: go with --budget latency=X alone");
  ExpectFailure(Run("--level 0.5 --max-memory 1 -o v"), 2, "--max-memory: goes with --method data-aware alone");
}

TEST_F(DecomposeCommand, WritesOverNothing) {
  folder_.Write("v/file", "somebody's");
  ExpectFailure(Run("--level 0.5 -o v"), 1, "variant: v is there and no empty directory: must be a new or empty one");
}

TEST_F(DecomposeCommand, TakesNoNameThatALevelOfTheBundleHas) {
  ASSERT_EQ(Run("--level 0.7,0.5 -o bundle/variants/elastic").status, 0);
  ExpectFailure(Run("--level 0.3 --name elastic-0.5 -o bundle/variants/later"), 1, "--name = elastic-0.5: is a level of variants/elastic already: must be another name");
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "bundle" / "variants" / "later"));
}

TEST_F(DecomposeCommand, RefusesWhatWouldDoNothing) {
  ExpectFailure(Run("--level 0.5 --patches 9 -o v"), 2, "--patches requires --calibration");
  ExpectFailure(Run("--level 0.5 --seed 4 -o v"), 2, "--seed requires --calibration");
}

TEST_F(DecomposeCommand, SaysWhereALevelCostsMoreThanTheOriginal) {
  const Outcome outcome = Run("--level 0.3 --grid 4096 -o v");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, testing::HasSubstr("\nv: costs more than the original: its ranks save nothing\n"));
}

#ifdef TUCKERSEG_WITH_NETWORKS
class DataAwareCommand : public DecomposeCommand {
 protected:
  DataAwareCommand() {
    std::vector<int16_t> voxels(24 * 24 * 24);
    for (size_t v = 0; v < voxels.size(); ++v) voxels[v] = static_cast<int16_t>((v * 7919) % 1500) - 700;
    const std::vector<std::byte> file = NiftiBuilder().Shape({24, 24, 24}).Spacing({1, 1, 1}).Voxels(voxels).Bytes();
    folder_.Write("ct.nii", std::string(reinterpret_cast<const char*>(file.data()), file.size()));
  }
};

TEST_F(DataAwareCommand, SharesABudgetOutOverTheLayers) {
  const Outcome outcome = Run("--budget flops=0.5 --grid 4 --calibration ct.nii --samples 2000 -o aware");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const VariantFiles files = Load("aware");
  EXPECT_EQ(files.variant.method, "data-aware");
  EXPECT_THAT(files.variant.calibration, HasSubstr("patches of 512 voxels"));
  EXPECT_EQ(files.variant.seen_cases, std::set{CaseDigest(ReadVolume(folder_.path() / "ct.nii", "ct"))});
  EXPECT_LE(TotalMultiplyAdds(BundleOf(model_, files, 0).model), TotalMultiplyAdds(model_) / 2);
}

TEST_F(DataAwareCommand, KeepsTheBudgetOfEachLevelOfAnElasticVariant) {
  const Outcome outcome = Run("--budget flops=0.8 flops=0.6 flops=0.5 --grid 1 --calibration ct.nii --samples 2000 -o aware");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const VariantFiles files = Load("aware");
  ASSERT_EQ(files.variant.levels.size(), 3U);
  const auto whole = static_cast<double>(TotalMultiplyAdds(model_));
  for (size_t i = 0; i < 3; ++i) {
    const double share = static_cast<double>(TotalMultiplyAdds(BundleOf(model_, files, i).model)) / whole;
    EXPECT_LE(share, *files.variant.levels[i].level) << files.variant.levels[i].name;
  }
  ExpectFailure(Run("--budget flops=0.8 params=0.6 --calibration ct.nii --samples 2000 -o mixed"), 1, "must be shares of one thing");
}

TEST_F(DataAwareCommand, WritesWhatEveryBudgetWouldBuy) {
  ASSERT_EQ(Run("--budget flops=0.5 --grid 2 --calibration ct.nii --samples 2000 --front front.json -o aware").status, 0);
  const auto points = nlohmann::json::parse(FileText(folder_.path() / "front.json"))["points"];
  ASSERT_GT(points.size(), 2U);
  for (size_t i = 1; i < points.size(); ++i) {
    EXPECT_GT(points[i]["share"], points[i - 1]["share"]);
    EXPECT_LT(points[i]["loss"], points[i - 1]["loss"]);
  }
  EXPECT_LE(points.back()["share"], 1);
  EXPECT_NEAR(points.back()["loss"].get<double>(), 0, 1e-9) << "where all is whole nothing is lost";
  ExpectFailure(Run("--level 0.5 --calibration ct.nii --front f.json -o v"), 2, "--front: needs --budget");
  ExpectFailure(Run("--budget flops=0.5 --grid 2 --calibration ct.nii --front none/f.json -o v"), 1, "--front = none/f.json: must be a file in a folder that is there");
  ExpectFailure(Run("--energy nan -o v"), 2, "--energy: must be a number in [1e-09, 1], not nan");
  ExpectFailure(Run("--budget flops=0.5 --grid 2 --front f.json -o v"), 2, "--front: goes with --method data-aware");
}

TEST_F(DataAwareCommand, MeasuresLayersForABudgetOfLatencyOnce) {
  const std::string options = " --grid 4 --calibration ct.nii --samples 2000 --layer-times times.json -o ";
  ASSERT_EQ(Run("--budget latency=1" + options + "whole").status, 0);  // the layers of so small a network may all be fastest whole
  auto times = nlohmann::ordered_json::parse(FileText(folder_.path() / "times.json"));
  ASSERT_FALSE(times["times"].empty());
  for (auto& time : times["times"]) time["seconds"] = time["rank_in"] == 0 ? 1.0 : 0.1;
  folder_.Write("times.json", times.dump(1));
  const Outcome outcome = Run("--budget latency=0.8" + options + "fast");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const std::vector<Layer> layers = Load("fast").variant.levels.front().graphs.front().layers;
  EXPECT_TRUE(std::any_of(layers.begin(), layers.end(), [](const Layer& layer) { return IsTucker(layer.kind); })) << "as the file says that it pays";
  EXPECT_EQ(nlohmann::ordered_json::parse(FileText(folder_.path() / "times.json")), times) << "nothing is measured again";
}

TEST_F(DataAwareCommand, KeepsABudgetOfLatencyAtEachLevelAndSaysWhatLayersTakeAlone) {
  const std::string options = " --grid 4 --layer-times times.json --json -o ";
  ASSERT_EQ(Run("--budget latency=1 --method hosvd" + options + "whole").status, 0) << "measures the original's layers and some others";
  auto times = nlohmann::ordered_json::parse(FileText(folder_.path() / "times.json"));
  for (auto& time : times["times"]) time["seconds"] = 1.0;
  folder_.Write("times.json", times.dump(1));
  const Outcome outcome = Run("--budget latency=0.99,latency=0.9 --calibration ct.nii --samples 2000" + options + "elastic");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const nlohmann::json levels = nlohmann::json::parse(outcome.out)["levels"];
  ASSERT_EQ(levels.size(), 3U);
  const double whole = levels[0]["layers_alone_s"];
  EXPECT_LE(levels[1]["layers_alone_s"].get<double>(), 0.99 * whole);
  EXPECT_LE(levels[2]["layers_alone_s"].get<double>(), 0.9 * whole);
  ExpectFailure(Run("--budget latency=0.9,latency=0.8 --method hosvd" + options + "v"), 1, "several levels must be made with data-aware");
  ExpectFailure(Run("--budget latency=0.5 --device cuda:99" + options + "v"), 1, "cuda:99");
  ExpectFailure(Run("--budget latency=0.5 --precision int8" + options + "v"), 2, "--precision");
}

TEST_F(DataAwareCommand, FitsToThePatchesThatAreAskedFor) {
  const auto calibration = [&](const std::string& arguments, const std::string& directory) {
    const Outcome outcome = Run("--level 0.5 --samples 1000 --quiet " + arguments + " -o " + directory);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return Load(directory).variant.calibration;
  };
  EXPECT_EQ(calibration("--calibration ct.nii ct.nii --patches 3 --patch 16,8,8", "patches"), "6 patches of 1024 voxels, at least 1000 voxels a layer, layer after layer");
  EXPECT_EQ(calibration("--calibration ct.nii --independent --correct-norms", "alone"), "4 patches of 512 voxels, at least 1000 voxels a layer, norms corrected");
  EXPECT_EQ(Load("alone").weights.front().At("fold_0.encoder.1.norm.weight").type, TensorType::kFloat32);
}

TEST_F(DataAwareCommand, SamplesOtherVoxelsWithAnotherSeed) {
  EXPECT_EQ(Run("--level 0.5 --calibration ct.nii --samples 200 --quiet -o one").status, 0);
  EXPECT_EQ(Run("--level 0.5 --calibration ct.nii --samples 200 --seed 1 --quiet -o two").status, 0);
  EXPECT_NE(Load("one").variant.weights_sha256, Load("two").variant.weights_sha256);
}

TEST_F(DataAwareCommand, RefusesWhatWouldNotFitIntoMemoryBeforeTheWork) {
  ExpectFailure(Run("--level 0.5 --calibration ct.nii --max-memory 0.0001 -o v"), 1, "MiB: must be at most 0.1 MiB (--max-memory): fewer or smaller patches (--patches, --patch)");
  ExpectFailure(Run("--level 1 --calibration ct.nii --max-memory 0.005 -o v"), 1, "MiB: must be at most 5.1 MiB (--max-memory): a smaller level");
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "v"));
}

TEST_F(DataAwareCommand, GivesTheSameVariantOnEveryRun) {
  EXPECT_EQ(Run("--level 0.5 --calibration ct.nii --samples 2000 --quiet -o one").status, 0);
  EXPECT_EQ(Run("--level 0.5 --calibration ct.nii --samples 2000 --quiet -o two").status, 0);
  EXPECT_EQ(Load("one").variant.weights_sha256, Load("two").variant.weights_sha256);
}

TEST_F(DataAwareCommand, NeedsCalibrationAndCalibrationNeedsIt) {
  ExpectFailure(Run("--level 0.5 --method data-aware -o v"), 2, "--calibration");
  ExpectFailure(Run("--level 0.5 --method hosvd --calibration ct.nii -o v"), 2, "--method data-aware");
  ExpectFailure(Run("--level 0.5 --calibration absent.nii -o v"), 1, "--calibration = absent.nii: cannot be read");
}
#endif

}  // namespace
}  // namespace tuckerseg
