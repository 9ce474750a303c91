#include "engine/execute/torch/torch_executor.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <torch/version.h>

#include <algorithm>
#include <map>
#include <utility>

#include "engine/error.h"
#include "engine/execute/torch/cuda_library.h"
#include "engine/execute/torch/torch_errors.h"

namespace tuckerseg {
namespace {

at::IntArrayRef Sizes(const Size3& size) { return {size.data(), size.size()}; }

Size3 Padding(const Size3& kernel) { return {(kernel[0] - 1) / 2, (kernel[1] - 1) / 2, (kernel[2] - 1) / 2}; }

class TorchExecutor final : public Executor {
 public:
  TorchExecutor(LayerGraph graph, const WeightStore& weights, const std::string& prefix, at::Device device)
      : graph_(std::move(graph)), device_(device) {
    graph_.Validate();
    for (const TensorSpec& spec : RequiredTensors(graph_)) {
      const TensorView& tensor = weights.At(prefix + spec.name);
      if (tensor.shape != spec.shape) {
        throw Error(ErrorCode::kFailedPrecondition, prefix + spec.name + ": shape differs from the layer's");
      }
      std::vector<float> values = ToFloat(tensor);
      // clone: the executor outlives the mapped file, and a device needs its own copy in any case.
      tensors_[spec.name] = at::from_blob(values.data(), spec.shape, at::kFloat).clone().to(device_);
    }
    PrepareTuckerFactors();
    last_use_.resize(graph_.layers.size(), graph_.layers.size());
    for (size_t i = 0; i < graph_.layers.size(); ++i)
      for (const int input : graph_.layers[i].inputs) last_use_[static_cast<size_t>(input)] = i;
  }

  std::span<const float> Run(std::span<const float> patch, const Size3& shape) override {
    CheckPatch(patch, shape);
    return WithTorchErrors("a patch", [&]() -> std::span<const float> {
      // OpenMP keeps its number of threads by thread: one that has not run LibTorch yet would take them all, and round otherwise.
      at::init_num_threads();
      const c10::InferenceMode no_gradients;
      // from_blob wants a mutable pointer; no layer writes into the input (kInput is never an in-place source).
      const at::Tensor input = at::from_blob(const_cast<float*>(patch.data()),
                                             {1, graph_.InChannels(), shape[0], shape[1], shape[2]}, at::kFloat);
      logits_.reset();  // before the next ones: with 118 classes they are the largest tensor of all
      logits_ = Forward(input.to(device_)).to(at::kCPU).contiguous();
      return {logits_.const_data_ptr<float>(), static_cast<size_t>(logits_.numel())};
    });
  }

 private:
  void CheckPatch(std::span<const float> patch, const Size3& shape) const {
    const Size3 divisor = graph_.PatchDivisor();
    int64_t count = graph_.InChannels();
    for (size_t a = 0; a < 3; ++a) {
      if (shape[a] <= 0 || shape[a] % divisor[a] != 0) {
        throw Error(ErrorCode::kInvalidArgument, "patch axis " + std::to_string(a) + " = " + std::to_string(shape[a]) +
                                                     ": must be a positive multiple of " + std::to_string(divisor[a]));
      }
      count *= shape[a];
    }
    if (static_cast<int64_t>(patch.size()) != count) {
      throw Error(ErrorCode::kInvalidArgument,
                  "patch of " + std::to_string(patch.size()) + " values: must have " + std::to_string(count));
    }
  }

  /// Factors become 1x1x1 convolution weights: in_factor [in, rank] is turned round, out_factor [out, rank] only reshaped.
  void PrepareTuckerFactors() {
    for (const Layer& layer : graph_.layers) {
      if (!IsTucker(layer.kind)) continue;
      at::Tensor& in_factor = tensors_.at(layer.name + ".in_factor");
      in_factor = in_factor.t().contiguous().view({layer.rank_in, layer.in_channels, 1, 1, 1});
      at::Tensor& out_factor = tensors_.at(layer.name + ".out_factor");
      out_factor = out_factor.view({layer.out_channels, layer.rank_out, 1, 1, 1});
    }
  }

  at::Tensor Forward(at::Tensor input) {
    std::vector<at::Tensor> features(graph_.layers.size());
    features[0] = std::move(input);
    for (size_t i = 1; i < graph_.layers.size(); ++i) {
      features[i] = Apply(graph_.layers[i], i, features);
      for (const int source : graph_.layers[i].inputs) {
        if (last_use_[static_cast<size_t>(source)] == i) features[static_cast<size_t>(source)].reset();
      }
    }
    return std::move(features.back());
  }

  const at::Tensor& Tensor(const Layer& layer, const char* part) const { return tensors_.at(layer.name + part); }
  std::optional<at::Tensor> Bias(const Layer& layer) const {
    return layer.bias ? std::optional(Tensor(layer, ".bias")) : std::nullopt;
  }

  at::Tensor ApplyTucker(const Layer& layer, const at::Tensor& input) const {
    const at::Tensor reduced = at::conv3d(input, Tensor(layer, ".in_factor"));
    const at::Tensor core =
        IsTransposed(layer.kind)
            ? at::conv_transpose3d(reduced, Tensor(layer, ".core"), {}, Sizes(layer.stride))
            : at::conv3d(reduced, Tensor(layer, ".core"), {}, Sizes(layer.stride), Sizes(Padding(layer.kernel)));
    return at::conv3d(core, Tensor(layer, ".out_factor"), Bias(layer));
  }

  at::Tensor Apply(const Layer& layer, size_t index, const std::vector<at::Tensor>& features) const {
    const auto source = static_cast<size_t>(layer.inputs.front());
    const at::Tensor& input = features[source];
    switch (layer.kind) {
      case LayerKind::kConvolution:
        return at::conv3d(input, Tensor(layer, ".weight"), Bias(layer), Sizes(layer.stride), Sizes(Padding(layer.kernel)));
      case LayerKind::kTuckerConvolution:
      case LayerKind::kTuckerTransposedConvolution:
        return ApplyTucker(layer, input);
      case LayerKind::kTransposedConvolution:
        return at::conv_transpose3d(input, Tensor(layer, ".weight"), Bias(layer), Sizes(layer.stride));
      case LayerKind::kInstanceNorm:
        return at::instance_norm(input, Tensor(layer, ".weight"), Tensor(layer, ".bias"), {}, {},
                                 /*use_input_stats=*/true, /*momentum=*/0.1, layer.epsilon, /*cudnn_enabled=*/true);
      case LayerKind::kLeakyRelu:
        // In place where nobody else reads the input: saves one feature map, the largest cost in memory traffic here.
        if (last_use_[source] == index && source != 0) {
          at::Tensor output = input;
          return at::leaky_relu_(output, layer.negative_slope);
        }
        return at::leaky_relu(input, layer.negative_slope);
      case LayerKind::kAveragePool:
        return at::avg_pool3d(input, Sizes(layer.kernel), Sizes(layer.kernel));
      case LayerKind::kConcat:
      case LayerKind::kAdd:
        return Join(layer, features);
      case LayerKind::kInput:
        break;
    }
    throw Error(ErrorCode::kFailedPrecondition, "layer " + layer.name + ": a second input layer cannot be run");
  }

  static at::Tensor Join(const Layer& layer, const std::vector<at::Tensor>& features) {
    std::vector<at::Tensor> parts;
    for (const int source : layer.inputs) parts.push_back(features[static_cast<size_t>(source)]);
    if (layer.kind == LayerKind::kConcat) return at::cat(parts, 1);
    at::Tensor sum = parts[0] + parts[1];
    for (size_t i = 2; i < parts.size(); ++i) sum.add_(parts[i]);
    return sum;
  }

  LayerGraph graph_;
  at::Device device_;
  std::map<std::string, at::Tensor> tensors_;  // by TensorSpec name, without the prefix
  std::vector<size_t> last_use_;               // layer after which a feature is freed
  at::Tensor logits_;
};

}  // namespace

std::vector<std::string> TorchDevices() {
  std::vector<std::string> devices{"cpu"};
  for (int i = 0; i < CudaDeviceCount(); ++i) devices.push_back("cuda:" + std::to_string(i));
  return devices;
}

std::string TorchVersion() { return "LibTorch " TORCH_VERSION; }

ExecutorFactory TorchExecutorFactory(const std::string& device, int threads) {
  const std::vector<std::string> devices = TorchDevices();
  if (std::find(devices.begin(), devices.end(), device) == devices.end()) {
    std::string known;
    for (const std::string& name : devices) known += (known.empty() ? "" : ", ") + name;
    if (!CudaAbsence().empty()) known += " (no CUDA: " + CudaAbsence() + ")";
    throw Error(ErrorCode::kInvalidArgument, "device = " + device + ": must be one of " + known);
  }
  at::set_num_threads(std::max(threads, 1));
  // float32 means float32: TF32 keeps ten bits of the mantissa, and a search for the fastest kernel may choose another
  // one on the next start.
  at::globalContext().setAllowTF32CuDNN(false);
  at::globalContext().setAllowTF32CuBLAS(false);
  at::globalContext().setBenchmarkCuDNN(false);
  at::globalContext().setDeterministicCuDNN(true);
  return [device](const LayerGraph& graph, const WeightStore& weights, const std::string& prefix) {
    return WithTorchErrors("a patch", [&] { return std::make_unique<TorchExecutor>(graph, weights, prefix, at::Device(device)); });
  };
}

}  // namespace tuckerseg
