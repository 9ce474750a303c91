/// The program `tuckerseg` itself, run as a user runs it, against a server in this process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "engine/volume/nifti_reader.h"
#include "tests/engine/volume/nifti_builder.h"
#include "tests/integration/program.h"
#include "tests/server/serve/served_model.h"
#include "tests/server/variants/tiny_variants.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class CommandLine : public testing::Test {
 protected:
  CommandLine() { Save("ct.nii.gz", NiftiBuilder().Shape({8, 8, 8}).Spacing({1, 1, 1}).Gzip()); }

  void Save(const std::string& name, const std::vector<std::byte>& bytes) {
    folder_.Write(name, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }

  /// SERVER in `arguments` stands for --server and the address.
  Outcome Run(std::string arguments, const std::string& input = "/dev/null") {
    const size_t at = arguments.find("SERVER");
    if (at != std::string::npos) arguments.replace(at, 6, "--server " + server_.address());
    return RunProgram(TUCKERSEG_CLIENT, arguments, folder_.path(), input);
  }

  ServedModel server_;
  const TemporaryDirectory folder_;
};

TEST_F(CommandLine, SegmentsAFile) {
  const Outcome outcome = Run("segment ct.nii.gz -o labels.nii.gz SERVER");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("structure_"));
  EXPECT_THAT(outcome.err, HasSubstr("sending"));
  const std::string file = FileText(folder_.path() / "labels.nii.gz");
  EXPECT_EQ(ReadNifti(std::as_bytes(std::span(file))).volume.geometry.shape, (Index3{8, 8, 8}));
}

TEST_F(CommandLine, ReadsStandardInputAndWritesARawFile) {
  ASSERT_EQ(Run("segment ct.nii.gz -o a.nii --quiet SERVER").status, 0);
  const Outcome outcome = Run("segment - -o b.nii --quiet SERVER", "ct.nii.gz");
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(FileText(folder_.path() / "a.nii"), FileText(folder_.path() / "b.nii"));
  EXPECT_EQ(FileText(folder_.path() / "a.nii").substr(0, 2), std::string("\x5c\x01", 2));
}

TEST_F(CommandLine, RunsTheLevelThatIsAskedForByNameOrNumber) {
  const ModelOnDisk disk(TinyServedBundle());
  disk.Add("tucker", {{"tucker-0.3", 0.3, true, 1}}, 6);
  ServedOptions options;
  options.models = disk.models();
  const ServedModel served(std::move(options));
  const auto run = [&](const std::string& arguments) {
    return RunProgram(TUCKERSEG_CLIENT, arguments + " --server " + served.address(), folder_.path(), "/dev/null");
  };
  EXPECT_THAT(run("segment ct.nii.gz -o a.nii --level 0.3 --quiet").out, HasSubstr("level tucker-0.3 (asked) on cpu\nquality: not measured\n"));
  EXPECT_EQ(nlohmann::json::parse(run("segment ct.nii.gz -o a.nii --level tucker-0.3 --json").out).at("variant"), "tucker-0.3");
  EXPECT_THAT(run("levels").out, HasSubstr("tiny  tucker-0.3     0.3  hosvd   loaded"));
  EXPECT_EQ(nlohmann::json::parse(run("levels --json").out)[1].at("number"), 0.3);
}

TEST_F(CommandLine, LoadsAndUnloadsLevels) {
  EXPECT_EQ(Run("unload original SERVER").out, "tiny original on cpu: available\n");
  EXPECT_THAT(Run("levels SERVER").out, HasSubstr("original       -  -       available"));
  EXPECT_EQ(Run("load original --task tiny --device cpu SERVER").out, "tiny original on cpu: loaded, until it is unloaded by name\n");
  EXPECT_EQ(Run("load original --quiet SERVER").out, "");
  const auto json = nlohmann::json::parse(Run("load original --json SERVER").out);
  EXPECT_EQ(json.at("state"), "loaded");
  EXPECT_EQ(json.at("devices")[0].at("pinned"), true);
  ExpectFailure(Run("load 0.3 SERVER"), 1, "level = 0.3: must be one of original");
  ExpectFailure(Run("unload original --device gpu SERVER"), 1, "device = gpu: must be one of cpu");
  ExpectFailure(Run("load SERVER"), 2, "VARIANT");
}

TEST_F(CommandLine, TakesConditionsForTheAutomaticLevel) {
  EXPECT_EQ(Run("segment ct.nii.gz -o a.nii --level auto --max-latency 60s --max-memory 1GiB --min-quality 0.9 SERVER").status, 0);
}

TEST_F(CommandLine, NamesARequestSoThatItIsNotWorkedTwice) {
  const auto segment = [this](const std::string& arguments) {
    const Outcome outcome = Run("segment ct.nii.gz -o a.nii --json " + arguments + " SERVER");
    EXPECT_EQ(outcome.status, 0) << outcome.err;
  };
  const auto page = [this] {
    EXPECT_TRUE(server_.BecomesIdle());
    return server_.metrics().Text();
  };
  segment("");
  segment("");
  EXPECT_THAT(page(), HasSubstr("tuckerseg_results_reused_total 0")) << "each has a name of its own";
  segment("--idempotency-key one");
  const std::string first = FileText(folder_.path() / "a.nii");
  segment("--idempotency-key one");
  EXPECT_THAT(page(), HasSubstr("tuckerseg_results_reused_total 1"));
  EXPECT_EQ(FileText(folder_.path() / "a.nii"), first);
  ExpectFailure(Run("segment ct.nii.gz -o a.nii --quiet --idempotency-key one --structures structure_1 SERVER"), 1, "header.idempotency_key");
}

TEST_F(CommandLine, PrintsJson) {
  const auto json = nlohmann::json::parse(Run("segment ct.nii.gz -o labels.nii.gz --json --structures structure_1 SERVER").out);
  EXPECT_EQ(json.at("variant"), "original");
  EXPECT_EQ(json.at("provenance").at("task"), "tiny");
  for (const auto& structure : json.at("structures")) EXPECT_EQ(structure.at("name"), "structure_1");
  EXPECT_EQ(nlohmann::json::parse(Run("models --json SERVER").out)[0].at("task"), "tiny");
  EXPECT_EQ(nlohmann::json::parse(Run("levels --json SERVER").out)[0].at("level"), "original");
  const auto health = nlohmann::json::parse(Run("health --json SERVER").out);
  EXPECT_EQ(health.at("status"), "serving");
  EXPECT_EQ(health.at("memory_limit_bytes"), int64_t{1} << 30);
  EXPECT_EQ(health.at("max_streams"), 32);
}

TEST_F(CommandLine, PrintsTables) {
  EXPECT_THAT(Run("models SERVER").out, StartsWith("TASK  STRUCTURES  NETWORK  FOLDS  PATCH  SPACING (MM)  SOURCE\ntiny           3  network      1  8x8x8  1x1x1\n"));
  EXPECT_THAT(Run("models tiny SERVER").out, StartsWith("LABEL  STRUCTURE    SNOMED CT  SIDE\n    1  structure_1\n"));
  EXPECT_EQ(nlohmann::json::parse(Run("models tiny --json SERVER").out)[0].at("name"), "structure_1");
  EXPECT_THAT(Run("levels tiny SERVER").out, HasSubstr("original       -  -       loaded  1.000"));
  EXPECT_THAT(Run("health SERVER").out, StartsWith("serving: tuckerseg "));
}

TEST_F(CommandLine, EndsWithStatus1AndOneLineWhenTheWorkFails) {
  Save("bad.nii", NiftiBuilder().Magic("xyz").Bytes());
  ExpectFailure(Run("segment bad.nii -o labels.nii.gz --quiet SERVER"), 1, "magic");
  ExpectFailure(Run("segment none.nii -o labels.nii.gz --quiet SERVER"), 1, "CT: no such file or folder");
  ExpectFailure(Run("segment ct.nii.gz -o no/labels.nii.gz --quiet SERVER"), 1, "output: ");
  ExpectFailure(Run("segment ct.nii.gz -o labels.nii.gz --quiet --task brain SERVER"), 1, "task = brain: must be one of tiny");
  ExpectFailure(Run("segment ct.nii.gz -o labels.nii.gz --quiet --level 0.3 SERVER"), 1, "level = 0.3");
  ExpectFailure(Run("segment ct.nii.gz -o labels.nii.gz --quiet --structures nose SERVER"), 1, "nose");
  ExpectFailure(Run("segment ct.nii.gz -o labels.nii.gz --quiet --max-memory 1KiB SERVER"), 1, "max_memory_bytes");
  ExpectFailure(Run("health --server 127.0.0.1:1"), 1, "address of a running server");
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "labels.nii.gz"));
}

TEST_F(CommandLine, FailsWhereWhatItPrintsCannotBeWritten) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  for (const char* arguments : {"segment ct.nii.gz -o labels.nii.gz --quiet", "models --json", "levels", "health"}) {
    const Outcome outcome = RunOnAFullDisk(TUCKERSEG_CLIENT, std::string(arguments) + " --server " + server_.address(), folder_.path());
    ExpectFailure(outcome, 1, "output: cannot be written: standard output must take all");
  }
  for (const char* arguments : {"--help", "--version"})
    ExpectFailure(RunOnAFullDisk(TUCKERSEG_CLIENT, arguments, folder_.path()), 1, "output: cannot be written");
}

TEST_F(CommandLine, EndsWithStatus2AndOneLineWhenItIsUsedWrongly) {
  ExpectFailure(Run(""), 2, "--help");
  ExpectFailure(Run("dance"), 2, "dance");
  ExpectFailure(Run("segment -o labels.nii.gz"), 2, "CT");
  ExpectFailure(Run("segment ct.nii.gz"), 2, "--output");
  ExpectFailure(Run("segment ct.nii.gz -o labels.png"), 2, "must end in .nii.gz or .nii");
  ExpectFailure(Run("segment ct.nii.gz -o labels.nii --preview picture.jpg"), 2, "must end in .png");
  ExpectFailure(Run("segment ct.nii.gz -o labels.nii --statistics-exclude-incomplete"), 2, "--statistics");
  ExpectFailure(Run("segment ct.nii.gz -o labels.nii --priority 11"), 2, "11");
  ExpectFailure(Run("segment ct.nii.gz -o labels.nii --deadline soon"), 2, "duration = soon");
  ExpectFailure(Run("segment ct.nii.gz -o labels.nii --level original --min-quality 0.9"), 2, "--level");
  ExpectFailure(Run("segment ct.nii.gz -o labels.nii --level original --min-quality nan"), 2, "--min-quality: must be a number in [0, 1], not nan");
  ExpectFailure(Run("segment ct.nii.gz -o labels.nii --min-quality 1.01"), 2, "--min-quality: must be a number in [0, 1], not 1.01");
  ExpectFailure(Run("segment ct.nii.gz -o labels.nii --remove-small-blobs nan"), 2, "--remove-small-blobs: must be a number in [0, 1e+09], not nan");
  ExpectFailure(Run("segment ct.nii.gz -o labels.nii --idempotency-key ''"), 2, "must have 1 to 128 characters");
  ExpectFailure(Run("segment ct.nii.gz -o labels.nii --idempotency-key " + std::string(129, 'k')), 2, "must have 1 to 128 characters");
}

TEST_F(CommandLine, ExplainsItself) {
  EXPECT_THAT(Run("--help").out, HasSubstr("segment"));
  EXPECT_THAT(Run("segment --help").out, HasSubstr("--structures"));
  EXPECT_THAT(Run("compare --help").out, HasSubstr("--reference"));
  EXPECT_THAT(Run("--version").out, StartsWith(TUCKERSEG_VERSION));
  EXPECT_EQ(Run("--help").status, 0);
}

}  // namespace
}  // namespace tuckerseg
