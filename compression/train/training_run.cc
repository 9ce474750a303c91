#include "compression/train/training_run.h"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "compression/cases/known_masks.h"
#include "compression/train/parameters.h"
#include "compression/train/run_settings.h"
#include "compression/train/segmentation_loss.h"
#include "compression/train/state_directory.h"
#include "compression/train/training_loop.h"
#include "compression/train/training_set.h"
#include "compression/train/validation.h"
#include "engine/error.h"
#include "engine/model/part_weights.h"
#include "engine/model/unfinished_directory.h"
#include "engine/whole_file.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;

std::string ReadPlans(const fs::path& path) {
  std::optional<std::string> text = ReadWholeFile(path);
  if (!text) throw Error(ErrorCode::kNotFound, "--plans: cannot be read: must be nnU-Net's plans.json");
  return *std::move(text);
}

Model ModelOf(const TrainingRunOptions& options, const CaseFolder& folder, const TrainingSetOptions& set_options) {
  const std::string plans = ReadPlans(options.plans);
  std::optional<Normalization> intensities;
  if (!PlansHaveIntensities(plans)) intensities = ForegroundIntensities(folder, set_options);
  return MakeTrainingModel(plans, folder.classes, PresentLabels(folder, set_options), intensities, options.model);
}

/// The parts of a training, and how they work together.
class Run final : EpochScorer {
 public:
  Run(const TrainingRunOptions& options, const TrainingSink& sink)
      : options_(options), sink_(sink), output_(WholePath(options.output)),
        state_(StateDirectory(options.output, options.training_directory, ".training", "--training-directory")) {}

  TrainingResult Do() {
    CheckNewOrEmpty(output_, "bundle");  // before hours of work, not after
    CheckDevices(DevicesOf(options_.device), options_.threads);
    Prepare();
    TrainingLoop loop(options_, {state_, CurveSettings(options_, model_, set_), BatchOptionsOf(options_, model_.parts.front().patch_size)});
    trainer_ = std::make_unique<Trainer>(*graph_, InitialParameters(*graph_, options_.seed), TrainerOptionsOf(options_), LossOf());
    const LoopResult result = loop.Run(*trainer_, set_.training, CanBeScored(set_.validation) ? this : nullptr, sink_);
    Bundle bundle = Finished();
    SaveBundle(bundle, output_);
    return {std::move(bundle), result.steps, result.seconds, result.dice};
  }

 private:
  EpochScore Score(int64_t) override {
    const ModelPart& part = model_.parts.front();
    return {Validate(*graph_, trainer_->average(), part, model_.pipeline.tile_step, set_.validation, PrecisionOf(options_), options_.threads).dice, {}};
  }

  /// With the masks of what is trained alone: others would hide it.
  CaseFolder Cases() const {
    CaseFolder folder = FindCases(options_.data);
    std::set<std::string> trained(options_.model.structures.begin(), options_.model.structures.end());
    if (trained.empty())
      for (const auto& [name, value] : folder.classes) trained.insert(name);
    return WithMasksOf(std::move(folder), trained);
  }

  void Prepare() {
    const CaseFolder folder = Cases();
    TrainingSetOptions set_options;
    set_options.validation_cases = HeldOutCases(options_.validation, folder.cases.size());
    set_options.max_bytes = options_.max_memory_bytes;
    set_options.threads = options_.threads;
    model_ = ModelOf(options_, folder, set_options);
    model_.provenance.phantoms = folder.phantoms;
    set_ = LoadTrainingSet(folder, model_, set_options, CountingSink(sink_, TrainingProgress::Kind::kLoading));
    if (!set_.validation.empty() && !CanBeScored(set_.validation) && sink_) {
      sink_({.kind = TrainingProgress::Kind::kNote, .note = "no class occurs in the held-out cases: they are not scored"});
    }
    graph_ = std::make_unique<TrainableGraph>(model_.parts.front().graph, options_.deep_supervision);
  }

  StepLoss LossOf() const {
    LossOptions loss;
    loss.batch_dice = options_.batch_dice;
    return [this, loss](const std::vector<at::Tensor>& outputs, const Batch& batch) {
      return SegmentationLoss(outputs, graph_->heads(), batch.labels, loss);
    };
  }

  Bundle Finished() const {
    Bundle bundle;
    bundle.model = model_;
    WeightStore weights;
    StoreParameters(trainer_->average(), RequiredTensors(graph_->graph()), "fold_0.",
                    options_.half_weights ? TensorType::kFloat16 : TensorType::kFloat32, weights);
    bundle.weights.push_back(std::move(weights));
    bundle.model.provenance.weights_sha256 = PartWeightsSha256(bundle.weights);
    return bundle;
  }

  const TrainingRunOptions& options_;
  const TrainingSink& sink_;
  const fs::path output_;
  const fs::path state_;
  Model model_;
  TrainingSet set_;
  std::unique_ptr<TrainableGraph> graph_;
  std::unique_ptr<Trainer> trainer_;
};

}  // namespace

TrainingResult RunTraining(const TrainingRunOptions& options, const TrainingSink& sink) {
  CheckOptions(options);
  return Run(options, sink).Do();
}

}  // namespace tuckerseg
