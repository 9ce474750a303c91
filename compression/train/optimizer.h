/// Gradient descent: SGD with Nesterov momentum as nnU-Net, or AdamW; learning rates over the share of steps done.
#pragma once

#include <cstdint>
#include <string>

#include "compression/train/trainable_graph.h"
#include "engine/model/weight_store.h"

namespace tuckerseg {

enum class OptimizerKind { kSgd, kAdamW };
enum class Schedule { kPolynomial, kCosine };

struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::kSgd;
  double learning_rate = 0.01;
  double weight_decay = 3e-5;   ///< of all tensors, as nnU-Net; decoupled from the gradient for AdamW
  double momentum = 0.99;       ///< SGD
  double beta1 = 0.9;           ///< AdamW
  double beta2 = 0.999;         ///< AdamW
  double epsilon = 1e-8;        ///< AdamW
  double clip_norm = 12;        ///< of all gradients together; 0: none
  Schedule schedule = Schedule::kPolynomial;
};

/// The rate of step `step` of `total`: rate * (1 - step / total)^0.9, or rate * (1 + cos(pi step / total)) / 2. By steps, not by
/// time, so that a resumed training follows the same curve.
double LearningRate(const OptimizerOptions& options, int64_t step, int64_t total);

/// Scales the gradients so that their norm is at most `most`, as torch's clip_grad_norm_. Returns the norm before.
double ClipGradients(Parameters& parameters, double most);

/// Not thread-safe. Its state is a set of tensors, so that a checkpoint can hold it.
class Optimizer {
 public:
  /// The state begins as zeros like `parameters`. Errors: kResourceExhausted where their device has no memory left.
  Optimizer(const OptimizerOptions& options, const Parameters& parameters);

  /// Changes the parameters that have a gradient. AdamW corrects each by the number of its own updates: a smaller level's own tensors
  /// have no gradient in the steps that leave the level out.
  void Step(Parameters& parameters, double learning_rate);

  /// momentum.NAME, or first.NAME, second.NAME and updates.NAME, the number of updates.
  const Parameters& state() const { return state_; }

  /// Takes the state behind `step` steps from the tensors `prefix` + NAME. Numbers of updates that are missing are `step`: older
  /// checkpoints have none. Errors: kDataLoss for another tensor that is missing or of another shape.
  void Restore(const std::string& prefix, const WeightStore& weights, int64_t step);

 private:
  OptimizerOptions options_;
  Parameters state_;
};

/// The running mean of the weights: average += (1 - d) (weights - average), d = min(decay, (1 + step) / (10 + step)), so that the
/// beginning is forgotten soon. `step` counts from 0. decay 0: the weights themselves.
void UpdateAverage(Parameters& average, const Parameters& parameters, double decay, int64_t step);

}  // namespace tuckerseg
