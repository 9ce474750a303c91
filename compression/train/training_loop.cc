#include "compression/train/training_loop.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "engine/error.h"

namespace tuckerseg {
namespace {

constexpr int64_t kBatchesAhead = 3;
constexpr int64_t kRehearsals = 3;  // steps that are measured for --minutes, behind one that warms up
constexpr int64_t kMostSteps = int64_t{1} << 40;
constexpr int64_t kNothingYet = -1;  // lines of a log to keep: not even those before the first step

double Now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// The number of steps that a checkpoint's settings fixed.
int64_t StepsOf(const Json& settings) {
  const auto found = settings.find("steps");
  if (found == settings.end() || !found->is_number_integer() || found->get<int64_t>() < 1 || found->get<int64_t>() > kMostSteps) {
    throw Error(ErrorCode::kDataLoss, "checkpoint: settings.steps: must be a whole number above 0");
  }
  return found->get<int64_t>();
}

}  // namespace

Precision PrecisionOf(const LearningOptions& options) { return options.bfloat16 ? Precision::kBFloat16 : Precision::kFloat32; }

TrainerOptions TrainerOptionsOf(const LearningOptions& options) {
  TrainerOptions result;
  result.devices = DevicesOf(options.device);
  result.threads = options.threads;
  result.precision = PrecisionOf(options);
  result.activations = options.recompute_activations ? Activations::kRecomputed : Activations::kKept;
  result.optimizer.kind = options.adamw ? OptimizerKind::kAdamW : OptimizerKind::kSgd;
  result.optimizer.schedule = options.cosine ? Schedule::kCosine : Schedule::kPolynomial;
  result.optimizer.learning_rate = options.learning_rate;
  result.optimizer.weight_decay = options.weight_decay;
  result.optimizer.momentum = options.momentum;
  result.optimizer.clip_norm = options.clip_norm;
  result.average_decay = options.average_decay;
  result.total_steps = options.epochs * options.steps_per_epoch;
  return result;
}

BatchOptions BatchOptionsOf(const LearningOptions& options, const Size3& patch) {
  return {patch, options.batch, options.foreground_share, options.augmentation, options.seed};
}

TrainingLoop::TrainingLoop(const LearningOptions& learning, LoopOptions options)
    : learning_(learning), options_(std::move(options)), checkpoint_(LoadCheckpoint(options_.directory)) {
  if (checkpoint_) CheckSameSettings(checkpoint_->settings, options_.settings);
}

LoopResult TrainingLoop::Run(Trainer& trainer, const std::vector<TrainingCase>& cases, EpochScorer* scorer, const TrainingSink& sink) {
  trainer_ = &trainer;
  cases_ = &cases;
  scorer_ = scorer;
  sink_ = &sink;
  Start();
  while (!Over()) Advance();
  Save(/*over=*/true);
  return {trainer.step(), log_->seconds_before() + Elapsed(), dice_};
}

void TrainingLoop::Tell(const TrainingProgress& progress) const {
  if (*sink_) (*sink_)(progress);
}

const Json* TrainingLoop::Progress(const std::string& name) const {
  if (!checkpoint_ || !checkpoint_->progress.is_object()) return nullptr;
  const auto found = checkpoint_->progress.find(name);
  return found == checkpoint_->progress.end() ? nullptr : &*found;
}

bool TrainingLoop::WasOver() const {
  const Json* over = Progress("over");
  return over != nullptr && *over == true;
}

double TrainingLoop::Elapsed() const { return Now() - begin_; }

bool TrainingLoop::Over() const { return trainer_->step() >= steps_ || (scorer_ != nullptr && scorer_->Enough()); }

void TrainingLoop::Start() {
  steps_ = learning_.epochs * learning_.steps_per_epoch;
  if (checkpoint_) {
    steps_ = StepsOf(checkpoint_->settings);
    trainer_->Restore(checkpoint_->tensors, checkpoint_->step);
    if (scorer_ != nullptr) scorer_->Restore(*checkpoint_);
    if (const Json* dice = Progress("dice"); dice != nullptr && dice->is_number()) dice_ = dice->get<double>();
    Tell({.kind = TrainingProgress::Kind::kResumed, .done = checkpoint_->step, .total = steps_});
  } else if (learning_.minutes > 0) {
    steps_ = MeasuredSteps();
  }
  trainer_->set_total_steps(steps_);
  options_.settings["steps"] = steps_;
  if (!checkpoint_ && !options_.score_before) Save();  // fixes the number of steps, and refuses a directory that cannot be written
  const bool fresh = !checkpoint_;
  checkpoint_.reset();
  MakeTrainingDirectory(options_.directory);
  log_ = std::make_unique<TrainingLog>(options_.directory / "log.csv", fresh ? kNothingYet : trainer_->step(), options_.levels);
  if (fresh && options_.score_before) ScoreBefore();
  queue_ = std::make_unique<BatchQueue>(*cases_, options_.batches, trainer_->step(), learning_.loader_threads, kBatchesAhead);
  begin_ = Now();
  first_step_ = trainer_->step();
}

int64_t TrainingLoop::MeasuredSteps() const {
  trainer_->Rehearse(MakeBatch(*cases_, options_.batches, 0), 0);
  const double begin = Now();
  for (int64_t i = 0; i < kRehearsals; ++i) trainer_->Rehearse(MakeBatch(*cases_, options_.batches, i), i);
  const double seconds = (Now() - begin) / static_cast<double>(kRehearsals);
  return std::max<int64_t>(1, std::llround(learning_.minutes * 60 / seconds));
}

/// A checkpoint behind it, so that the score is not measured again.
void TrainingLoop::ScoreBefore() {
  if (scorer_ != nullptr) {
    const EpochScore score = ScoreNow();
    log_->Add({.step = 0, .epoch = 0, .loss = {}, .dice = score.dice, .by_level = score.by_level, .learning_rate = 0, .seconds = 0});
    Tell({.kind = TrainingProgress::Kind::kEpoch, .done = 0, .total = steps_, .epoch = 0, .dice = score.dice});
  }
  Save();
}

EpochScore TrainingLoop::ScoreNow() {
  EpochScore score = scorer_->Score(trainer_->step());
  dice_ = score.dice;
  return score;
}

std::optional<EpochScore> TrainingLoop::Scored(int64_t epoch) {
  if (scorer_ == nullptr || (epoch % learning_.validate_every != 0 && trainer_->step() != steps_)) return std::nullopt;
  return ScoreNow();
}

void TrainingLoop::Advance() {
  const int64_t epoch = trainer_->step() / learning_.steps_per_epoch + 1;
  const double rate = trainer_->NextLearningRate();
  const double loss = trainer_->Step(queue_->Take());
  const int64_t step = trainer_->step();
  epoch_loss_ += loss;
  ++epoch_steps_;
  const bool epoch_ends = step % learning_.steps_per_epoch == 0 || step == steps_;
  const std::optional<EpochScore> score = epoch_ends ? Scored(epoch) : std::nullopt;
  const std::optional<double> dice = score ? std::optional(score->dice) : std::nullopt;
  const double elapsed = Elapsed();
  log_->Add({step, epoch, loss, dice, score ? score->by_level : std::vector<double>{}, rate, log_->seconds_before() + elapsed});
  // Behind the log line, so that no step that a checkpoint holds is missing there.
  if (epoch_ends || step % learning_.checkpoint_steps == 0) Save();
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

void TrainingLoop::Save(bool over) const {
  TrainingCheckpoint checkpoint{trainer_->step(), options_.settings, {{"over", over}}, trainer_->State()};
  if (dice_) checkpoint.progress["dice"] = *dice_;
  if (scorer_ != nullptr) scorer_->Save(checkpoint);
  SaveCheckpoint(checkpoint, options_.directory);
}

}  // namespace tuckerseg
