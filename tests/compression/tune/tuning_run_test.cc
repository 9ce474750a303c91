#include "compression/tune/tuning_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "engine/model/bundle.h"
#include "tests/compression/sphere_digests.h"
#include "tests/compression/train/interruption.h"
#include "tests/compression/tune/tuning_samples.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;
using testing::StartsWith;

class TuningRun : public testing::Test {
 protected:
  TuningRun() { WriteUnlabelled(folder_.path() / "cts", 3); }

  void Write(const VariantFiles& variant) const { WriteModels(bundle_, variant, folder_.path()); }

  TuningRunOptions Options(const std::string& output) const {
    TuningRunOptions options;
    options.bundle = folder_.path() / "bundle";
    options.variant = folder_.path() / "variant";
    options.data = folder_.path() / "cts";
    if (!output.empty()) options.output = folder_.path() / output;
    options.threads = 1;
    options.epochs = 3;
    options.steps_per_epoch = 4;
    options.checkpoint_steps = 3;
    options.learning_rate = 3e-3;
    options.average_decay = 0.5;
    options.seed = 11;
    return options;
  }

  VariantFiles Load(const std::string& name) const { return LoadVariant(folder_.path() / name, bundle_.model); }

  std::string CurveOf(const std::string& output) const { return Curve(folder_.path() / (output + ".tuning") / "network" / "fold_0" / "log.csv"); }

  /// `whole` and `parts`, which was killed at `kills`, come to the same.
  void ExpectTheSame(const TuningRunOptions& whole, const TuningRunOptions& parts, const std::vector<int64_t>& kills, const std::vector<int64_t>& expected) const {
    const TuningResult uninterrupted = RunTuning(whole, {});
    std::vector<int64_t> resumes;
    for (const int64_t step : kills) EXPECT_THROW(RunTuning(parts, KillAt(step, ResumesInto(resumes))), Killed);
    const TuningResult resumed = RunTuning(parts, ResumesInto(resumes));
    EXPECT_EQ(resumes, expected);
    EXPECT_EQ(resumed.students.front().steps, uninterrupted.students.front().steps);
    EXPECT_EQ(resumed.students.front().kept_step, uninterrupted.students.front().kept_step);
    EXPECT_EQ(resumed.students.front().before->by_level, uninterrupted.students.front().before->by_level);
    EXPECT_EQ(resumed.students.front().after->by_level, uninterrupted.students.front().after->by_level);
    EXPECT_EQ(CurveOf(parts.output.filename()), CurveOf(whole.output.filename()));
    for (const char* file : {"weights.safetensors", "variant.json"}) EXPECT_EQ(FileText(parts.output / file), FileText(whole.output / file)) << file;
  }

  const TemporaryDirectory folder_;
  const Bundle bundle_ = SphereBundle(1);
};

/// Every note, a line each.
TrainingSink NotesInto(std::string& notes) {
  return [&notes](const TrainingProgress& progress) {
    if (progress.kind == TrainingProgress::Kind::kNote) notes += progress.note + "\n";
  };
}

TEST_F(TuningRun, MakesAVariantThatAnswersMoreLikeTheOriginalFromCtsWithoutLabels) {
  Write(HosvdVariant(bundle_, {0.5}));
  TuningRunOptions options = Options("tuned");
  options.epochs = 4;
  options.steps_per_epoch = 20;
  const TuningResult result = RunTuning(options, {});
  ASSERT_EQ(result.students.size(), 1U);
  const TunedStudent& student = result.students.front();
  EXPECT_EQ(student.steps, 80);
  EXPECT_GT(student.kept_step, 0);
  EXPECT_GT(student.after->dice, student.before->dice + 0.02);
  const VariantFiles tuned = Load("tuned");
  EXPECT_EQ(tuned.variant.levels.front().name, "at0-tuned");
  EXPECT_FALSE(tuned.variant.levels.front().is_default);
  EXPECT_EQ(tuned.variant.levels.front().graphs, Load("variant").variant.levels.front().graphs);
  ASSERT_EQ(tuned.variant.tuning.size(), 1U);
  EXPECT_THAT(tuned.variant.tuning.front(), StartsWith("part network, fold 0: distillation from the original, its softmax (KL and soft Dice); 80 steps of 2 patches of 16 x 16 x 16, weights of step "));
  EXPECT_THAT(tuned.variant.tuning.front(), HasSubstr("data: without a description, 3 cases, 1 of them held out; seed 11"));
  EXPECT_THAT(tuned.variant.tuning.front(), Not(HasSubstr(folder_.path().string())));
}

TEST_F(TuningRun, NamesTheCtsThatItSawBesideThoseThatTheVariantHadSeen) {
  VariantFiles calibrated = HosvdVariant(bundle_, {0.5});
  calibrated.variant.seen_cases = {"00c0ffee"};
  Write(calibrated);
  TuningRunOptions options = Options("tuned");
  options.epochs = 1;
  std::set<std::string> expected = SphereDigests(3);  // the third was held out, and chose the weights
  expected.insert("00c0ffee");
  EXPECT_EQ(RunTuning(options, {}).variant.seen_cases, expected);
  EXPECT_EQ(Load("tuned").variant.seen_cases, expected);
  std::filesystem::remove_all(options.output);
  RunTuning(options, {});  // from the checkpoint of a student that is done
  EXPECT_EQ(Load("tuned").variant.seen_cases, expected);
}

TEST_F(TuningRun, InterruptedAnywhereGivesTheCurveAndTheWeightsOfOneThatWasNot) {
  Write(HosvdVariant(bundle_, {0.75, 0.5, 0.25}));
  TuningRunOptions whole = Options("whole");
  whole.elastic = true;
  TuningRunOptions parts = Options("parts");
  parts.elastic = true;
  ExpectTheSame(whole, parts, {2, 5, 8}, {0, 4, 8});  // every third step, and the end of each epoch of four
}

TEST_F(TuningRun, InterruptedCountsItsPatienceOn) {
  Write(HosvdVariant(bundle_, {1}));  // already the original: no step is better
  const auto options = [this](const std::string& output) {
    TuningRunOptions result = Options(output);
    result.learning_rate = 0.5;
    result.patience = 2;
    return result;
  };
  ExpectTheSame(options("whole"), options("parts"), {5, 7}, {4, 6});
  EXPECT_EQ(RunTuning(options("third"), {}).students.front().steps, 8) << "two scores without a better one";
}

TEST_F(TuningRun, InterruptedWhileItLearnsFromLabelsGivesTheSame) {
  Write(HosvdVariant(bundle_, {0.5}));
  WriteSphereDataset(folder_.path() / "labelled", 3);
  const auto options = [this](const std::string& output) {
    TuningRunOptions result = Options(output);
    result.data = folder_.path() / "labelled";
    result.target = TuningTarget::kLabels;
    return result;
  };
  ExpectTheSame(options("whole"), options("parts"), {5}, {4});
}

TEST_F(TuningRun, ScoresEveryLevelBeforeTheFirstStepAndAfterEachEpoch) {
  Write(HosvdVariant(bundle_, {0.75, 0.5, 0.25}));
  TuningRunOptions options = Options("tuned");
  options.elastic = true;
  RunTuning(options, {});
  std::istringstream curve(CurveOf("tuned"));
  std::vector<std::string> lines;
  for (std::string line; std::getline(curve, line);) lines.push_back(line);
  ASSERT_EQ(lines.size(), 1U + 1U + 12U);
  EXPECT_EQ(lines[0], "step,epoch,loss,dice,dice_at0,dice_at1,dice_at2,lr");
  EXPECT_THAT(lines[1], StartsWith("0,0,,0."));
  EXPECT_THAT(lines[2], HasSubstr(",,,,,"));
  EXPECT_THAT(lines[5], Not(HasSubstr(",,")));
}

TEST_F(TuningRun, LetsTheLevelsOfAnElasticVariantShareTheirTensors) {
  Write(HosvdVariant(bundle_, {0.75, 0.25}, TensorType::kFloat16));
  TuningRunOptions options = Options("tuned");
  options.elastic = true;
  RunTuning(options, {});
  const VariantFiles before = Load("variant");
  const VariantFiles after = Load("tuned");
  ASSERT_EQ(after.variant.levels.size(), 2U);
  size_t own = 0;
  for (const auto& [name, tensor] : after.weights.front().tensors()) {
    if (!name.starts_with("level_")) continue;
    ++own;
    EXPECT_THAT(name, StartsWith("level_at1-tuned.fold_0."));
    EXPECT_EQ(tensor.shape.size(), 1U) << name;
  }
  EXPECT_GT(own, 0U);
  EXPECT_EQ(after.weights.front().tensors().size(), before.weights.front().tensors().size() + own);
  for (const auto& [name, tensor] : before.weights.front().tensors()) EXPECT_EQ(after.weights.front().At(name).type, tensor.type) << name;
  for (size_t level = 0; level < 2; ++level) BundleOf(bundle_.model, after, level);
}

TEST_F(TuningRun, KeepsTheVariantAsItWasWhereNoStepIsBetter) {
  Write(HosvdVariant(bundle_, {1}));  // already the original
  TuningRunOptions options = Options("tuned");
  options.learning_rate = 0.5;
  options.patience = 2;
  std::string notes;
  const TuningResult result = RunTuning(options, NotesInto(notes));
  EXPECT_EQ(result.students.front().kept_step, 0);
  EXPECT_EQ(result.students.front().steps, 8) << "two scores without a better one";
  EXPECT_THAT(notes, HasSubstr("part network, fold 0: no step was better than the variant as it was, whose weights are kept\n"));
  const VariantFiles before = Load("variant");
  const VariantFiles after = Load("tuned");
  for (const auto& [name, tensor] : before.weights.front().tensors()) EXPECT_EQ(ToFloat(after.weights.front().At(name)), ToFloat(tensor)) << name;
}

TEST_F(TuningRun, HoldsNothingOutOfASingleCaseAndSaysSo) {
  Write(HosvdVariant(bundle_, {0.5}));
  std::filesystem::remove(folder_.path() / "cts" / "ct_1.nii.gz");
  std::filesystem::remove(folder_.path() / "cts" / "ct_2.nii.gz");
  std::string notes;
  const TuningResult result = RunTuning(Options("tuned"), NotesInto(notes));
  EXPECT_THAT(notes, StartsWith("1 case, none held out: the last weights are kept, unscored\n"));
  EXPECT_FALSE(result.students.front().after.has_value());
  EXPECT_EQ(result.students.front().kept_step, 12);
  TuningRunOptions options = Options("other");
  options.validation = 1;
  ExpectError(ErrorCode::kInvalidArgument, "validation = 1 cases: must leave at least one of 1", [&] { RunTuning(options, {}); });
}

TEST_F(TuningRun, KeepsTheLastWeightsWhereNoStructureOccursInTheHeldOutCasesAndSaysSo) {
  Write(HosvdVariant(bundle_, {0.5}));
  WriteSphereDataset(folder_.path() / "labelled", 2);
  Volume empty = MakeSphereCase({16, 16, 24}, 3, {1, 5}, 1).labels;
  std::fill(empty.voxels.begin(), empty.voxels.end(), std::byte{0});
  WriteNifti(empty, folder_.path() / "labelled" / "labelsTr" / "case_1.nii.gz");
  TuningRunOptions options = Options("tuned");
  options.data = folder_.path() / "labelled";
  options.target = TuningTarget::kLabels;
  std::string notes;
  const TuningResult result = RunTuning(options, NotesInto(notes));
  EXPECT_THAT(notes, HasSubstr("part network, fold 0: no structure occurs in the held-out cases: the last weights are kept, unscored\n"));
  EXPECT_EQ(result.students.front().kept_step, 12);
  EXPECT_FALSE(result.students.front().after.has_value());
  const std::string tuned = FileText(options.output / "weights.safetensors");
  EXPECT_NE(tuned, FileText(folder_.path() / "variant" / "weights.safetensors"));
  std::filesystem::remove_all(options.output);
  RunTuning(options, {});  // from the checkpoint of a student that is done
  EXPECT_EQ(FileText(options.output / "weights.safetensors"), tuned);
}

TEST_F(TuningRun, ThatWasDoneIsWrittenAgainWithItsBestWeightsFromTheCheckpoint) {
  Write(HosvdVariant(bundle_, {0.5}));
  const TuningResult first = RunTuning(Options("tuned"), {});
  const std::string tuned = FileText(folder_.path() / "tuned" / "weights.safetensors");
  std::filesystem::remove_all(folder_.path() / "tuned");
  std::vector<int64_t> resumes;
  const TuningResult again = RunTuning(Options("tuned"), ResumesInto(resumes));
  EXPECT_THAT(resumes, ElementsAre(12));
  EXPECT_EQ(FileText(folder_.path() / "tuned" / "weights.safetensors"), tuned);
  EXPECT_EQ(again.students.front().after->dice, first.students.front().after->dice);
  EXPECT_EQ(again.variant, first.variant);
}

TEST_F(TuningRun, SegmentsTheHeldOutCasesAloneWherePatchesMayLieAnywhere) {
  Write(HosvdVariant(bundle_, {0.5}));
  const auto segmented = [this](double foreground) {
    TuningRunOptions options = Options("tuned-" + std::to_string(foreground));
    options.epochs = 1;
    options.foreground_share = foreground;
    std::vector<std::pair<int64_t, int64_t>> told;
    RunTuning(options, [&told](const TrainingProgress& progress) {
      if (progress.kind == TrainingProgress::Kind::kSegmenting) told.emplace_back(progress.done, progress.total);
    });
    return told;
  };
  EXPECT_THAT(segmented(0), ElementsAre(Pair(1, 1)));
  EXPECT_THAT(segmented(0.33), ElementsAre(Pair(1, 3), Pair(2, 3), Pair(3, 3)));
}

TEST_F(TuningRun, WritesBesideTheVariantWhereNoOutputIsNamed) {
  Write(HosvdVariant(bundle_, {0.5}));
  TuningRunOptions options = Options("");
  options.epochs = 1;
  options.variant /= "";
  EXPECT_EQ(TuningOutput(options), folder_.path() / "variant-tuned");
  RunTuning(options, {});
  EXPECT_EQ(Load("variant-tuned").variant.levels.front().name, "at0-tuned");
  EXPECT_TRUE(std::filesystem::exists(folder_.path() / "variant-tuned.tuning" / "network"));
}

TEST_F(TuningRun, TakesTheVariantsPlaceWithItsNames) {
  Write(HosvdVariant(bundle_, {0.5}));
  TuningRunOptions options = Options("");
  options.in_place = true;
  RunTuning(options, {});
  const VariantFiles tuned = Load("variant");
  EXPECT_EQ(tuned.variant.levels.front().name, "at0");
  EXPECT_TRUE(tuned.variant.levels.front().is_default);
  EXPECT_EQ(tuned.variant.tuning.size(), 1U);
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) EXPECT_THAT(entry.path().filename().string(), Not(HasSubstr("unfinished")));
}

TEST_F(TuningRun, InPlaceGoesOnWhereACrashTookTheVariantAway) {
  Write(HosvdVariant(bundle_, {0.5}));
  TuningRunOptions options = Options("");
  options.in_place = true;
  EXPECT_THROW(RunTuning(options, KillAt(5)), Killed);
  std::filesystem::rename(folder_.path() / "variant", folder_.path() / "variant.unfinished-before");
  std::vector<int64_t> resumes;
  RunTuning(options, ResumesInto(resumes));
  EXPECT_THAT(resumes, ElementsAre(4));
  EXPECT_EQ(Load("variant").variant.tuning.size(), 1U);
}

TEST_F(TuningRun, FineTunesOnLabelsByTheNamesOfTheirClasses) {
  Write(HosvdVariant(bundle_, {0.5}));
  WriteSphereDataset(folder_.path() / "labelled", 2);
  // Other values for the same names.
  std::ofstream(folder_.path() / "labelled" / "dataset.json") << R"({"channel_names": {"0": "CT"}, "labels": {"background": 0, "spleen": 5, "liver": 1}, "phantoms": true})";
  for (const TuningTarget target : {TuningTarget::kLabels, TuningTarget::kBoth}) {
    TuningRunOptions options = Options(target == TuningTarget::kLabels ? "labels" : "both");
    options.data = folder_.path() / "labelled";
    options.target = target;
    const TuningResult result = RunTuning(options, {});
    EXPECT_THAT(result.variant.tuning.front(), HasSubstr("labels (nnU-Net's loss)"));
    EXPECT_THAT(result.variant.tuning.front(), HasSubstr("(phantoms)"));
  }
  TuningRunOptions options = Options("other");
  options.target = TuningTarget::kLabels;
  ExpectError(ErrorCode::kNotFound, "--data: holds no case", [&] { RunTuning(options, {}); });
  std::ofstream(folder_.path() / "labelled" / "dataset.json") << R"({"channel_names": {"0": "CT"}, "labels": {"background": 0, "a": 5, "b": 1}})";
  options.data = folder_.path() / "labelled";
  ExpectError(ErrorCode::kInvalidArgument, "--data: labels 0 of 2 structures of part network", [&] { RunTuning(options, {}); });
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "other.tuning"));
}

/// Two parts of the same network, the second with two folds.
Bundle TwoParts() {
  Bundle bundle = SphereBundle(1);
  ModelPart second = bundle.model.parts.front();
  second.name = "second";
  second.folds = {"0", "1"};
  bundle.model.parts.push_back(second);
  WeightStore weights = bundle.weights.front();
  const Bundle other = SphereBundle(2);
  for (const auto& [name, tensor] : other.weights.front().tensors())
    weights.AddFloats("fold_1." + name.substr(std::string("fold_0.").size()), TensorType::kFloat32, tensor.shape, ToFloat(tensor));
  bundle.weights.push_back(weights);
  bundle.model.provenance.weights_sha256 = PartWeightsSha256(bundle.weights);
  return bundle;
}

TEST_F(TuningRun, TunesEachPartAndFoldOrThePartsAskedFor) {
  const Bundle bundle = TwoParts();
  WriteModels(bundle, HosvdVariant(bundle, {0.5}), folder_.path());
  TuningRunOptions options = Options("tuned");
  options.epochs = 1;
  const TuningResult result = RunTuning(options, {});
  ASSERT_EQ(result.students.size(), 3U);
  EXPECT_EQ(result.students[2].part + result.students[2].fold, "second1");
  EXPECT_EQ(result.variant.tuning.size(), 3U);
  options = Options("second");
  options.epochs = 1;
  options.parts = {"second"};
  EXPECT_EQ(RunTuning(options, {}).students.size(), 2U);
  const VariantFiles before = LoadVariant(folder_.path() / "variant", bundle.model);
  const VariantFiles after = LoadVariant(folder_.path() / "second", bundle.model);
  for (const auto& [name, tensor] : before.weights[0].tensors()) EXPECT_EQ(ToFloat(after.weights[0].At(name)), ToFloat(tensor)) << name;
  options = Options("third");
  options.parts = {"third"};
  ExpectError(ErrorCode::kInvalidArgument, "--parts = third: must be of network, second", [&] { RunTuning(options, {}); });
}

TEST_F(TuningRun, GoesOnBehindTheStudentsThatAreDone) {
  const Bundle bundle = TwoParts();
  WriteModels(bundle, HosvdVariant(bundle, {0.5}), folder_.path());
  TuningRunOptions whole = Options("whole");
  whole.epochs = 1;
  RunTuning(whole, {});
  TuningRunOptions parts = Options("parts");
  parts.epochs = 1;
  std::vector<int64_t> resumes;
  std::string notes;
  int students = 0;
  EXPECT_THROW(RunTuning(parts, [&](const TrainingProgress& progress) {
    if (progress.kind == TrainingProgress::Kind::kStep && progress.done == 2 && ++students == 3) throw Killed{};
  }), Killed);
  RunTuning(parts, [&](const TrainingProgress& progress) {
    ResumesInto(resumes)(progress);
    NotesInto(notes)(progress);
  });
  EXPECT_THAT(resumes, ElementsAre(4, 4, 0)) << "the third was killed behind its second step, before its first checkpoint but step 0's";
  EXPECT_THAT(notes, Not(HasSubstr("fold 0: the original segments")));
  EXPECT_THAT(notes, HasSubstr("part second, fold 1: the original segments the cases first"));
  for (const char* file : {"parts/network/weights.safetensors", "parts/second/weights.safetensors", "variant.json"}) {
    EXPECT_EQ(FileText(parts.output / file), FileText(whole.output / file)) << file;
  }
}

TEST_F(TuningRun, RefusesToGoOnWithOtherSettingsDataOrVariant) {
  Write(HosvdVariant(bundle_, {0.5}));
  EXPECT_THROW(RunTuning(Options("tuned"), KillAt(4)), Killed);
  TuningRunOptions options = Options("tuned");
  options.temperature = 2;
  ExpectError(ErrorCode::kFailedPrecondition, "--temperature = 2.0: must be 1.0, as this training began", [&] { RunTuning(options, {}); });
  WriteUnlabelled(folder_.path() / "cts", 4);
  ExpectError(ErrorCode::kFailedPrecondition, "--data: is not what this training began with", [&] { RunTuning(Options("tuned"), {}); });
  std::filesystem::remove(folder_.path() / "cts" / "ct_3.nii.gz");
  std::filesystem::remove_all(folder_.path() / "variant");
  SaveVariant(HosvdVariant(bundle_, {0.25}), bundle_.model, folder_.path() / "variant");
  ExpectError(ErrorCode::kFailedPrecondition, "variant: is not what this training began with", [&] { RunTuning(Options("tuned"), {}); });
}

TEST_F(TuningRun, RefusesLevelsAndElasticThatDoNotGoTogether) {
  Write(HosvdVariant(bundle_, {0.5}));
  TuningRunOptions options = Options("tuned");
  options.elastic = true;
  ExpectError(ErrorCode::kFailedPrecondition, "--elastic: the variant has a single level", [&] { RunTuning(options, {}); });
  std::filesystem::remove_all(folder_.path() / "variant");
  SaveVariant(HosvdVariant(bundle_, {0.5, 0.25}), bundle_.model, folder_.path() / "variant");
  ExpectError(ErrorCode::kFailedPrecondition, "variant: has 2 levels that share their tensors: must be tuned with --elastic", [&] { RunTuning(Options("tuned"), {}); });
}

TEST_F(TuningRun, RefusesWhatItCannotTuneByNameBeforeItBegins) {
  Write(HosvdVariant(bundle_, {0.5}));
  const auto expect_refusal = [&](const std::string& message, const std::function<void(TuningRunOptions&)>& change) {
    TuningRunOptions options = Options("tuned");
    change(options);
    ExpectError(ErrorCode::kInvalidArgument, message, [&] { RunTuning(options, {}); });
  };
  expect_refusal("--temperature = 0: must be in [0.1, 100]", [](TuningRunOptions& o) { o.temperature = 0; });
  expect_refusal("--patch[1] = 18: must be a multiple of 4, the stride of part network", [](TuningRunOptions& o) { o.patch = Size3{16, 18, 16}; });
  expect_refusal("--patience = -1: must be at least 0", [](TuningRunOptions& o) { o.patience = -1; });
  expect_refusal("--output: must not be given with --in-place", [](TuningRunOptions& o) { o.in_place = true; });
  expect_refusal("--tuning-directory: lies in what is written at the end", [](TuningRunOptions& o) { o.tuning_directory = o.output / "state"; });
  expect_refusal("\"at0/x\": must be letters, digits", [](TuningRunOptions& o) { o.suffix = "/x"; });
  expect_refusal("--temperature: says how the original is followed: must not be given with --teacher labels", [](TuningRunOptions& o) {
    o.target = TuningTarget::kLabels;
    o.temperature = 2;
  });
  expect_refusal("--hard-targets: says how", [](TuningRunOptions& o) {
    o.target = TuningTarget::kLabels;
    o.hard_targets = true;
  });
  expect_refusal("--batch = 2: must be at least 3", [](TuningRunOptions& o) { o.device = "cpu,cpu,cpu"; });
  TuningRunOptions options = Options("cts");
  ExpectError(ErrorCode::kFailedPrecondition, "is there and no empty directory: must be a new or empty one", [&] { RunTuning(options, {}); });
  Bundle wide = bundle_;
  wide.model.parts.front().regions = true;
  std::filesystem::remove_all(folder_.path() / "bundle");
  SaveBundle(wide, folder_.path() / "bundle");
  expect_refusal("part network: has regions", [](TuningRunOptions&) {});
}

TEST_F(TuningRun, TakesASmallerPatchThanThePart) {
  Write(HosvdVariant(bundle_, {0.5}));
  TuningRunOptions options = Options("tuned");
  options.patch = Size3{8, 12, 16};
  options.epochs = 1;
  EXPECT_THAT(RunTuning(options, {}).variant.tuning.front(), HasSubstr("patches of 8 x 12 x 16"));
}

}  // namespace
}  // namespace tuckerseg
