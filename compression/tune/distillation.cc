#include "compression/tune/distillation.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <limits>

#include "compression/train/parameters.h"
#include "compression/train/random_stream.h"
#include "compression/train/segmentation_loss.h"

namespace tuckerseg {
namespace {

/// Takes a sample's place in the identity of a stream; no batch has as many.
constexpr uint64_t kLevelDraw = std::numeric_limits<uint64_t>::max();

at::Tensor LossOf(const at::Tensor& logits, const DistillationTarget& wanted, const Batch& batch, const DistillationOptions& options) {
  if (options.target == TuningTarget::kTeacher) return DistillationLoss(logits, wanted, options.loss);
  const at::Tensor labelled = DiceCrossEntropy(logits, batch.labels, {});
  if (options.target == TuningTarget::kLabels) return labelled;
  return (labelled + DistillationLoss(logits, wanted, options.loss)) / 2;
}

}  // namespace

Teacher::Teacher(const TrainableGraph& graph, const Parameters& parameters, const std::vector<std::string>& devices, Precision precision)
    : graph_(graph), precision_(precision) {
  for (const std::string& device : devices) by_device_[at::Device(device).str()] = CopyTo(parameters, device);
}

at::Tensor Teacher::Logits(const at::Tensor& image) const {
  const at::NoGradGuard no_gradients;
  return graph_.Forward(by_device_.at(image.device().str()), image, precision_).front();
}

std::vector<size_t> SandwichLevels(size_t levels, uint64_t seed, int64_t step) {
  std::vector<size_t> drawn{0};
  if (levels > 2) {
    RandomStream random({seed, static_cast<uint64_t>(step), kLevelDraw});
    drawn.push_back(1 + static_cast<size_t>(random.Below(static_cast<int64_t>(levels) - 2)));
  }
  if (levels > 1) drawn.push_back(levels - 1);
  return drawn;
}

StepGradients Distillation(const Student& student, const Teacher* teacher, const DistillationOptions& options) {
  return [&student, teacher, options](const Parameters& parameters, const Batch& batch, int64_t step) {
    DistillationTarget wanted;
    if (options.target != TuningTarget::kLabels) wanted = TargetOf(teacher->Logits(batch.image), options.loss);
    const std::vector<size_t> levels = SandwichLevels(student.levels(), options.seed, step);
    double mean = 0;
    for (const size_t level : levels) {
      at::Tensor loss;
      {
        const Parameters cut = student.AtLevel(parameters, level);
        const at::Tensor logits = student.graph(level).Forward(cut, batch.image, options.precision, options.activations).front();
        loss = LossOf(logits, wanted, batch, options) / static_cast<double>(levels.size());
      }  // the logits are gone before their gradient comes, and so is the target behind the last level
      if (level == levels.back()) wanted = {};
      loss.backward();
      mean += loss.item<double>();
    }
    return mean;
  };
}

}  // namespace tuckerseg
