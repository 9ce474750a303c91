/// One training: weights, their average and the optimizer's state, moved by steps. A step takes a batch; what gives its gradients
/// is given.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "compression/train/batch_queue.h"
#include "compression/train/optimizer.h"
#include "compression/train/trainable_graph.h"
#include "engine/model/weight_store.h"

namespace tuckerseg {

/// The loss of a step: outputs of TrainableGraph::Forward, and the batch, on the trainer's device. A scalar.
using StepLoss = std::function<at::Tensor(const std::vector<at::Tensor>& outputs, const Batch& batch)>;

/// The work of a step: adds the loss's gradients to those of `parameters` and returns the loss. `batch` and `parameters` are on one
/// device. With several devices it is called by several threads at once, each with tensors of its own.
using StepGradients = std::function<double(const Parameters& parameters, const Batch& batch, int64_t step)>;

struct TrainerOptions {
  std::vector<std::string> devices{"cpu"};  ///< weights live on the first; each takes its share of a batch (data_parallel.h)
  int threads = 2;              ///< of LibTorch, for the whole process
  Precision precision = Precision::kFloat32;
  Activations activations = Activations::kKept;
  OptimizerOptions optimizer;
  double average_decay = 0.999; ///< of the weights' running mean; 0: none
  int64_t total_steps = 1;      ///< what the schedule runs over
};

/// Sets LibTorch's threads. Errors: kInvalidArgument for a device that is not there.
void CheckDevices(const std::vector<std::string>& devices, int threads);

/// Not thread-safe. Equal initial weights, batches and options give equal losses and weights to the last bit, on a CPU of the
/// same machine with the same number of threads.
class Trainer {
 public:
  /// Errors: kInvalidArgument for a device that is not there.
  Trainer(const Parameters& initial, const TrainerOptions& options, StepGradients gradients);
  /// The loss of one graph, which must outlive the trainer.
  Trainer(const TrainableGraph& graph, const Parameters& initial, const TrainerOptions& options, StepLoss loss);

  /// Gradients, clipped update, average. Returns the loss before the update.
  /// Errors: kInternal if the loss or the gradient is not finite, naming the step; what LibTorch throws.
  double Step(const Batch& batch);

  /// The work of step `step` without its effect, for measuring.
  void Rehearse(const Batch& batch, int64_t step);

  int64_t step() const { return step_; }  ///< steps done
  double NextLearningRate() const { return LearningRate(options_.optimizer, step_, options_.total_steps); }
  void set_total_steps(int64_t steps) { options_.total_steps = steps; }
  const Parameters& parameters() const { return parameters_; }
  /// What is evaluated and written.
  const Parameters& average() const { return average_; }

  /// The whole state as tensors: weights.NAME, average.NAME, optimizer.NAME.
  WeightStore State() const;
  /// Continues from State() after `step` steps. Errors: kDataLoss for a tensor that is missing or of another shape.
  void Restore(const WeightStore& state, int64_t step);

 private:
  double Gradients(const Batch& batch, int64_t step);

  TrainerOptions options_;
  StepGradients gradients_;
  Parameters parameters_;
  Parameters average_;
  Optimizer optimizer_;
  int64_t step_ = 0;
};

}  // namespace tuckerseg
