#include "compression/train/trainer.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "compression/train/parameters.h"
#include "engine/error.h"
#include "engine/execute/torch/torch_errors.h"
#include "engine/execute/torch/torch_executor.h"

namespace tuckerseg {
namespace {

/// oneDNN reads and writes this layout without a copy; contiguous features are turned round before and after each convolution.
constexpr auto kLayout = at::MemoryFormat::ChannelsLast3d;

Parameters OnDevice(const Parameters& parameters, const TrainerOptions& options, bool gradients) {
  TorchExecutorFactory(options.device, options.threads);  // checks the device, sets threads and float32's precision
  Parameters copy = CopyTo(parameters, options.device);
  for (auto& [name, tensor] : copy) {
    if (tensor.dim() == 5) tensor = tensor.contiguous(kLayout);
    tensor.requires_grad_(gradients);
  }
  return copy;
}

void AddTensors(const std::string& prefix, const Parameters& parameters, WeightStore& store) {
  for (const auto& [name, tensor] : parameters) {
    const at::Tensor values = tensor.detach().to(at::kCPU, at::kFloat).contiguous();
    std::vector<std::byte> bytes(values.nbytes());
    std::memcpy(bytes.data(), values.const_data_ptr(), bytes.size());
    store.Add(prefix + name, TensorType::kFloat32, values.sizes().vec(), std::move(bytes));
  }
}

void TakeTensors(const std::string& prefix, const WeightStore& store, Parameters& parameters) {
  const at::NoGradGuard no_gradients;
  for (auto& [name, tensor] : parameters) {
    const TensorView* stored = store.Find(prefix + name);
    if (stored == nullptr || stored->type != TensorType::kFloat32 || stored->shape != tensor.sizes().vec()) {
      throw Error(ErrorCode::kDataLoss, "checkpoint: tensor " + prefix + name + ": missing or of another shape: must be the network's");
    }
    std::vector<float> values = ToFloat(*stored);
    tensor.copy_(at::from_blob(values.data(), stored->shape, at::kFloat));
  }
}

}  // namespace

Trainer::Trainer(const TrainableGraph& graph, const Parameters& initial, const TrainerOptions& options, StepLoss loss)
    : graph_(graph), options_(options), loss_(std::move(loss)), parameters_(OnDevice(initial, options, /*gradients=*/true)),
      average_(OnDevice(initial, options, /*gradients=*/false)), optimizer_(options.optimizer, parameters_) {}

double Trainer::ForwardBackward(const Batch& batch) {
  at::init_num_threads();  // OpenMP keeps its number of threads by thread
  for (auto& [name, tensor] : parameters_) tensor.mutable_grad() = at::Tensor();
  const at::Device device(options_.device);
  const Batch there{batch.image.to(device).contiguous(kLayout), batch.labels.to(device)};
  const at::Tensor loss = loss_(graph_.Forward(parameters_, there.image, options_.precision), there);
  const double value = loss.item<double>();
  if (!std::isfinite(value)) {
    throw Error(ErrorCode::kInternal, "loss of step " + std::to_string(step_) + " is not finite: must be a smaller learning rate");
  }
  loss.backward();
  return value;
}

double Trainer::Step(const Batch& batch) {
  return WithTorchErrors("a training step: must be a smaller batch or patch", [&] {
    const double loss = ForwardBackward(batch);
    ClipGradients(parameters_, options_.optimizer.clip_norm);
    optimizer_.Step(parameters_, NextLearningRate(), step_);
    UpdateAverage(average_, parameters_, options_.average_decay, step_);
    ++step_;
    return loss;
  });
}

void Trainer::Rehearse(const Batch& batch) {
  WithTorchErrors("a training step: must be a smaller batch or patch", [&] { return ForwardBackward(batch); });
}

WeightStore Trainer::State() const {
  WeightStore store;
  AddTensors("weights.", parameters_, store);
  AddTensors("average.", average_, store);
  AddTensors("optimizer.", optimizer_.state(), store);
  return store;
}

void Trainer::Restore(const WeightStore& state, int64_t step) {
  TakeTensors("weights.", state, parameters_);
  TakeTensors("average.", state, average_);
  TakeTensors("optimizer.", state, optimizer_.state());
  step_ = step;
}

}  // namespace tuckerseg
