#include "compression/train/training_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "compression/cases/case_files.h"
#include "engine/execute/torch/torch_executor.h"
#include "engine/segment/segmenter.h"
#include "tests/compression/sphere_cases.h"
#include "tests/compression/train/interruption.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;

class TrainingRun : public testing::Test {
 protected:
  TrainingRun() {
    WriteSphereDataset(folder_.path() / "data", 3);
    folder_.Write("plans.json", SpherePlans().dump());
  }

  TrainingRunOptions Options(const std::string& output) const {
    TrainingRunOptions options;
    options.data = folder_.path() / "data";
    options.plans = folder_.path() / "plans.json";
    options.output = folder_.path() / output;
    options.threads = 2;
    options.epochs = 3;
    options.steps_per_epoch = 4;
    options.checkpoint_steps = 3;
    options.validation = 1;
    options.seed = 11;
    return options;
  }

  static std::string CurveOf(const TrainingRunOptions& options) { return Curve(options.output.string() + ".training/log.csv"); }

  const TemporaryDirectory folder_;
};

TEST_F(TrainingRun, InterruptedAnywhereGivesTheCurveAndTheWeightsOfOneThatWasNot) {
  const TrainingRunOptions whole = Options("whole");
  const TrainingResult uninterrupted = RunTraining(whole, {});
  const TrainingRunOptions parts = Options("parts");
  std::vector<int64_t> resumes;
  for (const int64_t step : {2, 5, 8}) EXPECT_THROW(RunTraining(parts, KillAt(step, ResumesInto(resumes))), Killed);
  const TrainingResult resumed = RunTraining(parts, ResumesInto(resumes));
  EXPECT_THAT(resumes, ElementsAre(0, 4, 8)) << "the last checkpoint: every third step, and the end of each epoch of four";
  EXPECT_EQ(resumed.steps, uninterrupted.steps);
  EXPECT_EQ(resumed.dice, uninterrupted.dice);
  EXPECT_EQ(CurveOf(parts), CurveOf(whole));
  EXPECT_EQ(FileText(parts.output / "weights.safetensors"), FileText(whole.output / "weights.safetensors"));
  EXPECT_EQ(FileText(parts.output / "model.json"), FileText(whole.output / "model.json"));
}

TEST_F(TrainingRun, KeepsItsStateBesideAnOutputThatEndsInASlash) {
  TrainingRunOptions options = Options("bundle");
  options.output /= "";
  EXPECT_THROW(RunTraining(options, KillAt(4)), Killed);
  EXPECT_TRUE(std::filesystem::exists(folder_.path() / "bundle.training" / "checkpoint.json"));
  EXPECT_FALSE(std::filesystem::exists(options.output));
  std::vector<int64_t> resumes;
  RunTraining(options, ResumesInto(resumes));
  EXPECT_THAT(resumes, ElementsAre(4));
  EXPECT_EQ(LoadBundle(folder_.path() / "bundle").model.labels.size(), 2U);
}

TEST_F(TrainingRun, OfAnotherSeedGivesAnotherCurve) {
  TrainingRunOptions other = Options("other");
  other.seed = 12;
  RunTraining(Options("one"), {});
  RunTraining(other, {});
  EXPECT_NE(CurveOf(Options("one")), CurveOf(other));
}

TEST_F(TrainingRun, LogsEveryStepAndScoresEveryEpoch) {
  std::vector<int64_t> scored;
  RunTraining(Options("bundle"), [&](const TrainingProgress& progress) {
    if (progress.kind == TrainingProgress::Kind::kEpoch && progress.dice) scored.push_back(progress.epoch);
  });
  EXPECT_THAT(scored, ElementsAre(1, 2, 3));
  const std::string curve = CurveOf(Options("bundle"));
  EXPECT_EQ(std::count(curve.begin(), curve.end(), '\n'), 1 + 12);
}

TEST_F(TrainingRun, DoesNotScoreHeldOutCasesWithoutAClassAndSaysSo) {
  Volume empty = MakeSphereCase({16, 16, 24}, 3, {1, 5}, 2).labels;
  std::fill(empty.voxels.begin(), empty.voxels.end(), std::byte{0});
  WriteNifti(empty, folder_.path() / "data" / "labelsTr" / "case_2.nii.gz");
  std::string notes;
  const TrainingResult result = RunTraining(Options("bundle"), [&](const TrainingProgress& progress) {
    notes += progress.note;
    EXPECT_FALSE(progress.dice.has_value());
  });
  EXPECT_EQ(notes, "no class occurs in the held-out cases: they are not scored");
  EXPECT_FALSE(result.dice.has_value());
}

TEST_F(TrainingRun, LearnsTheSpheresAndTheBundleSegmentsThem) {
  TrainingRunOptions options = Options("bundle");
  options.epochs = 1;
  options.steps_per_epoch = 300;
  options.checkpoint_steps = 1000;
  options.adamw = true;
  options.learning_rate = 0.005;
  options.average_decay = 0.95;
  options.validation = 0;
  options.augmentation = AugmentationOptions::None();
  options.model.task = "total_fast";
  options.model.name = "spheres";
  options.model.source = "synthetic spheres";
  options.model.licence = "Apache-2.0";
  options.half_weights = true;
  RunTraining(options, {});
  const Bundle bundle = LoadBundle(options.output);
  EXPECT_EQ(bundle.model.task, "total_fast");
  EXPECT_EQ(bundle.model.provenance.source, "synthetic spheres");
  EXPECT_EQ(bundle.weights.front().tensors().begin()->second.type, TensorType::kFloat16);
  Segmenter segmenter(bundle, TorchExecutorFactory("cpu", 1));
  const SphereCase made = MakeSphereCase({16, 16, 24}, 3, {1, 5}, 0);
  const LabelMap map = segmenter.Segment(made.ct, {}).label_map;
  for (const uint16_t value : {uint16_t{1}, uint16_t{5}}) {
    double both = 0;
    double sum = 0;
    for (size_t i = 0; i < map.labels.size(); ++i) {
      const bool predicted = map.labels[i] == value;
      const bool reference = made.labels.voxels[i] == static_cast<std::byte>(value);
      both += predicted && reference ? 1 : 0;
      sum += (predicted ? 1 : 0) + (reference ? 1 : 0);
    }
    EXPECT_GT(2 * both / sum, 0.9) << value;
  }
}

TEST_F(TrainingRun, FixesTheNumberOfStepsOfABudgetOfMinutesOnce) {
  TrainingRunOptions options = Options("bundle");
  options.minutes = 0.002;
  int64_t total = 0;
  int64_t resumed = -1;
  EXPECT_THROW(RunTraining(options, [&](const TrainingProgress& progress) {
    if (progress.kind != TrainingProgress::Kind::kStep) return;
    total = progress.total;
    throw Killed{};
  }), Killed);
  RunTraining(options, [&](const TrainingProgress& progress) {
    if (progress.kind == TrainingProgress::Kind::kResumed) resumed = progress.total;
  });
  EXPECT_GT(total, 0);
  EXPECT_EQ(resumed, total);
}

TEST_F(TrainingRun, RefusesToGoOnWithOtherSettingsOrData) {
  EXPECT_THROW(RunTraining(Options("bundle"), KillAt(4)), Killed);
  TrainingRunOptions options = Options("bundle");
  options.learning_rate = 0.02;
  ExpectError(ErrorCode::kFailedPrecondition, "--learning-rate = 0.02: must be 0.01, as this training began", [&] { RunTraining(options, {}); });
  WriteNifti(MakeSphereCase({16, 16, 24}, 3, {1, 5}, 77).ct, folder_.path() / "data" / "imagesTr" / "case_0_0000.nii.gz");
  ExpectError(ErrorCode::kFailedPrecondition, "--data: is not what this training began with", [&] { RunTraining(Options("bundle"), {}); });
}

TEST_F(TrainingRun, RefusesABundleThatIsThereBeforeItTrains) {
  folder_.Write("bundle/model.json", "{}");
  ExpectError(ErrorCode::kFailedPrecondition, "is there and no empty directory: must be a new or empty one", [&] { RunTraining(Options("bundle"), {}); });
}

TEST_F(TrainingRun, RefusesOptionsOutOfRangeByName) {
  TrainingRunOptions options = Options("bundle");
  options.batch = 0;
  ExpectError(ErrorCode::kInvalidArgument, "--batch = 0: must be at least 1", [&] { RunTraining(options, {}); });
  options = Options("bundle");
  options.momentum = 1;
  ExpectError(ErrorCode::kInvalidArgument, "--momentum = 1: must be in [0, 0.9999]", [&] { RunTraining(options, {}); });
  options = Options("bundle");
  options.learning_rate = std::nan("");
  ExpectError(ErrorCode::kInvalidArgument, "--learning-rate = nan", [&] { RunTraining(options, {}); });
  options = Options("bundle");
  options.device = "cpu,cpu";
  options.batch_dice = true;
  ExpectError(ErrorCode::kInvalidArgument, "--device = cpu,cpu: must be one with --batch-dice", [&] { RunTraining(options, {}); });
  options = Options("bundle");
  options.training_directory = folder_.path() / "bundle" / "state";
  ExpectError(ErrorCode::kInvalidArgument, "--training-directory: lies in what is written at the end", [&] { RunTraining(options, {}); });
}

}  // namespace
}  // namespace tuckerseg
