/// `tuckerseg-compress train` as a user runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/model/bundle.h"
#include "tests/compression/sphere_cases.h"
#include "tests/compression/train/interruption.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/integration/program.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr auto kTrain = "train --data data --plans plans.json --epochs 2 --steps-per-epoch 3 --threads 1 --validation 1 ";

class TrainCommand : public testing::Test {
 protected:
  TrainCommand() {
    WriteSphereDataset(folder_.path() / "data", 2);
    folder_.Write("plans.json", SpherePlans().dump());
  }
  Outcome Run(const std::string& arguments) const { return RunProgram(TUCKERSEG_COMPRESS, arguments, folder_.path()); }
  std::filesystem::path Log(const std::string& bundle) const { return folder_.path() / (bundle + ".training") / "log.csv"; }

  const TemporaryDirectory folder_;
};

TEST_F(TrainCommand, WritesABundleAndPlainLinesOfProgress) {
  const Outcome outcome = Run(std::string(kTrain) + "-o mine --task total_fast --store fp16");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, StartsWith("mine: task total_fast, 2 structures, "));
  EXPECT_THAT(outcome.err, HasSubstr("2 cases loaded\nepoch 1, step 3/6: loss "));
  EXPECT_THAT(outcome.err, HasSubstr("dice "));
  EXPECT_EQ(LoadBundle(folder_.path() / "mine").model.labels.size(), 2U);
}

TEST_F(TrainCommand, SaysNothingWhenItIsToBeQuiet) {
  const Outcome outcome = Run(std::string(kTrain) + "-o mine --quiet");
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out + outcome.err, "");
}

TEST_F(TrainCommand, PrintsItsResultAsJson) {
  const Outcome outcome = Run(std::string(kTrain) + "-o mine/ --quiet --json --task total_fast");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const Json result = Json::parse(outcome.out);
  EXPECT_EQ(result.at("output"), "mine/");
  EXPECT_EQ(result.at("task"), "total_fast");
  EXPECT_EQ(result.at("structures"), 2);
  EXPECT_EQ(result.at("steps"), 6);
  EXPECT_GT(result.at("seconds"), 0);
  EXPECT_GT(result.at("parameters"), 0);
  EXPECT_GE(result.at("dice"), 0);
}

TEST_F(TrainCommand, KilledAndRunAgainGoesOnWithTheSameCurve) {
  const std::string arguments = "train --data data --plans plans.json --epochs 4 --steps-per-epoch 10 --checkpoint-steps 3 --threads 1 ";
  ASSERT_EQ(Run(arguments + "-o whole").status, 0);
  // Behind the first checkpoint that is not step 0's, somewhere in the middle.
  StartAndKill(TUCKERSEG_COMPRESS, arguments + "--quiet -o killed/", folder_.path(), Log("killed"), 8);
  ASSERT_FALSE(std::filesystem::exists(folder_.path() / "killed"));
  const Outcome resumed = Run(arguments + "-o killed/");
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_THAT(resumed.err, HasSubstr("resumed behind step "));
  EXPECT_THAT(resumed.err, Not(HasSubstr("resumed behind step 0 ")));
  EXPECT_EQ(Curve(Log("killed")), Curve(Log("whole")));
  EXPECT_EQ(FileText(folder_.path() / "killed" / "weights.safetensors"), FileText(folder_.path() / "whole" / "weights.safetensors"));
}

TEST_F(TrainCommand, EndsWithStatus1AndOneLineWhenItCannotTrain) {
  ExpectFailure(Run("train --data none --plans plans.json -o mine"), 1, "--data: no such directory");
  ExpectFailure(Run("train --data data --plans none -o mine"), 1, "--plans: cannot be read");
  ExpectFailure(Run("train --data data --plans plans.json -o data"), 1, "data is there and no empty directory: must be a new or empty one");
  ExpectFailure(Run(std::string(kTrain) + "-o mine --batch 0"), 1, "--batch = 0: must be at least 1");
  ExpectFailure(Run(std::string(kTrain) + "-o mine --device cuda:9"), 1, "device = cuda:9");
  ExpectFailure(Run(std::string(kTrain) + "-o mine --max-memory 0"), 1, "--max-memory");
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "mine"));
}

TEST_F(TrainCommand, RefusesBFloat16OnAProcessorThatLacksItHoweverOftenThatIsNamed) {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512bf16")) GTEST_SKIP() << "this one has it";
  for (const char* device : {"cpu", "cpu,cpu"}) {
    ExpectFailure(Run(std::string(kTrain) + "-o mine --precision bf16 --device " + device), 1, "--precision = bf16: this processor has no AVX-512 BF16");
  }
}

TEST_F(TrainCommand, EndsWithStatus2AndOneLineWhenItIsUsedWrongly) {
  ExpectFailure(Run("train --plans plans.json -o mine"), 2, "--data");
  ExpectFailure(Run("train --data data -o mine"), 2, "--plans");
  ExpectFailure(Run("train --data data --plans plans.json"), 2, "--output");
  ExpectFailure(Run(std::string(kTrain) + "-o mine --optimizer lion"), 2, "--optimizer");
  ExpectFailure(Run(std::string(kTrain) + "-o mine --epochs many"), 2, "--epochs");
}

}  // namespace
}  // namespace tuckerseg
