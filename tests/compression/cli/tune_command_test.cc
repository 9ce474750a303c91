/// `tuckerseg-compress tune` as a user runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/model/bundle.h"
#include "engine/model/variant.h"
#include "tests/compression/sphere_digests.h"
#include "tests/compression/train/interruption.h"
#include "tests/compression/tune/tuning_samples.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/integration/program.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;
using testing::Not;
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
  std::filesystem::path Log(const std::string& output) const { return folder_.path() / (output + ".tuning") / "network" / "fold_0" / "log.csv"; }

  const TemporaryDirectory folder_;
};

TEST_F(TuneCommand, WritesAVariantAndPlainLinesOfProgress) {
  const Outcome outcome = Run(std::string(kTune) + "-o mine --store fp16 --suffix -mine --default --patch 16,16,8 --checkpointing");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, StartsWith("mine: part network, fold 0: 6 steps, Dice 0."));
  EXPECT_THAT(outcome.err, HasSubstr("part network\n2 cases loaded\npart network, fold 0: the original segments the cases first\n2 cases segmented\nbefore the first step: dice 0."));
  EXPECT_THAT(outcome.err, HasSubstr("epoch 1, step 3/6: loss "));
  const VariantFiles files = LoadVariant(folder_.path() / "mine", LoadBundle(folder_.path() / "bundle").model);
  EXPECT_EQ(files.variant.levels.front().name, "at0-mine");
  EXPECT_TRUE(files.variant.levels.front().is_default);
  EXPECT_EQ(files.weights.front().tensors().begin()->second.type, TensorType::kFloat16);
}

TEST_F(TuneCommand, MakesAVariantThatIsNotMeasuredOnTheCtsThatItLearntFrom) {
  ASSERT_EQ(Run("tune bundle variant --data cts --epochs 1 --steps-per-epoch 3 --threads 1 --quiet -o mine").status, 0);
  EXPECT_EQ(LoadVariant(folder_.path() / "mine", LoadBundle(folder_.path() / "bundle").model).variant.seen_cases, SphereDigests(2));
  ExpectFailure(Run("evaluate bundle --variants mine --data cts -o report"), 1, "variant at0-tuned: 2 of 2 cases were seen when it was made");
}

TEST_F(TuneCommand, SaysNothingWhenItIsToBeQuiet) {
  const Outcome outcome = Run(std::string(kTune) + "-o mine --quiet");
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out + outcome.err, "");
}

TEST_F(TuneCommand, WritesBesideTheVariantWhereNoOutputIsNamed) {
  const Outcome outcome = Run("tune bundle variant --data cts --epochs 1 --steps-per-epoch 3 --threads 1 --suffix -better");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, StartsWith("variant-better: part network, fold 0: 3 steps"));
  EXPECT_TRUE(std::filesystem::exists(Log("variant-better")));
  EXPECT_EQ(LoadVariant(folder_.path() / "variant-better", LoadBundle(folder_.path() / "bundle").model).variant.levels.front().name, "at0-better");
}

TEST_F(TuneCommand, PrintsItsResultAsJson) {
  const Outcome outcome = Run("tune bundle levels/ --elastic --data cts --epochs 2 --steps-per-epoch 3 --threads 1 --json --quiet");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const Json result = Json::parse(outcome.out);
  EXPECT_EQ(result.at("output"), "levels-tuned");
  ASSERT_EQ(result.at("students").size(), 1U);
  const Json& student = result.at("students").front();
  EXPECT_EQ(student.at("part"), "network");
  EXPECT_EQ(student.at("fold"), "0");
  EXPECT_EQ(student.at("steps"), 6);
  EXPECT_GT(student.at("seconds"), 0);
  EXPECT_GE(student.at("dice_after"), student.at("dice_before"));
  ASSERT_EQ(student.at("levels").size(), 3U);
  double mean = 0;
  for (const Json& level : student.at("levels")) mean += level.at("dice_after").get<double>() / 3;
  EXPECT_NEAR(student.at("dice_after").get<double>(), mean, 1e-12);
  EXPECT_EQ(student.at("levels")[2].at("level"), "at2-tuned");
}

TEST_F(TuneCommand, KilledAndRunAgainGoesOnWithTheSameCurve) {
  const std::string arguments = "tune bundle levels --elastic --data cts --epochs 4 --steps-per-epoch 10 --checkpoint-steps 3 --threads 1 ";
  ASSERT_EQ(Run(arguments + "-o whole").status, 0);
  // Behind the first score after the beginning, somewhere in the middle.
  StartAndKill(TUCKERSEG_COMPRESS, arguments + "--quiet -o killed", folder_.path(), Log("killed"), 16);
  ASSERT_FALSE(std::filesystem::exists(folder_.path() / "killed"));
  const Outcome resumed = Run(arguments + "-o killed");
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_THAT(resumed.err, HasSubstr("resumed behind step "));
  EXPECT_THAT(resumed.err, Not(HasSubstr("resumed behind step 0 ")));
  EXPECT_EQ(Curve(Log("killed")), Curve(Log("whole")));
  for (const char* file : {"weights.safetensors", "variant.json"}) {
    EXPECT_EQ(FileText(folder_.path() / "killed" / file), FileText(folder_.path() / "whole" / file)) << file;
  }
}

TEST_F(TuneCommand, EndsWithStatus1AndOneLineWhenItCannotTune) {
  ExpectFailure(Run("tune bundle variant --data none --quiet -o mine"), 1, "--data: no such directory");
  ExpectFailure(Run("tune none variant --data cts -o mine"), 1, "bundle");
  ExpectFailure(Run("tune bundle none --data cts -o mine"), 1, "variant: has no readable variant.json");
  ExpectFailure(Run("tune bundle variant --data cts -o mine --in-place"), 1, "--output: must not be given with --in-place");
  ExpectFailure(Run("tune bundle variant --data cts -o cts"), 1, "cts is there and no empty directory: must be a new or empty one");
  ExpectFailure(Run("tune bundle variant --data cts -o mine --suffix /mine"), 1, "at0/mine");
  ExpectFailure(Run(std::string(kTune) + "-o mine --tuning-directory mine/state"), 1, "--tuning-directory: lies in what is written at the end");
  ExpectFailure(Run("tune bundle variant --data cts --minutes 0 -o mine"), 2, "--minutes: must be a number in [0.001, 1e+06], not 0");
  ExpectFailure(Run("tune bundle variant --data cts --minutes 1 --epochs 2 -o mine"), 2, "--epochs excludes --minutes");
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
