#include "compression/train/training_run.h"

#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include "compression/train/parameters.h"
#include "compression/train/run_settings.h"
#include "compression/train/segmentation_loss.h"
#include "compression/train/training_loop.h"
#include "compression/train/training_set.h"
#include "compression/train/validation.h"
#include "engine/error.h"
#include "engine/model/safetensors.h"
#include "engine/sha256.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;

std::string ReadText(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(ErrorCode::kNotFound, "--plans: cannot be read: must be nnU-Net's plans.json");
  return {std::istreambuf_iterator<char>(file), {}};
}

Model ModelOf(const TrainingRunOptions& options, const CaseFolder& folder, const TrainingSetOptions& set_options) {
  const std::string plans = ReadText(options.plans);
  std::optional<Normalization> intensities;
  if (!PlansHaveIntensities(plans)) intensities = ForegroundIntensities(folder, set_options);
  return MakeTrainingModel(plans, folder.classes, PresentLabels(folder, set_options), intensities, options.model);
}

/// The parts of a training, and how they work together.
class Run final : EpochScorer {
 public:
  Run(const TrainingRunOptions& options, const TrainingSink& sink) : options_(options), sink_(sink) {}

  Bundle Do() {
    CheckOutput();
    CheckDevices(DevicesOf(options_.device), options_.threads);
    Prepare();
    TrainingLoop loop(options_, {Directory(), CurveSettings(options_, model_, set_), BatchOptionsOf(options_, model_.parts.front().patch_size)});
    trainer_ = std::make_unique<Trainer>(*graph_, InitialParameters(*graph_, options_.seed), TrainerOptionsOf(options_), LossOf());
    loop.Run(*trainer_, set_.training, set_.validation.empty() ? nullptr : this, sink_);
    Bundle bundle = Finished();
    SaveBundle(bundle, options_.output);
    return bundle;
  }

 private:
  EpochScore Score(int64_t) override {
    const ModelPart& part = model_.parts.front();
    return {Validate(*graph_, trainer_->average(), part, model_.pipeline.tile_step, set_.validation, PrecisionOf(options_), options_.threads).dice, {}};
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
      if (sink_) sink_({.kind = TrainingProgress::Kind::kLoading, .done = static_cast<int64_t>(done), .total = static_cast<int64_t>(total)});
    });
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
};

}  // namespace

Bundle RunTraining(const TrainingRunOptions& options, const TrainingSink& sink) {
  CheckOptions(options);
  return Run(options, sink).Do();
}

}  // namespace tuckerseg
