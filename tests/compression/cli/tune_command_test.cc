/// `tuckerseg-compress tune` as a user runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <sstream>
#include <thread>

#include "engine/model/bundle.h"
#include "engine/model/variant.h"
#include "tests/compression/tune/tuning_samples.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/integration/program.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr auto kTune = "tune bundle variant --data cts --epochs 2 --steps-per-epoch 3 --threads 1 ";

class TuneCommand : public testing::Test {
 protected:
  TuneCommand() {
    WriteUnlabelled(folder_.path() / "cts", 2);
    const Bundle bundle = SphereBundle(1);
    WriteModels(bundle, HosvdVariant(bundle, {0.5}), folder_.path());
    SaveVariant(HosvdVariant(bundle, {0.75, 0.5, 0.25}), bundle.model, folder_.path() / "levels");
  }
  Outcome Run(const std::string& arguments) const { return RunProgram(TUCKERSEG_COMPRESS, arguments, folder_.path()); }

  /// log.csv without the seconds.
  std::string Curve(const std::string& output) const {
    std::istringstream log(FileText(folder_.path() / (output + ".tuning") / "network" / "fold_0" / "log.csv"));
    std::string curve;
    for (std::string line; std::getline(log, line);) curve += line.substr(0, line.rfind(',')) + "\n";
    return curve;
  }

  static int64_t Lines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

  const TemporaryDirectory folder_;
};

TEST_F(TuneCommand, WritesAVariantAndPlainLinesOfProgress) {
  const Outcome outcome = Run(std::string(kTune) + "-o mine --store fp16 --suffix -mine --default --patch 16,16,8 --checkpointing");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, StartsWith("mine: part network, fold 0: 6 steps, Dice 0."));
  EXPECT_THAT(outcome.err, HasSubstr("part network\n2 cases loaded\npart network, fold 0: the original segments the cases first\nbefore the first step: dice 0."));
  EXPECT_THAT(outcome.err, HasSubstr("epoch 1, step 3/6: loss "));
  const VariantFiles files = LoadVariant(folder_.path() / "mine", LoadBundle(folder_.path() / "bundle").model);
  EXPECT_EQ(files.variant.levels.front().name, "at0-mine");
  EXPECT_TRUE(files.variant.levels.front().is_default);
  EXPECT_EQ(files.weights.front().tensors().begin()->second.type, TensorType::kFloat16);
}

TEST_F(TuneCommand, SaysNothingWhenItIsToBeQuiet) {
  const Outcome outcome = Run(std::string(kTune) + "-o mine --quiet");
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out + outcome.err, "");
}

TEST_F(TuneCommand, KilledAndRunAgainGoesOnWithTheSameCurve) {
  const std::string arguments = "tune bundle levels --elastic --data cts --epochs 4 --steps-per-epoch 10 --checkpoint-steps 3 --threads 1 --quiet ";
  ASSERT_EQ(Run(arguments + "-o whole").status, 0);
  const std::string start = "cd " + folder_.path().string() + " && (" + TUCKERSEG_COMPRESS + " " + arguments + "-o killed & echo $! > pid)";
  ASSERT_EQ(std::system(start.c_str()), 0);
  // Behind the first score after the beginning, somewhere in the middle.
  for (int i = 0; i < 6000 && Lines(Curve("killed")) < 16; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ASSERT_EQ(kill(std::stoi(FileText(folder_.path() / "pid")), SIGKILL), 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  ASSERT_FALSE(std::filesystem::exists(folder_.path() / "killed"));
  ASSERT_EQ(Run(arguments + "-o killed").status, 0);
  EXPECT_EQ(Curve("killed"), Curve("whole"));
  for (const char* file : {"weights.safetensors", "variant.json"}) {
    EXPECT_EQ(FileText(folder_.path() / "killed" / file), FileText(folder_.path() / "whole" / file)) << file;
  }
}

TEST_F(TuneCommand, EndsWithStatus1AndOneLineWhenItCannotTune) {
  ExpectFailure(Run("tune bundle variant --data none --quiet -o mine"), 1, "--data: no such directory");
  ExpectFailure(Run("tune none variant --data cts -o mine"), 1, "bundle");
  ExpectFailure(Run("tune bundle none --data cts -o mine"), 1, "variant: has no readable variant.json");
  ExpectFailure(Run("tune bundle variant --data cts"), 1, "--output: must be given, or --in-place in its stead");
  ExpectFailure(Run("tune bundle variant --data cts -o cts"), 1, "--output: exists already");
  ExpectFailure(Run("tune bundle variant --data cts --elastic -o mine"), 1, "--elastic: the variant has a single level");
  ExpectFailure(Run("tune bundle levels --data cts -o mine"), 1, "must be tuned with --elastic");
  ExpectFailure(Run(std::string(kTune) + "-o mine --device cuda:9"), 1, "device = cuda:9");
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "mine"));
}

TEST_F(TuneCommand, EndsWithStatus2AndOneLineWhenItIsUsedWrongly) {
  ExpectFailure(Run("tune bundle variant -o mine"), 2, "--data");
  ExpectFailure(Run("tune bundle --data cts -o mine"), 2, "variant");
  ExpectFailure(Run(std::string(kTune) + "-o mine --teacher me"), 2, "--teacher");
  ExpectFailure(Run(std::string(kTune) + "-o mine --patch 16"), 2, "--patch");
}

}  // namespace
}  // namespace tuckerseg
