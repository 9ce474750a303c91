#include "compression/bench/torch/torch_layer_timer.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "compression/bench/random_network.h"
#include "compression/bench/torch/device_wait.h"
#include "compression/bench/torch/torch_device.h"
#include "engine/execute/torch/torch_errors.h"
#include "engine/execute/torch/torch_executor.h"
#include "engine/execute/torch/torch_network.h"

namespace tuckerseg {
namespace {

constexpr int kLeastRuns = 3;
constexpr double kEnoughSeconds = 0.2;

/// The layer behind an input of its own.
LayerGraph Alone(Layer layer) {
  int64_t channels = layer.in_channels;
  const auto count = static_cast<int64_t>(std::max<size_t>(1, layer.inputs.size()));
  if (layer.kind == LayerKind::kConcat) {
    channels = (layer.in_channels + count - 1) / count;
    layer.in_channels = layer.out_channels = channels * count;
  }
  layer.inputs.assign(static_cast<size_t>(count), 0);
  const std::string input_name = layer.name + ".input";
  return {{{.name = input_name, .kind = LayerKind::kInput, .in_channels = channels, .out_channels = channels}, std::move(layer)}};
}

double Seconds(const TorchNetwork& network, const at::Tensor& input) {
  const auto begin = std::chrono::steady_clock::now();
  const at::Tensor output = network.Forward(input);
  WaitFor(network.device());
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

TorchLayerTimer::TorchLayerTimer(const std::string& device, int threads, Precision precision) : device_(device), precision_(precision) {
  TorchExecutorFactory(device, threads, precision);  // checks the device, sets threads and what float32 means
  setting_ = {DeviceWithModel(device), "torch", NameOf(precision), threads};
}

double TorchLayerTimer::operator()(const Layer& layer, const Size3& input_shape) const {
  return WithTorchErrors("layer " + layer.name, [&] {
    const c10::InferenceMode no_gradients;
    const at::Device device(device_);
    const LayerGraph graph = Alone(layer);
    const TorchNetwork network(graph, RandomWeightsFor(graph, 1), "", device, precision_);
    const at::Tensor input = at::randn({1, graph.InChannels(), input_shape[0], input_shape[1], input_shape[2]},
                                       at::TensorOptions(device).dtype(at::kFloat)).to(ScalarTypeOf(precision_)).contiguous(network.format());
    Seconds(network, input);
    double least = std::numeric_limits<double>::infinity(), spent = 0;
    for (int run = 0; run < kLeastRuns || spent < kEnoughSeconds; ++run) {
      const double seconds = Seconds(network, input);
      least = std::min(least, seconds);
      spent += seconds;
    }
    return least;
  });
}

}  // namespace tuckerseg
