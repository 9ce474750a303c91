#include "compression/bench/torch/on_device_executor.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <memory>

#include "compression/bench/torch/device_wait.h"
#include "engine/execute/patch_check.h"
#include "engine/execute/torch/torch_errors.h"
#include "engine/execute/torch/torch_executor.h"
#include "engine/execute/torch/torch_network.h"

namespace tuckerseg {
namespace {

class OnDeviceExecutor final : public Executor {
 public:
  OnDeviceExecutor(const LayerGraph& graph, const WeightStore& weights, const std::string& prefix, const std::string& device, Precision precision)
      : network_(graph, weights, prefix, at::Device(device), precision), type_(ScalarTypeOf(precision)) {}

  std::span<const float> Run(std::span<const float> patch, const Size3& shape) override {
    CheckPatch(network_.graph(), patch, shape);
    return WithTorchErrors("a patch", [&]() -> std::span<const float> {
      at::init_num_threads();  // OpenMP keeps its number of threads by thread
      const c10::InferenceMode no_gradients;
      if (!patch_.defined() || patch_.sizes().slice(2) != at::IntArrayRef(shape)) {
        // from_blob wants a mutable pointer; no layer writes into the input.
        patch_ = at::from_blob(const_cast<float*>(patch.data()), {1, network_.graph().InChannels(), shape[0], shape[1], shape[2]}, at::kFloat)
                     .to(network_.device(), type_, /*non_blocking=*/false, /*copy=*/true).contiguous(network_.format());
      }
      const at::Tensor logits = network_.Forward(patch_);
      WaitFor(network_.device());
      return {};
    });
  }

 private:
  TorchNetwork network_;
  at::ScalarType type_;
  at::Tensor patch_;
};

}  // namespace

ExecutorFactory OnDeviceExecutorFactory(const std::string& device, int threads, Precision precision) {
  TorchExecutorFactory(device, threads, precision);  // checks the device, sets threads and what float32 means
  return [device, precision](const LayerGraph& graph, const WeightStore& weights, const std::string& prefix) {
    graph.Validate();
    return WithTorchErrors("a network", [&] { return std::make_unique<OnDeviceExecutor>(graph, weights, prefix, device, precision); });
  };
}

}  // namespace tuckerseg
