#include "compression/tune/distillation_loss.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <utility>
#include <vector>

#include "compression/tune/answer_sums.h"

namespace tuckerseg {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr double kLeastProbability = 1e-37;  // above float32's smallest normal number

/// [samples, voxels, classes]
at::Tensor Flat(const at::Tensor& logits) { return logits.permute({0, 2, 3, 4, 1}).flatten(1, 3).contiguous(); }

/// Processors have a way of their own.
AnswerSums SumOf(const Answers& answers) {
  return answers.p.is_cpu() ? SumByVoxels(answers, at::get_num_threads()) : SumByTensors(answers);
}

void PutGradient(const Answers& answers, const AnswerWeights& weights) {
  if (answers.p.is_cpu()) {
    PutGradientByVoxels(answers, weights, at::get_num_threads());
  } else {
    PutGradientByTensors(answers, weights);
  }
}

/// The loss of one sample, whose gradient by `logits`, [voxels, classes], times `factor` is put into `gradient`.
at::Tensor SampleLoss(const at::Tensor& logits, const DistillationTarget& target, int64_t sample, const DistillationLossOptions& options, double factor,
                      at::Tensor gradient) {
  at::_softmax_out(gradient, logits, 1, /*half_to_float=*/false);
  const bool cooled = options.temperature != 1;
  const at::Tensor cool = cooled ? logits / options.temperature : logits;
  const Answers answers{.logits = cool,
                        .p = gradient,
                        .cool_p = cooled ? at::softmax(cool, 1) : gradient,
                        .q = target.probabilities.select(0, sample),
                        .cool_q = target.cooled.select(0, sample),
                        .information = target.information.select(0, sample)};
  const AnswerSums sums = SumOf(answers);

  const at::Tensor present = target.present.select(0, sample);
  const int64_t structures = present.size(0) - 1;
  const at::Tensor counted = present.narrow(0, 1, structures).sum();
  const at::Tensor denominator = sums.squares + target.squares.select(0, sample) + options.smooth;
  const at::Tensor dice = (2 * sums.overlap + options.smooth) / denominator;
  // The derivative of 1 - mean Dice by a p is share (D p - q): nothing for background and for classes that do not occur.
  const at::Tensor share = present * 2 / denominator / counted.clamp_min(1) * (options.dice_weight * factor);
  share.select(0, 0).zero_();
  const double by_cooled = options.divergence_weight * options.temperature / static_cast<double>(logits.size(0));
  PutGradient(answers, {dice, share, by_cooled * factor});

  const at::Tensor mean = (dice * present).narrow(0, 1, structures).sum() / counted.clamp_min(1);
  return sums.divergence * by_cooled * options.temperature + options.dice_weight * at::where(counted > 0, 1 - mean, at::zeros_like(mean));
}

class DistillationLossFunction : public torch::autograd::Function<DistillationLossFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& student, const DistillationTarget& target,
                            const DistillationLossOptions& options) {
    const at::Tensor own = Flat(student);
    const int64_t samples = own.size(0);
    std::vector<int64_t> shape{samples, student.size(2), student.size(3), student.size(4), student.size(1)};
    const at::Tensor gradient = at::empty(shape, student.options());  // classes last, as channels-last convolutions take it
    at::Tensor sum = at::zeros({}, student.options());
    for (int64_t s = 0; s < samples; ++s) {
      sum += SampleLoss(own.select(0, s), target, s, options, 1 / static_cast<double>(samples), gradient.select(0, s).flatten(0, 2));
    }
    context->save_for_backward({gradient});
    return sum / static_cast<double>(samples);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    // In its place: nobody else reads it, and it is as large as the logits.
    at::Tensor gradient = context->get_saved_variables()[0];
    return {gradient.mul_(gradients[0]).permute({0, 4, 1, 2, 3}), {}, {}};
  }
};

}  // namespace

DistillationTarget TargetOf(const at::Tensor& teacher, const DistillationLossOptions& options) {
  const at::NoGradGuard no_gradients;
  const at::Tensor logits = Flat(teacher);
  const at::Tensor winners = logits.argmax(2);
  DistillationTarget target;
  target.present = at::zeros({logits.size(0), logits.size(2)}, logits.options()).scatter_(1, winners, 1.0);
  if (options.hard_targets) {
    target.probabilities = at::zeros_like(logits).scatter_(2, winners.unsqueeze(2), 1.0);
    target.cooled = target.probabilities;
    target.information = at::zeros({logits.size(0), logits.size(1)}, logits.options());
  } else {
    target.probabilities = at::softmax(logits, 2);
    target.cooled = options.temperature == 1 ? target.probabilities : at::softmax(logits / options.temperature, 2);
    target.information = target.cooled.clamp_min(kLeastProbability).log_().mul_(target.cooled).sum(2);
  }
  target.squares = at::empty_like(target.present);
  for (int64_t s = 0; s < logits.size(0); ++s) target.squares.select(0, s).copy_(target.probabilities.select(0, s).square().sum(0));
  return target;
}

at::Tensor DistillationLoss(const at::Tensor& student, const DistillationTarget& target, const DistillationLossOptions& options) {
  return DistillationLossFunction::apply(student, target, options);
}

}  // namespace tuckerseg
