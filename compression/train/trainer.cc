#include "compression/train/trainer.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <cmath>
#include <utility>

#include "compression/train/data_parallel.h"
#include "compression/train/parameters.h"
#include "engine/error.h"
#include "engine/execute/torch/torch_errors.h"
#include "engine/execute/torch/torch_executor.h"

namespace tuckerseg {
namespace {

constexpr auto kMemory = "a training step: must be a smaller batch or patch";

Parameters Leaves(const Parameters& parameters, const TrainerOptions& options) {
  CheckDevices(options.devices, options.threads);
  Parameters copy = CopyTo(parameters, options.devices.front());
  for (auto& [name, tensor] : copy) tensor.requires_grad_(true);
  return copy;
}

StepGradients GradientsOf(const TrainableGraph& graph, const TrainerOptions& options, StepLoss loss) {
  return [&graph, precision = options.precision, activations = options.activations, loss = std::move(loss)](
             const Parameters& parameters, const Batch& batch, int64_t) {
    const at::Tensor value = loss(graph.Forward(parameters, batch.image, precision, activations), batch);
    value.backward();
    return value.item<double>();
  };
}

void CheckFinite(const std::string& what, double value, int64_t step) {
  if (std::isfinite(value)) return;
  throw Error(ErrorCode::kInternal, what + " of step " + std::to_string(step) + " is not finite: must be a smaller learning rate");
}

}  // namespace

void CheckDevices(const std::vector<std::string>& devices, int threads) {
  for (const std::string& device : devices) TorchExecutorFactory(device, threads);  // which also sets float32's precision
}

Trainer::Trainer(const Parameters& initial, const TrainerOptions& options, StepGradients gradients)
    : options_(options), gradients_(OverDevices(std::move(gradients), options.devices)), parameters_(Leaves(initial, options)),
      average_(CopyTo(initial, options.devices.front())), optimizer_(options.optimizer, parameters_) {}

Trainer::Trainer(const TrainableGraph& graph, const Parameters& initial, const TrainerOptions& options, StepLoss loss)
    : Trainer(initial, options, GradientsOf(graph, options, std::move(loss))) {}

double Trainer::Gradients(const Batch& batch, int64_t step) {
  at::init_num_threads();  // OpenMP keeps its number of threads by thread
  for (auto& [name, tensor] : parameters_) tensor.mutable_grad() = at::Tensor();
  const double loss = gradients_(parameters_, BatchOn(batch, options_.devices.front()), step);
  CheckFinite("loss", loss, step);
  return loss;
}

double Trainer::Step(const Batch& batch) {
  return WithTorchErrors(kMemory, [&] {
    const double loss = Gradients(batch, step_);
    CheckFinite("gradient", ClipGradients(parameters_, options_.optimizer.clip_norm), step_);
    optimizer_.Step(parameters_, NextLearningRate());
    UpdateAverage(average_, parameters_, options_.average_decay, step_);
    ++step_;
    return loss;
  });
}

void Trainer::Rehearse(const Batch& batch, int64_t step) {
  WithTorchErrors(kMemory, [&] { return Gradients(batch, step); });
}

WeightStore Trainer::State() const {
  WeightStore store;
  AddState("weights.", parameters_, store);
  AddState("average.", average_, store);
  AddState("optimizer.", optimizer_.state(), store);
  return store;
}

void Trainer::Restore(const WeightStore& state, int64_t step) {
  TakeState("weights.", state, parameters_);
  TakeState("average.", state, average_);
  optimizer_.Restore("optimizer.", state, step);
  step_ = step;
}

}  // namespace tuckerseg
