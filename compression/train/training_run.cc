#include "compression/train/training_run.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <iterator>
#include <memory>
#include <span>
#include <utility>

#include "compression/train/checkpoint.h"
#include "compression/train/parameters.h"
#include "compression/train/run_settings.h"
#include "compression/train/segmentation_loss.h"
#include "compression/train/trainer.h"
#include "compression/train/training_log.h"
#include "compression/train/training_set.h"
#include "compression/train/validation.h"
#include "engine/error.h"
#include "engine/execute/torch/torch_executor.h"
#include "engine/model/safetensors.h"
#include "engine/sha256.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kBatchesAhead = 3;
constexpr int64_t kRehearsals = 3;  // steps that are measured for --minutes, behind one that warms up

double Now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

std::string ReadText(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(ErrorCode::kNotFound, "--plans: cannot be read: must be nnU-Net's plans.json");
  return {std::istreambuf_iterator<char>(file), {}};
}

Precision PrecisionOf(const TrainingRunOptions& options) { return options.bfloat16 ? Precision::kBFloat16 : Precision::kFloat32; }

TrainerOptions TrainerOptionsOf(const TrainingRunOptions& options, int64_t steps) {
  TrainerOptions result;
  result.device = options.device;
  result.threads = options.threads;
  result.precision = PrecisionOf(options);
  result.optimizer.kind = options.adamw ? OptimizerKind::kAdamW : OptimizerKind::kSgd;
  result.optimizer.schedule = options.cosine ? Schedule::kCosine : Schedule::kPolynomial;
  result.optimizer.learning_rate = options.learning_rate;
  result.optimizer.weight_decay = options.weight_decay;
  result.optimizer.momentum = options.momentum;
  result.optimizer.clip_norm = options.clip_norm;
  result.average_decay = options.average_decay;
  result.total_steps = steps;
  return result;
}

Model ModelOf(const TrainingRunOptions& options, const CaseFolder& folder, const TrainingSetOptions& set_options) {
  const std::string plans = ReadText(options.plans);
  std::optional<Normalization> intensities;
  if (!PlansHaveIntensities(plans)) intensities = ForegroundIntensities(folder, set_options);
  return MakeTrainingModel(plans, folder.classes, PresentLabels(folder, set_options), intensities, options.model);
}

/// The parts of a training, and how they work together.
class Run {
 public:
  Run(const TrainingRunOptions& options, const TrainingSink& sink) : options_(options), sink_(sink) {}

  Bundle Do() {
    CheckOutput();
    TorchExecutorFactory(options_.device, options_.threads);  // refuses a device that is not there
    Prepare();
    Start();
    while (trainer_->step() < steps_) Advance();
    Bundle bundle = Finished();
    SaveBundle(bundle, options_.output);
    Tell({.kind = TrainingProgress::Kind::kDone, .done = steps_, .total = steps_});
    return bundle;
  }

 private:
  void Tell(const TrainingProgress& progress) const {
    if (sink_) sink_(progress);
  }

  fs::path Directory() const {
    return options_.training_directory.empty() ? fs::path(options_.output.string() + ".training") : options_.training_directory;
  }

  /// Before hours of work, not after.
  void CheckOutput() const {
    std::error_code error;
    if (fs::exists(options_.output, error) && !(fs::is_directory(options_.output, error) && fs::is_empty(options_.output, error))) {
      throw Error(ErrorCode::kFailedPrecondition, "bundle: exists already; choose another or delete it");
    }
  }

  void Prepare() {
    const CaseFolder folder = FindCases(options_.data);
    TrainingSetOptions set_options;
    set_options.validation_cases = HeldOutCases(options_.validation, folder.cases.size());
    set_options.max_bytes = options_.max_memory_bytes;
    set_options.threads = options_.threads;
    model_ = ModelOf(options_, folder, set_options);
    set_ = LoadTrainingSet(folder, model_, set_options, [this](size_t done, size_t total) {
      Tell({.kind = TrainingProgress::Kind::kLoading, .done = static_cast<int64_t>(done), .total = static_cast<int64_t>(total)});
    });
    graph_ = std::make_unique<TrainableGraph>(model_.parts.front().graph, options_.deep_supervision);
  }

  BatchOptions BatchesOf() const {
    return {model_.parts.front().patch_size, options_.batch, options_.foreground_share, options_.augmentation, options_.seed};
  }

  StepLoss LossOf() const {
    LossOptions loss;
    loss.batch_dice = options_.batch_dice;
    return [this, loss](const std::vector<at::Tensor>& outputs, const Batch& batch) {
      return SegmentationLoss(outputs, graph_->heads(), batch.labels, loss);
    };
  }

  void Start() {
    settings_ = CurveSettings(options_, model_, set_);
    std::optional<TrainingCheckpoint> checkpoint = LoadCheckpoint(Directory());
    if (checkpoint) CheckSameSettings(checkpoint->settings, settings_);
    steps_ = options_.epochs * options_.steps_per_epoch;
    trainer_ = std::make_unique<Trainer>(*graph_, InitialParameters(*graph_, options_.seed), TrainerOptionsOf(options_, steps_), LossOf());
    if (checkpoint) {
      steps_ = StepsOf(checkpoint->settings);
      trainer_->Restore(checkpoint->tensors, checkpoint->step);
      Tell({.kind = TrainingProgress::Kind::kResumed, .done = checkpoint->step, .total = steps_});
    } else if (options_.minutes > 0) {
      steps_ = MeasuredSteps();
    }
    trainer_->set_total_steps(steps_);
    settings_["steps"] = steps_;
    if (!checkpoint) Save();  // fixes the number of steps, and refuses a directory that cannot be written
    log_ = std::make_unique<TrainingLog>(Directory() / "log.csv", trainer_->step());
    queue_ = std::make_unique<BatchQueue>(set_.training, BatchesOf(), trainer_->step(), options_.loader_threads, kBatchesAhead);
    begin_ = Now();
    first_step_ = trainer_->step();
  }

  int64_t MeasuredSteps() {
    trainer_->Rehearse(MakeBatch(set_.training, BatchesOf(), 0));
    const double begin = Now();
    for (int64_t i = 0; i < kRehearsals; ++i) trainer_->Rehearse(MakeBatch(set_.training, BatchesOf(), i));
    const double seconds = (Now() - begin) / static_cast<double>(kRehearsals);
    return std::max<int64_t>(1, std::llround(options_.minutes * 60 / seconds));
  }

  void Advance() {
    const int64_t epoch = trainer_->step() / options_.steps_per_epoch + 1;
    const double rate = trainer_->NextLearningRate();
    const double loss = trainer_->Step(queue_->Take());
    const int64_t step = trainer_->step();
    epoch_loss_ += loss;
    ++epoch_steps_;
    const bool epoch_ends = step % options_.steps_per_epoch == 0 || step == steps_;
    std::optional<double> dice;
    if (epoch_ends && !set_.validation.empty() && (epoch % options_.validate_every == 0 || step == steps_)) {
      const ModelPart& part = model_.parts.front();
      dice = Validate(*graph_, trainer_->average(), part, model_.pipeline.tile_step, set_.validation, PrecisionOf(options_), options_.threads).dice;
    }
    const double elapsed = Now() - begin_;
    log_->Add({step, epoch, loss, dice, rate, log_->seconds_before() + elapsed});
    // Behind the log line, so that no step that a checkpoint holds is missing there.
    if (epoch_ends || step % options_.checkpoint_steps == 0) Save();
    TrainingProgress progress{.kind = TrainingProgress::Kind::kStep, .done = step, .total = steps_, .epoch = epoch, .loss = loss,
                              .dice = dice, .learning_rate = rate};
    progress.seconds_left = elapsed / static_cast<double>(step - first_step_) * static_cast<double>(steps_ - step);
    Tell(progress);
    if (!epoch_ends) return;
    progress.kind = TrainingProgress::Kind::kEpoch;
    progress.loss = epoch_loss_ / static_cast<double>(epoch_steps_);
    Tell(progress);
    epoch_loss_ = 0;
    epoch_steps_ = 0;
  }

  void Save() const { SaveCheckpoint({trainer_->step(), settings_, trainer_->State()}, Directory()); }

  Bundle Finished() const {
    Bundle bundle;
    bundle.model = model_;
    WeightStore weights;
    StoreParameters(trainer_->average(), RequiredTensors(graph_->graph()), "fold_0.",
                    options_.half_weights ? TensorType::kFloat16 : TensorType::kFloat32, weights);
    Sha256 digest;
    digest.Update(EncodeSafetensors(weights));
    bundle.model.provenance.weights_sha256 = digest.Digest();
    bundle.weights.push_back(std::move(weights));
    return bundle;
  }

  const TrainingRunOptions& options_;
  const TrainingSink& sink_;
  Model model_;
  TrainingSet set_;
  std::unique_ptr<TrainableGraph> graph_;
  std::unique_ptr<Trainer> trainer_;
  std::unique_ptr<TrainingLog> log_;
  std::unique_ptr<BatchQueue> queue_;
  Json settings_;
  int64_t steps_ = 0;
  int64_t first_step_ = 0;
  double begin_ = 0;
  double epoch_loss_ = 0;
  int64_t epoch_steps_ = 0;
};

}  // namespace

Bundle RunTraining(const TrainingRunOptions& options, const TrainingSink& sink) {
  CheckOptions(options);
  return Run(options, sink).Do();
}

}  // namespace tuckerseg
