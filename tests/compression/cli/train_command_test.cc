/// `tuckerseg-compress train` as a user runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <sstream>
#include <thread>

#include "engine/model/bundle.h"
#include "tests/compression/sphere_cases.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/integration/program.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

using testing::StartsWith;

constexpr auto kTrain = "train --data data --plans plans.json --epochs 2 --steps-per-epoch 3 --threads 1 --validation 1 ";

class TrainCommand : public testing::Test {
 protected:
  TrainCommand() {
    WriteSphereDataset(folder_.path() / "data", 2);
    folder_.Write("plans.json", SpherePlans().dump());
  }
  Outcome Run(const std::string& arguments) const { return RunProgram(TUCKERSEG_COMPRESS, arguments, folder_.path()); }

  /// log.csv without the seconds.
  std::string Curve(const std::string& bundle) const {
    std::istringstream log(FileText(folder_.path() / (bundle + ".training") / "log.csv"));
    std::string curve;
    for (std::string line; std::getline(log, line);) curve += line.substr(0, line.rfind(',')) + "\n";
    return curve;
  }

  static int64_t Lines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

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

TEST_F(TrainCommand, KilledAndRunAgainGoesOnWithTheSameCurve) {
  const std::string arguments = "train --data data --plans plans.json --epochs 4 --steps-per-epoch 10 --checkpoint-steps 3 --threads 1 --quiet ";
  ASSERT_EQ(Run(arguments + "-o whole").status, 0);
  const std::string start = "cd " + folder_.path().string() + " && (" + TUCKERSEG_COMPRESS + " " + arguments + "-o killed & echo $! > pid)";
  ASSERT_EQ(std::system(start.c_str()), 0);
  // Behind the first checkpoint that is not step 0's, somewhere in the middle.
  for (int i = 0; i < 4000 && Lines(Curve("killed")) < 8; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ASSERT_EQ(kill(std::stoi(FileText(folder_.path() / "pid")), SIGKILL), 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  ASSERT_FALSE(std::filesystem::exists(folder_.path() / "killed"));
  ASSERT_EQ(Run(arguments + "-o killed").status, 0);
  EXPECT_EQ(Curve("killed"), Curve("whole"));
  EXPECT_EQ(FileText(folder_.path() / "killed" / "weights.safetensors"), FileText(folder_.path() / "whole" / "weights.safetensors"));
}

TEST_F(TrainCommand, EndsWithStatus1AndOneLineWhenItCannotTrain) {
  ExpectFailure(Run("train --data none --plans plans.json -o mine"), 1, "--data: no such directory");
  ExpectFailure(Run("train --data data --plans none -o mine"), 1, "--plans: cannot be read");
  ExpectFailure(Run("train --data data --plans plans.json -o data"), 1, "bundle: exists already");
  ExpectFailure(Run(std::string(kTrain) + "-o mine --batch 0"), 1, "--batch = 0: must be at least 1");
  ExpectFailure(Run(std::string(kTrain) + "-o mine --device cuda:9"), 1, "device = cuda:9");
  ExpectFailure(Run(std::string(kTrain) + "-o mine --max-memory 0"), 1, "--max-memory");
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "mine"));
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
