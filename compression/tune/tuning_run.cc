#include "compression/tune/tuning_run.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <span>
#include <utility>

#include "compression/forms/level_names.h"
#include "compression/train/parameters.h"
#include "compression/train/run_settings.h"
#include "compression/train/state_directory.h"
#include "compression/train/training_loop.h"
#include "compression/train/training_set.h"
#include "compression/train/validation.h"
#include "compression/tune/best_weights.h"
#include "compression/tune/distillation.h"
#include "compression/tune/replaced_directory.h"
#include "compression/tune/student.h"
#include "compression/tune/tuned_variant.h"
#include "compression/tune/tuning_data.h"
#include "engine/error.h"
#include "engine/model/bundle.h"
#include "engine/model/part_weights.h"
#include "engine/model/unfinished_directory.h"
#include "engine/sha256.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTargetNames[] = {"original", "labels", "both"};

std::string Digest(const std::string& text) {
  Sha256 digest;
  digest.Update(std::as_bytes(std::span(text)));
  return digest.Digest();
}

void CheckTuningOptions(const TuningRunOptions& options) {
  CheckLearningOptions(options);
  CheckRange("--temperature", options.temperature, 0.1, 100);
  CheckAtLeast("--patience", options.patience, 0);
  if (options.validation) CheckRange("--validation", *options.validation, 0, 1e6);
  if (options.in_place && !options.output.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "--output: must not be given with --in-place");
  }
  if (options.target != TuningTarget::kLabels) return;
  if (options.temperature != 1 || options.hard_targets) {
    throw Error(ErrorCode::kInvalidArgument, std::string(options.hard_targets ? "--hard-targets" : "--temperature") +
                                                 ": says how the original is followed: must not be given with --teacher labels");
  }
}

std::string CaseCount(size_t cases) { return std::to_string(cases) + (cases == 1 ? " case" : " cases"); }

/// What a part's folds have in common.
struct PartTuning {
  size_t place = 0;
  Model model;  ///< of this part alone
  Size3 patch{};
  TrainingSet set;
  Json settings;
  const ModelPart& part() const { return model.parts.front(); }
};

class Run {
 public:
  Run(const TuningRunOptions& options, const TrainingSink& sink)
      : options_(options), sink_(sink), output_(WholePath(TuningOutput(options))),
        state_(StateDirectory(output_, options.tuning_directory, ".tuning", "--tuning-directory")) {}

  TuningResult Do() {
    MendReplaced(WholePath(options_.variant));
    bundle_ = LoadBundle(options_.bundle);
    before_ = LoadVariant(options_.variant, bundle_.model);
    // Whatever can be refused is refused before hours of work, not after.
    CheckLevels();
    after_.variant = RenamedVariant(before_.variant, options_.in_place ? "" : options_.suffix, options_.make_default);
    ParseVariant(EncodeVariant(after_.variant, bundle_.model), bundle_.model);
    CheckParts();
    if (!options_.in_place) {
      CheckNewOrEmpty(output_, "--output");
      RequireFreeNames(options_.bundle, bundle_.model, output_, LevelNames(after_.variant), "--suffix");
    }
    CheckDevices(DevicesOf(options_.device), options_.threads);
    folder_ = FindTuningCases(options_.data, options_.target);
    CheckLabels();
    held_out_ = HeldOutOf(options_.validation, folder_.cases.size());
    if (held_out_ == 0) Note(CaseCount(folder_.cases.size()) + ", none held out: the last weights are kept, unscored");
    for (size_t part = 0; part < bundle_.model.parts.size(); ++part) {
      after_.weights.push_back(IsWanted(part) ? Tuned(part) : RenamedLevels(before_.weights[part], before_.variant, after_.variant));
    }
    Write();
    return {after_.variant, students_};
  }

 private:
  void Note(const std::string& text) const {
    if (sink_) sink_({.kind = TrainingProgress::Kind::kNote, .note = text});
  }

  bool IsWanted(size_t part) const {
    return options_.parts.empty() || std::find(options_.parts.begin(), options_.parts.end(), bundle_.model.parts[part].name) != options_.parts.end();
  }

  void CheckLevels() const {
    const size_t levels = before_.variant.levels.size();
    if (options_.elastic && levels == 1) {
      throw Error(ErrorCode::kFailedPrecondition, "--elastic: the variant has a single level: must have several that share their tensors; tune it without");
    }
    if (!options_.elastic && levels > 1) {
      throw Error(ErrorCode::kFailedPrecondition, "variant: has " + std::to_string(levels) + " levels that share their tensors: must be tuned with --elastic");
    }
  }

  void CheckParts() const {
    std::string names;
    for (const ModelPart& part : bundle_.model.parts) names += (names.empty() ? "" : ", ") + part.name;
    for (const std::string& wanted : options_.parts) {
      const auto& parts = bundle_.model.parts;
      if (std::none_of(parts.begin(), parts.end(), [&wanted](const ModelPart& part) { return part.name == wanted; })) {
        throw Error(ErrorCode::kInvalidArgument, "--parts = " + wanted + ": must be of " + names);
      }
    }
    for (size_t part = 0; part < bundle_.model.parts.size(); ++part) {
      if (!IsWanted(part)) continue;
      OnePart(bundle_.model, part);
      PatchOf(part);
    }
  }

  void CheckLabels() const {
    if (options_.target == TuningTarget::kTeacher) return;
    for (size_t part = 0; part < bundle_.model.parts.size(); ++part) {
      if (!IsWanted(part)) continue;
      const Model model = OnePart(bundle_.model, part);
      InLabelsOf(WithMasksOfPart(folder_, model), model);
    }
  }

  Size3 PatchOf(size_t part) const {
    if (!options_.patch) return bundle_.model.parts[part].patch_size;
    const Size3 divisor = bundle_.model.parts[part].graph.PatchDivisor();
    for (size_t a = 0; a < 3; ++a) {
      const int64_t size = (*options_.patch)[a];
      if (size >= divisor[a] && size % divisor[a] == 0) continue;
      throw Error(ErrorCode::kInvalidArgument, "--patch[" + std::to_string(a) + "] = " + std::to_string(size) + ": must be a multiple of " +
                                                   std::to_string(divisor[a]) + ", the stride of part " + bundle_.model.parts[part].name);
    }
    return *options_.patch;
  }

  /// Tunes the folds of a part.
  WeightStore Tuned(size_t place) {
    PartTuning tuning;
    tuning.place = place;
    tuning.model = OnePart(bundle_.model, place);
    tuning.patch = PatchOf(place);
    Note("part " + tuning.part().name);
    TrainingSetOptions set_options;
    set_options.validation_cases = held_out_;
    set_options.max_bytes = options_.max_memory_bytes;
    set_options.threads = options_.threads;
    const Model labelled = options_.target == TuningTarget::kTeacher ? tuning.model : InLabelsOf(folder_, tuning.model);
    tuning.set = LoadTrainingSet(WithMasksOfPart(folder_, tuning.model), labelled, set_options, CountingSink(sink_, TrainingProgress::Kind::kLoading));
    // Those held out, too: they chose the weights.
    for (const auto* cases : {&tuning.set.training, &tuning.set.validation})
      for (const TrainingCase& seen : *cases) after_.variant.seen_cases.insert(seen.ct_digest);
    tuning.settings = SettingsOf(tuning);
    WeightStore weights;
    for (const std::string& fold : tuning.part().folds) TuneFold(tuning, fold, weights);
    return weights;
  }

  Json SettingsOf(const PartTuning& tuning) const {
    Json settings = LearningSettings(options_);
    settings["--teacher"] = kTargetNames[static_cast<size_t>(options_.target)];
    settings["--temperature"] = options_.temperature;
    settings["--hard-targets"] = options_.hard_targets;
    settings["--patch"] = tuning.patch;
    settings["--patience"] = options_.patience;
    settings["--validate-every"] = options_.validate_every;  // decides here which weights are kept
    settings["--validation"] = held_out_;
    settings["bundle"] = NetworkDigest(tuning.model) + bundle_.model.provenance.weights_sha256;
    settings["variant"] = Digest(EncodeVariant(before_.variant, bundle_.model));
    settings["--data"] = CasesDigest(tuning.set.training) + CasesDigest(tuning.set.validation);  // before the original labels them
    return settings;
  }

  /// A column of the log each, where there are several.
  std::vector<std::string> LoggedLevels() const {
    return before_.variant.levels.size() > 1 ? LevelNames(before_.variant) : std::vector<std::string>{};
  }

  DistillationOptions DistillationOf() const {
    DistillationOptions result;
    result.target = options_.target;
    result.loss.temperature = options_.temperature;
    result.loss.hard_targets = options_.hard_targets;
    result.precision = PrecisionOf(options_);
    result.activations = options_.recompute_activations ? Activations::kRecomputed : Activations::kKept;
    result.seed = options_.seed;
    return result;
  }

  void LabelCases(const Teacher& teacher, PartTuning& tuning) const {
    const bool all = options_.foreground_share > 0;  // else nobody asks where structures lie
    const size_t total = tuning.set.validation.size() + (all ? tuning.set.training.size() : 0);
    const auto count = CountingSink(sink_, TrainingProgress::Kind::kSegmenting);
    size_t done = 0;
    const auto told = [&] { count(++done, total); };
    LabelByTeacher(teacher, tuning.model, options_.threads, tuning.set.validation, told);
    if (all) LabelByTeacher(teacher, tuning.model, options_.threads, tuning.set.training, told);
  }

  /// A checkpoint knows: the cases of a student that is done are not segmented again.
  static bool IsScored(const TrainingLoop& loop, const PartTuning& tuning) {
    return loop.Resumes() ? loop.Progress(BestWeights::kEntry) != nullptr : CanBeScored(tuning.set.validation);
  }

  void TuneFold(PartTuning& tuning, const std::string& fold, WeightStore& weights) {
    const std::string name = "part " + tuning.part().name + ", fold " + fold;
    TrainingLoop loop(options_, {state_ / tuning.part().name / ("fold_" + fold), tuning.settings, BatchOptionsOf(options_, tuning.patch),
                                 /*score_before=*/true, LoggedLevels()});
    const Student student(before_.variant, tuning.place);
    const TrainableGraph original(tuning.part().graph, /*deep_supervision=*/false);
    std::unique_ptr<Teacher> teacher;
    if (options_.target != TuningTarget::kLabels) {
      teacher = std::make_unique<Teacher>(original, LoadParameters(original, bundle_.weights[tuning.place], "fold_" + fold + ".", 0),
                                          DevicesOf(options_.device), PrecisionOf(options_));
    }
    if (options_.target == TuningTarget::kTeacher && !loop.WasOver()) {
      Note(name + ": the original segments the cases first");
      LabelCases(*teacher, tuning);
    }
    Trainer trainer(student.Load(before_.weights[tuning.place], fold), TrainerOptionsOf(options_), Distillation(student, teacher.get(), DistillationOf()));
    BestWeights best(trainer, MeasureOf(student, tuning), options_.patience);
    const bool scored = IsScored(loop, tuning);
    if (!scored && held_out_ > 0) Note(name + ": no structure occurs in the held-out cases: the last weights are kept, unscored");
    const LoopResult result = loop.Run(trainer, tuning.set.training, scored ? &best : nullptr, sink_);
    TunedStudent tuned{tuning.part().name, fold, result.steps, result.seconds, result.steps, {}, {}};
    if (scored) {
      tuned.kept_step = best.step();
      tuned.before = best.first_score();
      tuned.after = best.score();
      if (best.step() == 0) Note(name + ": no step was better than the variant as it was, whose weights are kept");
    }
    student.Store(scored ? best.weights() : trainer.average(), fold, after_.variant, [&](const std::string& tensor) { return TypeOf(tuning, tensor); }, weights);
    after_.variant.tuning.push_back(TuningRecord(tuned, options_, tuning.patch, folder_, held_out_));
    students_.push_back(std::move(tuned));
  }

  TensorType TypeOf(const PartTuning& tuning, const std::string& tensor) const {
    if (options_.half_weights) return *options_.half_weights ? TensorType::kFloat16 : TensorType::kFloat32;
    return StoredType(before_.weights[tuning.place], tensor);
  }

  Measure MeasureOf(const Student& student, const PartTuning& tuning) const {
    return [this, &student, &tuning](const Parameters& weights) {
      std::vector<double> dice;
      for (size_t level = 0; level < student.levels(); ++level) {
        dice.push_back(Validate(student.graph(level), student.AtLevel(weights, level), tuning.part(), tuning.model.pipeline.tile_step,
                                tuning.set.validation, PrecisionOf(options_), options_.threads).dice);
      }
      return dice;
    };
  }

  void Write() {
    after_.variant.weights_sha256 = PartWeightsSha256(after_.weights);
    if (options_.in_place) return ReplaceVariant(after_, bundle_.model, output_);
    SaveVariant(after_, bundle_.model, output_);
  }

  const TuningRunOptions& options_;
  const TrainingSink& sink_;
  const fs::path output_;
  const fs::path state_;
  Bundle bundle_;
  VariantFiles before_;
  VariantFiles after_;
  CaseFolder folder_;
  int64_t held_out_ = 0;
  std::vector<TunedStudent> students_;
};

}  // namespace

TuningRunOptions::TuningRunOptions() {
  adamw = true;
  learning_rate = 5e-4;
  average_decay = 0.99;
  epochs = 20;
  steps_per_epoch = 50;
}

fs::path TuningOutput(const TuningRunOptions& options) {
  if (options.in_place) return options.variant;
  if (!options.output.empty()) return options.output;
  fs::path variant = options.variant.lexically_normal();
  if (!variant.has_filename()) variant = variant.parent_path();
  if (variant == "." || variant.filename() == "..") variant = WholePath(variant);  // which name nothing
  return variant.string() + options.suffix;
}

TuningResult RunTuning(const TuningRunOptions& options, const TrainingSink& sink) {
  CheckTuningOptions(options);
  return Run(options, sink).Do();
}

}  // namespace tuckerseg
