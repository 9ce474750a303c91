#include "compression/train/segmentation_loss.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

namespace tuckerseg {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr double kLeastDenominator = 1e-8;
constexpr double kLeastProbability = 1e-37;  // above float32's smallest normal number

/// Sums by sample and class, [samples, classes], or [1, classes] over the batch.
struct ClassSums {
  at::Tensor overlap;    // sum of p where the label is the class
  at::Tensor predicted;  // sum of p
  at::Tensor reference;  // number of voxels of the class
};

/// `probabilities`: [samples, voxels, classes]; `labels`, `true_probability`: [samples, voxels].
ClassSums SumByClass(const at::Tensor& probabilities, const at::Tensor& labels, const at::Tensor& true_probability, bool batch) {
  ClassSums sums;
  sums.predicted = probabilities.sum(1);
  sums.overlap = at::zeros_like(sums.predicted).scatter_add_(1, labels, true_probability);
  sums.reference = at::zeros_like(sums.predicted).scatter_add_(1, labels, at::ones_like(true_probability));
  if (batch) {
    for (at::Tensor* sum : {&sums.overlap, &sums.predicted, &sums.reference}) *sum = sum->sum(0, /*keepdim=*/true);
  }
  return sums;
}

/// Hand-written because autograd would keep four tensors of the logits' size and walk each of them in several passes: with p the
/// softmax and y the label, the gradient by a logit is p_c (a_c + w - s) for all classes, plus (b_y p_y - w) for the label's, where
/// a and b are the derivatives of the Dice by sum(p) and sum(p y), w is the voxel's share of the cross-entropy and
/// s = sum_k a_k p_k + b_y p_y. Classes are the last axis here: the layout that channels-last convolutions give and take.
class DiceCrossEntropyFunction : public torch::autograd::Function<DiceCrossEntropyFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& logits, const at::Tensor& labels, double dice_weight,
                            double entropy_weight, double smooth, bool batch_dice) {
    const at::Tensor flat = logits.permute({0, 2, 3, 4, 1}).flatten(1, 3);
    const at::Tensor index = labels.flatten(1);
    const at::Tensor probabilities = at::softmax(flat, 2);
    const at::Tensor true_probability = probabilities.gather(2, index.unsqueeze(2)).squeeze(2);
    // From the softmax, not by a log-sum-exp of its own, which would take several more passes over all logits. What is lost is the
    // value, not the gradient, where the probability of the truth is below 1e-37: it counts as that.
    const at::Tensor entropy = -true_probability.clamp_min(kLeastProbability).log().mean();
    const ClassSums sums = SumByClass(probabilities, index, true_probability, batch_dice);

    const at::Tensor denominator = (sums.predicted + sums.reference + smooth).clamp_min(kLeastDenominator);
    const at::Tensor dice = (2 * sums.overlap + smooth) / denominator;
    const int64_t foreground = flat.size(2) - 1;
    const auto counted = static_cast<double>(dice.size(0) * foreground);
    const at::Tensor mean_dice = dice.narrow(1, 1, foreground).sum() / counted;
    // The derivatives of -mean Dice; background's are 0.
    const at::Tensor by_overlap = -2 / denominator / counted * dice_weight;
    const at::Tensor by_predicted = dice / denominator / counted * dice_weight;
    by_overlap.select(1, 0).zero_();
    by_predicted.select(1, 0).zero_();
    context->save_for_backward({probabilities, index, true_probability, by_overlap, by_predicted});
    context->saved_data["entropy_weight"] = entropy_weight / static_cast<double>(index.numel());
    context->saved_data["shape"] = labels.sizes().vec();
    return entropy * entropy_weight - mean_dice * dice_weight;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor& probabilities = saved[0];
    const at::Tensor& labels = saved[1];
    const int64_t samples = probabilities.size(0);
    // The outer gradient goes into the small tensors: one pass less over the large one.
    const at::Tensor share = gradients[0] * context->saved_data["entropy_weight"].toDouble();
    const at::Tensor by_overlap = (saved[3] * gradients[0]).expand({samples, -1});
    const at::Tensor by_predicted = (saved[4] * gradients[0]).expand({samples, -1});

    const at::Tensor own = by_overlap.gather(1, labels) * saved[2];  // b_y p_y
    const at::Tensor sum = at::bmm(probabilities, by_predicted.unsqueeze(2)) + own.unsqueeze(2);
    at::Tensor gradient = at::sub((by_predicted + share).unsqueeze(1), sum).mul_(probabilities);
    gradient.scatter_add_(2, labels.unsqueeze(2), (own - share).unsqueeze(2));
    std::vector<int64_t> shape = context->saved_data["shape"].toIntVector();
    shape.push_back(probabilities.size(2));
    return {gradient.view(shape).permute({0, 4, 1, 2, 3}), {}, {}, {}, {}, {}};
  }
};

}  // namespace

at::Tensor DiceCrossEntropy(const at::Tensor& logits, const at::Tensor& labels, const LossOptions& options) {
  return DiceCrossEntropyFunction::apply(logits, labels, options.dice_weight, options.cross_entropy_weight, options.smooth,
                                         options.batch_dice);
}

at::Tensor DownsampleLabels(const at::Tensor& labels, const Size3& stride) {
  at::Tensor coarse = labels;
  for (size_t a = 0; a < 3; ++a) {
    const auto axis = static_cast<int64_t>(a) + 1;
    coarse = coarse.slice(axis, stride[a] / 2, coarse.size(axis), stride[a]);
  }
  return coarse.contiguous();
}

std::vector<double> DeepSupervisionWeights(size_t outputs) {
  std::vector<double> weights;
  double sum = 0;
  for (size_t i = 0; i < outputs; ++i) {
    weights.push_back(1.0 / static_cast<double>(uint64_t{1} << i));
    sum += weights.back();
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

at::Tensor SegmentationLoss(const std::vector<at::Tensor>& outputs, const std::vector<AuxiliaryHead>& heads, const at::Tensor& labels,
                            const LossOptions& options) {
  const std::vector<double> weights = DeepSupervisionWeights(outputs.size());
  at::Tensor loss = weights[0] * DiceCrossEntropy(outputs[0], labels, options);
  for (size_t i = 1; i < outputs.size(); ++i) {
    loss = loss + weights[i] * DiceCrossEntropy(outputs[i], DownsampleLabels(labels, heads[i - 1].stride), options);
  }
  return loss;
}

}  // namespace tuckerseg
