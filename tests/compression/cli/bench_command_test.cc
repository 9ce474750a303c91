/// `tuckerseg-compress bench` as a user runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/model/bundle.h"
#include "engine/model/card_file.h"
#include "engine/model/cost.h"
#include "tests/compression/evaluate/density_model.h"
#include "tests/compression/sphere_cases.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/tiny_network.h"
#include "tests/integration/program.h"

namespace tuckerseg {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class BenchCommand : public testing::Test {
 protected:
  BenchCommand() { SaveBundle(TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 1), folder_.path() / "bundle"); }

  Outcome Run(const std::string& arguments) const { return RunProgram(TUCKERSEG_COMPRESS, arguments, folder_.path()); }
  json ReadJson(const std::string& file) const { return json::parse(FileText(folder_.path() / file)); }
  void Prune() const { ASSERT_EQ(Run("prune bundle --level 0.5 -o bundle/variants/half").status, 0); }

  const TemporaryDirectory folder_;
};

std::vector<std::string> VariantsOf(const json& report) {
  std::vector<std::string> names;
  for (const json& result : report.at("results")) names.push_back(result.at("variant"));
  return names;
}

/// Whether the kernel lets a process reset its peak.
bool PeaksCanBeMeasured() {
  std::ofstream file("/proc/self/clear_refs");
  return static_cast<bool>(file << "5" << std::flush);
}

TEST_F(BenchCommand, MeasuresAllVariantsAndPrintsThemAsJson) {
  Prune();
  const Outcome outcome = Run("bench bundle --threads 2 --repeat 2 --json --quiet");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  const json report = json::parse(outcome.out);
  EXPECT_THAT(report.at("device").get<std::string>(), StartsWith("cpu"));
  EXPECT_EQ(report.at("threads"), 2);
  EXPECT_THAT(VariantsOf(report), ElementsAre("original", "half"));
  for (const json& result : report.at("results")) {
    EXPECT_EQ(result.at("executor"), "torch");
    EXPECT_EQ(result.at("precision"), "fp32");
    EXPECT_EQ(result.at("patch"), (json{8, 8, 8}));
    EXPECT_GT(result.at("min_s"), 0);
    EXPECT_GE(result.at("median_s"), result.at("min_s"));
    EXPECT_EQ(result.at("peak_bytes").is_number(), PeaksCanBeMeasured()) << result;
    EXPECT_EQ(result.size(), 8U);
  }
  EXPECT_NEAR(report.at("results")[0].at("gmac").get<double>(), static_cast<double>(TotalMultiplyAdds(TinyUnet(4, 3), {8, 8, 8})) / 1e9, 1e-12);
}

TEST_F(BenchCommand, ShowsATableWithSharesOfTheOriginal) {
  Prune();
  const Outcome outcome = Run("bench bundle --threads 1 --repeat 1");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.err, StartsWith("1/4: original\n2/4: half\n"));
  EXPECT_THAT(outcome.out, HasSubstr("GFLOP/s in a large matrix product\n"));
  EXPECT_THAT(outcome.out, HasSubstr("\noriginal "));
  EXPECT_THAT(outcome.out, HasSubstr("\nhalf "));
}

TEST_F(BenchCommand, WritesTimesIntoTheCardsAndReplacesItsOwn) {
  Prune();
  Card before{.model = "tiny", .task = "tiny"};
  before.data.cases = 7;
  before.latency.push_back({.device = "another", .executor = "torch", .precision = "fp32", .threads = 1, .patch = {8, 8, 8}, .min_s = 1, .median_s = 1});
  WriteCards(folder_.path() / "bundle", std::vector{before});
  EXPECT_EQ(Run("bench bundle --threads 1 --repeat 1 --quiet").status, 0);
  EXPECT_EQ(Run("bench bundle --threads 1 --repeat 1 --quiet").status, 0);
  const json card = ReadJson("bundle/card.json");
  EXPECT_EQ(card.at("data").at("cases"), 7);
  ASSERT_EQ(card.at("latency").size(), 2U);
  EXPECT_EQ(card.at("latency")[0].at("device"), "another");
  EXPECT_EQ(card.at("latency")[1].at("threads"), 1);
  const json fresh = ReadJson("bundle/variants/half/card.json");
  EXPECT_EQ(fresh.at("variant"), "half");
  EXPECT_EQ(fresh.at("method"), "pruning");
  EXPECT_EQ(fresh.at("level"), 0.5);
  ASSERT_EQ(fresh.at("latency").size(), 1U);
  EXPECT_EQ(fresh.at("latency")[0].at("patch"), (json{8, 8, 8}));
  EXPECT_EQ(Run("bench bundle --threads 1 --patch 4,4,4 --repeat 1 --quiet --variants half").status, 0);
  EXPECT_EQ(ReadJson("bundle/variants/half/card.json").at("latency").size(), 2U);
  EXPECT_EQ(ReadJson("bundle/card.json").at("latency").size(), 2U);
}

TEST_F(BenchCommand, MeasuresTheOriginalWhereNothingOrItIsNamed) {
  Prune();
  const auto measured = [&](const std::string& variants) { return VariantsOf(json::parse(Run("bench bundle --threads 1 --repeat 1 --json --quiet " + variants).out)); };
  EXPECT_THAT(measured("--variants all"), ElementsAre("original", "half"));
  EXPECT_THAT(measured("--variants original"), ElementsAre("original"));
  EXPECT_THAT(measured("--variants half"), ElementsAre("half"));
  EXPECT_THAT(measured("--variants half,original"), ElementsAre("original", "half"));
}

TEST_F(BenchCommand, TakesTheBundleBehindTheVariantsToo) {
  Prune();
  const Outcome outcome = Run("bench --variants half bundle --threads 1 --repeat 1 --json --quiet");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(VariantsOf(json::parse(outcome.out)), ElementsAre("half"));
}

TEST_F(BenchCommand, MeasuresVariantsInDirectoriesAndBesideBrokenOnes) {
  ASSERT_EQ(Run("prune bundle --level 0.5 -o outside").status, 0);
  folder_.Write("bundle/variants/broken/variant.json", "{");
  const Outcome outcome = Run("bench bundle --threads 1 --repeat 1 --json --quiet --variants outside");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(VariantsOf(json::parse(outcome.out)), ElementsAre("outside"));
  EXPECT_EQ(ReadJson("outside/card.json").at("latency").size(), 1U);
  ExpectFailure(Run("bench bundle --quiet"), 1, "variant: not JSON");
}

TEST_F(BenchCommand, LeavesTheCardsAloneWhenAskedTo) {
  EXPECT_EQ(Run("bench bundle --threads 1 --repeat 1 --no-card --quiet --variants all").status, 0);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "bundle" / "card.json"));
}

TEST_F(BenchCommand, SegmentsAVolumeToo) {
  WriteSphereDataset(folder_.path() / "data", 1);
  SaveBundle(DensityBundle(), folder_.path() / "density");
  const Outcome outcome = Run("bench density --threads 1 --repeat 1 --json --quiet --volume data/imagesTr/case_0_0000.nii.gz");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const json result = json::parse(outcome.out).at("results")[0];
  EXPECT_GT(result.at("volume_s"), 0);
  EXPECT_EQ(result.at("volume_peak_bytes").is_number(), PeaksCanBeMeasured()) << result;
  EXPECT_EQ(result.size(), 10U);
}

TEST_F(BenchCommand, WritesWhatAVolumeTookIntoTheCardWithNothingOfTheCtButItsGrid) {
  WriteSphereDataset(folder_.path() / "data", 1);
  SaveBundle(DensityBundle(), folder_.path() / "density");
  const std::string command = "bench density --threads 1 --repeat 1 --quiet --volume data/imagesTr/case_0_0000.nii.gz";
  const Outcome outcome = Run(command + " --no-card");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr(" volume s volume MiB\n"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "density" / "card.json"));
  EXPECT_EQ(Run(command).status, 0);
  EXPECT_EQ(Run(command).status, 0);
  const json card = ReadJson("density/card.json");
  ASSERT_EQ(card.at("volume_latency").size(), 1U) << "the second run's takes the place of the first one's";
  const json entry = card.at("volume_latency")[0];
  for (const char* key : {"device", "executor", "precision", "threads"}) EXPECT_EQ(entry.at(key), card.at("latency")[0].at(key));
  EXPECT_EQ(entry.at("shape"), (json{16, 16, 24}));
  EXPECT_EQ(entry.at("spacing_mm"), (json{3.0, 3.0, 3.0}));
  EXPECT_EQ(entry.at("patches"), 2) << "of 16 x 16 x 16 voxels, half of one apart";
  EXPECT_GT(entry.at("seconds"), 0);
  EXPECT_EQ(entry.at("peak_bytes").is_number(), PeaksCanBeMeasured()) << entry;
  EXPECT_EQ(entry.size(), 9U);
  EXPECT_THAT(FileText(folder_.path() / "density" / "card.json"), Not(HasSubstr("case_0")));
}

TEST_F(BenchCommand, MeasuresThePapersNetworksWithoutABundle) {
  const Outcome outcome = Run("bench --arch 3mm --levels original,0.1 --patch 16,16,16 --threads 1 --repeat 1 --json --quiet");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const json report = json::parse(outcome.out);
  EXPECT_THAT(VariantsOf(report), ElementsAre("original", "0.1"));
  // 367.778 and 20.254 G for 112 x 112 x 128 voxels: as much for each voxel.
  EXPECT_NEAR(report.at("results")[0].at("gmac").get<double>(), 367.778 * 4096 / 1605632, 1e-5);
  EXPECT_NEAR(report.at("results")[1].at("gmac").get<double>(), 20.254 * 4096 / 1605632, 1e-5);
}

TEST_F(BenchCommand, MeasuresTheNetworkAloneWhereItsPatchLiesOnTheDevice) {
  const Outcome outcome = Run("bench bundle --on-device --no-card --threads 1 --repeat 1 --json --quiet");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const json report = json::parse(outcome.out);
  EXPECT_EQ(report.at("on_device"), true);
  EXPECT_GT(report.at("results")[0].at("min_s"), 0);
}

TEST_F(BenchCommand, SaysInOneLineWhatIsWrong) {
  ExpectFailure(Run("bench bundle --on-device"), 2, "--no-card, since --on-device measures what no card holds, is required");
  ExpectFailure(Run("bench bundle --on-device --no-card --volume x.nii.gz"), 2, "--on-device");
  ExpectFailure(Run("bench"), 2, "either BUNDLE or --arch");
  ExpectFailure(Run("bench bundle --arch 3mm"), 2, "either BUNDLE or --arch");
  ExpectFailure(Run("bench bundle --levels 0.3"), 2, "--arch");
  ExpectFailure(Run("bench bundle --precision fp8"), 2, "fp8");
  ExpectFailure(Run("bench bundle --patch 8,8"), 2, "--patch");
  ExpectFailure(Run("bench bundle --repeat 0"), 2, "--repeat");
  ExpectFailure(Run("bench none --quiet"), 1, "bundle: has no readable model.json");
  ExpectFailure(Run("bench bundle --quiet --variants another"), 1, "--variants = another: must be a directory of a variant, or one of the bundle's, which has none");
  ExpectFailure(Run("bench bundle --quiet --executor cpu"), 1, "--executor = cpu: there is none yet: must be torch");
  ExpectFailure(Run("bench bundle --quiet --precision int8"), 1, "--precision = int8: no executor has it yet: must be fp32, bf16 or fp16");
  ExpectFailure(Run("bench bundle --quiet --precision fp16"), 1, "precision = fp16: must be fp32 or bf16 on the CPU");
  ExpectFailure(Run("bench bundle --quiet --device tpu"), 1, "device = tpu: must be one of cpu");
  ExpectFailure(Run("bench bundle --quiet --patch 7,8,8"), 1, "patch[0] = 7: must be a positive multiple of 2");
  ExpectFailure(Run("bench bundle --quiet --volume none.nii.gz"), 1, "--volume");
  ExpectFailure(Run("bench --arch 2mm --quiet"), 1, "architecture = 2mm: must be 1.5mm or 3mm");
}

TEST_F(BenchCommand, RefusesACardOfOtherWeightsBeforeItMeasures) {
  WriteCards(folder_.path() / "bundle", std::vector{Card{.weights_sha256 = "0123"}});
  ExpectFailure(Run("bench bundle --quiet"), 1, "card.weights_sha256: is of other weights");
  EXPECT_EQ(Run("bench bundle --threads 1 --quiet --repeat 1 --no-card").status, 0);
}

}  // namespace
}  // namespace tuckerseg
