#include "engine/execute/torch/torch_network.h"

#include <algorithm>
#include <utility>

#include "engine/error.h"
#include "engine/execute/torch/channels_last_norm.h"
#include "engine/execute/torch/convolution.h"
#include "engine/execute/torch/first_convolution.h"
#include "engine/execute/torch/row_product.h"
#include "engine/execute/torch/tucker_steps.h"
#include "engine/wide_registers.h"

namespace tuckerseg {
namespace {

/// Half precision in 16 bytes: what a tensor core reads at once. For other numbers of channels cuDNN has only slower kernels: 9.3 ms instead of 8.4 for a patch of the
/// 1.5 mm network at level 0.3 in float16 on an H100.
constexpr int64_t kTensorCoreChannels = 8;

constexpr Size3 kDense{1, 1, 1};

/// Where first_convolution.h is faster than LibTorch's convolution and our norm: 1.2 ms instead of 3.2 with AVX-512; with AVX2 as fast for 8 channels and slower for more.
constexpr int64_t kLanesOfFirstConvolutions = 16;

at::IntArrayRef Sizes(const Size3& size) { return {size.data(), size.size()}; }

/// Norms keep their weights in float32 whatever the features are: LibTorch then takes their mean and variance in float32, too.
at::ScalarType TypeOf(const Layer& layer, Precision precision) {
  return layer.kind == LayerKind::kInstanceNorm ? at::kFloat : ScalarTypeOf(precision);
}

/// Tensor cores take a voxel's channels side by side: cuDNN turns what lies otherwise around before and after each convolution. Float32 does not use them, and is slower so: 53 instead of 39 ms (docs/results/cuda.md).
/// oneDNN on a CPU takes both, but turns around what lies in C order, and with ranks of a few channels that takes as long as the convolutions: a patch of 96^3 of the 1.5 mm network at level
/// 0.3 takes 0.78 s instead of 1.06 on two cores with AVX-512, the original 1.73 instead of 1.95; in bfloat16 0.34 instead of 0.80, and 0.55 instead of 0.81.
at::MemoryFormat FormatOf(const at::Device& device, Precision precision) {
  return device.is_cuda() && precision == Precision::kFloat32 ? at::MemoryFormat::Contiguous : at::MemoryFormat::ChannelsLast3d;
}

/// By layer: the slope of the leaky ReLU behind a norm that nothing else reads.
std::vector<std::optional<double>> SlopesBehindNorms(const LayerGraph& graph) {
  const std::vector<std::vector<size_t>> readers = ReadersOf(graph);
  std::vector<std::optional<double>> slopes(graph.layers.size());
  for (size_t i = 1; i < graph.layers.size(); ++i) {
    const Layer& layer = graph.layers[i];
    const auto source = static_cast<size_t>(layer.inputs.front());
    if (layer.kind == LayerKind::kLeakyRelu && graph.layers[source].kind == LayerKind::kInstanceNorm && readers[source].size() == 1) slopes[source] = layer.negative_slope;
  }
  return slopes;
}

/// By layer: whether it is a convolution of the patch that first_convolution.h computes with the norm that alone reads it. Of the patch alone: it stands for the convolution's answer until the norm
/// has come, and another feature may have been written into by then.
std::vector<bool> FirstConvolutionsOf(const LayerGraph& graph) {
  const std::vector<std::vector<size_t>> readers = ReadersOf(graph);
  std::vector<bool> first(graph.layers.size());
  for (size_t i = 1; i < graph.layers.size(); ++i) {
    const Layer& layer = graph.layers[i];
    const bool is_narrow = layer.kind == LayerKind::kConvolution && layer.inputs.front() == 0 && layer.in_channels == 1 && layer.stride == kDense;
    const bool is_odd = std::ranges::all_of(layer.kernel, [](int64_t size) { return size % 2 == 1; });
    first[i] = is_narrow && is_odd && readers[i].size() == 1 && graph.layers[readers[i].front()].kind == LayerKind::kInstanceNorm;
  }
  return first;
}

/// `input`: [patches, channels, d0, d1, d2]. One channel lies the same in either order, and LibTorch then answers a convolution of it in C order; on the CPU, with the strides of the other order, it does not.
at::Tensor InFormat(const at::Tensor& input, at::MemoryFormat format) {
  if (input.size(1) != 1 || !input.is_cpu() || format != at::MemoryFormat::ChannelsLast3d) return input.contiguous(format);
  const at::Tensor dense = input.contiguous();
  return dense.as_strided(dense.sizes(), {dense.stride(0), 1, dense.size(3) * dense.size(4), dense.size(4), 1});
}

std::vector<at::Tensor> InputsOf(const Layer& layer, const std::vector<at::Tensor>& features) {
  std::vector<at::Tensor> inputs;
  for (const int source : layer.inputs) inputs.push_back(features[static_cast<size_t>(source)]);
  return inputs;
}

/// Whether row_product.h takes them.
bool AreRows(const at::Tensor& features) {
  return features.is_cpu() && features.scalar_type() == at::kFloat && features.size(0) == 1 && features.is_contiguous(at::MemoryFormat::ChannelsLast3d);
}

at::Tensor Sum(const std::vector<at::Tensor>& inputs) {
  at::Tensor sum = inputs[0] + inputs[1];
  for (size_t i = 2; i < inputs.size(); ++i) sum.add_(inputs[i]);
  return sum;
}

}  // namespace

at::ScalarType ScalarTypeOf(Precision precision) {
  switch (precision) {
    case Precision::kBFloat16:
      return at::kBFloat16;
    case Precision::kFloat16:
      return at::kHalf;
    case Precision::kFloat32:
      break;
  }
  return at::kFloat;
}

TorchNetwork::TorchNetwork(LayerGraph graph, const WeightStore& weights, const std::string& prefix, at::Device device, Precision precision)
    : graph_(std::move(graph)), device_(device), format_(FormatOf(device, precision)) {
  for (const Layer& layer : graph_.layers) {
    std::map<std::string, at::Tensor> stored;
    for (const TensorSpec& spec : RequiredTensors({{layer}})) {
      const TensorView& tensor = weights.At(prefix + spec.name);
      if (tensor.shape != spec.shape) {
        throw Error(ErrorCode::kFailedPrecondition, prefix + spec.name + ": shape differs from the layer's");
      }
      std::vector<float> values = ToFloat(tensor);
      // clone: the network outlives the file's bytes, and a device needs its own copy in any case.
      stored[spec.name] = at::from_blob(values.data(), spec.shape, at::kFloat).clone();
    }
    if (IsTucker(layer.kind)) {
      TuckerSteps steps = StepsOf(layer, device_.is_cpu() ? CheapestFoldOnCpu(layer) : CheapestFold(layer), stored.at(layer.name + ".in_factor"), stored.at(layer.name + ".core"), stored.at(layer.name + ".out_factor"));
      if (device_.is_cuda() && format_ == at::MemoryFormat::ChannelsLast3d) steps = WithPaddedRanks(layer, kTensorCoreChannels, std::move(steps));
      stored[layer.name + ".in_factor"] = steps.in;
      stored[layer.name + ".core"] = steps.core;
      stored[layer.name + ".out_factor"] = steps.out;
    }
    for (const auto& [name, tensor] : stored)
      if (tensor.defined()) tensors_[name] = tensor;
  }
  if (device_.is_cpu()) PrepareJoins();
  for (const Layer& layer : graph_.layers)
    for (const TensorSpec& spec : RequiredTensors({{layer}}))
      if (const auto tensor = tensors_.find(spec.name); tensor != tensors_.end()) tensor->second = OnDevice(tensor->second, TypeOf(layer, precision));
  for (auto& [concat, slices] : slices_)
    for (at::Tensor& slice : slices) slice = OnDevice(slice, ScalarTypeOf(precision));
  last_use_.resize(graph_.layers.size(), graph_.layers.size());
  for (size_t i = 0; i < graph_.layers.size(); ++i)
    for (const int input : graph_.layers[i].inputs) last_use_[static_cast<size_t>(input)] = i;
  if (!device_.is_cpu() || precision != Precision::kFloat32) return;
  slopes_ = SlopesBehindNorms(graph_);
  if (MostLanes() >= kLanesOfFirstConvolutions) first_convolutions_ = FirstConvolutionsOf(graph_);
}

void TorchNetwork::PrepareJoins() {
  joins_ = JoinsOf(graph_);
  for (const auto& [concat, join] : joins_) {
    const at::Tensor first_step = tensors_.extract(graph_.layers[join.reader].name + ".in_factor").mapped();  // [rank, channels of the concat, 1, 1, 1]
    for (const JoinPart& part : join.parts) {
      const at::Tensor slice = first_step.narrow(1, part.first_channel, part.channels);
      if (part.is_folded) {
        FoldBehind(graph_.layers[part.layer], slice.flatten(1));
      } else {
        slices_[concat].push_back(slice);
      }
    }
  }
}

void TorchNetwork::FoldBehind(const Layer& transposed, const at::Tensor& matrix) {
  const at::Tensor exact = matrix.to(at::kDouble);
  at::Tensor& weight = tensors_.at(transposed.name + ".weight");  // [in channels, channels, k0, k1, k2]
  weight = at::tensordot(weight.to(at::kDouble), exact, {1}, {1}).movedim(-1, 1).to(at::kFloat);
  if (!transposed.bias) return;
  at::Tensor& bias = tensors_.at(transposed.name + ".bias");
  bias = at::mv(exact, bias.to(at::kDouble)).to(at::kFloat);
}

at::Tensor TorchNetwork::ApplyJoin(size_t concat, const std::vector<at::Tensor>& features) const {
  at::Tensor sum;
  size_t slice = 0;
  for (const JoinPart& part : joins_.at(concat).parts) {
    const at::Tensor& feature = features[part.layer];
    const at::Tensor* const matrix = part.is_folded ? nullptr : &slices_.at(concat)[slice++];
    const bool is_one_walk = matrix != nullptr && sum.defined() && AreRows(sum) && AreRows(feature);
    if (is_one_walk) {
      AddPointwise(sum, feature, *matrix);
      continue;
    }
    const at::Tensor product = matrix == nullptr ? feature : Convolution3d(feature, *matrix, {}, kDense);
    sum = sum.defined() ? sum.add_(product) : product;  // nothing else reads what was folded
  }
  return sum;
}

at::Tensor TorchNetwork::OnDevice(const at::Tensor& tensor, at::ScalarType type) const {
  const at::Tensor there = tensor.to(device_, type);
  return there.dim() == 5 ? there.contiguous(format_) : there;
}

at::Tensor TorchNetwork::Forward(at::Tensor input) const {
  std::vector<at::Tensor> features(graph_.layers.size());
  features[0] = InFormat(input, format_);
  input.reset();  // else it would be held beside the copy
  for (size_t i = 1; i < graph_.layers.size(); ++i) {
    features[i] = joins_.contains(i) ? ApplyJoin(i, features) : Apply(graph_.layers[i], i, features);
    for (const int source : graph_.layers[i].inputs) {
      if (last_use_[static_cast<size_t>(source)] == i) features[static_cast<size_t>(source)].reset();
    }
  }
  return std::move(features.back());
}

std::optional<at::Tensor> TorchNetwork::Bias(const Layer& layer) const {
  return layer.bias ? std::optional(Tensor(layer, ".bias")) : std::nullopt;
}

bool TorchNetwork::IsLast(size_t norm) const {
  const bool is_relus = slopes_[norm] && graph_.layers.back().inputs.front() == static_cast<int>(norm);
  return is_relus || norm + 1 == graph_.layers.size();
}

bool TorchNetwork::AnswersInCOrder(const Layer& layer, size_t index) const {
  const bool is_last = index + 1 == graph_.layers.size();
  const bool is_alone = graph_.layers.size() == 2;  // timed by itself, it stands for one within a network
  return device_.is_cpu() && Tensor(layer, ".weight").scalar_type() == at::kFloat && is_last && !is_alone && layer.kernel == kDense && layer.stride == kDense;
}

at::Tensor TorchNetwork::Take(std::vector<at::Tensor>& features, size_t source, size_t index) const {
  return last_use_[source] == index ? std::move(features[source]) : features[source];
}

at::Tensor TorchNetwork::ApplyTucker(const Layer& layer, at::Tensor feature) const {
  const auto in_factor = tensors_.find(layer.name + ".in_factor");  // without one the core or the concat before has it
  const auto out_factor = tensors_.find(layer.name + ".out_factor");
  // Each assignment frees what the step has read. All of them held together are more than the layer that stands there in the original takes (docs/results/cuda.md).
  if (in_factor != tensors_.end()) feature = Convolution3d(feature, in_factor->second, {}, kDense);
  const std::optional<at::Tensor> core_bias = out_factor == tensors_.end() ? Bias(layer) : std::nullopt;
  feature = IsTransposed(layer.kind) ? TransposedConvolution3d(feature, Tensor(layer, ".core"), core_bias, layer.stride)
                                     : Convolution3d(feature, Tensor(layer, ".core"), core_bias, layer.stride);
  return out_factor == tensors_.end() ? feature : Convolution3d(feature, out_factor->second, Bias(layer), kDense);
}

at::Tensor TorchNetwork::ApplyNorm(const Layer& layer, size_t index, const at::Tensor& input) const {
  if (device_.is_cpu() && input.scalar_type() == at::kFloat) {
    const auto source = static_cast<size_t>(layer.inputs.front());
    if (IsFirstConvolution(source)) {
      const Layer& first = graph_.layers[source];
      return NormedFirstConvolution(input.contiguous(), Tensor(first, ".weight"), Bias(first).value_or(at::Tensor()), Tensor(layer, ".weight"), Tensor(layer, ".bias"), layer.epsilon,
                                    slopes_[index].value_or(1));
    }
    const at::Tensor features = input.contiguous(format_);
    const bool is_copy = !features.is_same(input);  // where LibTorch has answered in C order
    const bool is_free = is_copy || (last_use_[source] == index && source != 0);
    const NormAnswer as_they_lie = is_free ? NormAnswer::kInPlace : NormAnswer::kAsTheyLie;
    const NormAnswer answer = IsLast(index) ? NormAnswer::kInCOrder : as_they_lie;
    return NormChannelsLast(features, Tensor(layer, ".weight"), Tensor(layer, ".bias"), layer.epsilon, slopes_[index].value_or(1), answer);
  }
  constexpr bool kFromInput = true;
  constexpr double kMomentum = 0.1;  // of running statistics, of which there are none
  if (format_ == at::MemoryFormat::ChannelsLast3d) {
    // LibTorch's instance norm turns features around to C order. Of a batch of one it is the norm of the batch, which takes them as they lie.
    // On CUDA the first convolution answers in C order, since of its one channel either order is (InFormat); so read, the norm takes six times as long.
    const at::Tensor features = input.contiguous(format_);
    if (features.size(0) == 1) {
      return at::batch_norm(features, Tensor(layer, ".weight"), Tensor(layer, ".bias"), {}, {}, kFromInput, kMomentum, layer.epsilon, /*cudnn_enabled=*/false);
    }
    const at::Tensor normalized = at::empty_like(features);
    at::Tensor mean = at::empty({features.size(1)}, features.options().dtype(at::kFloat));
    at::Tensor inverse_deviation = at::empty_like(mean);
    for (int64_t patch = 0; patch < features.size(0); ++patch) {
      at::Tensor one = normalized.narrow(0, patch, 1);
      at::native_batch_norm_out(one, mean, inverse_deviation, features.narrow(0, patch, 1), Tensor(layer, ".weight"), Tensor(layer, ".bias"), {}, {}, kFromInput, kMomentum, layer.epsilon);
    }
    return normalized;
  }
  return at::instance_norm(input, Tensor(layer, ".weight"), Tensor(layer, ".bias"), {}, {}, kFromInput, kMomentum, layer.epsilon, /*cudnn_enabled=*/true);
}

at::Tensor TorchNetwork::Apply(const Layer& layer, size_t index, std::vector<at::Tensor>& features) const {
  const auto source = static_cast<size_t>(layer.inputs.front());
  const at::Tensor& input = features[source];
  switch (layer.kind) {
    case LayerKind::kConvolution:
      if (IsFirstConvolution(index)) return input;  // the norm does it, and nobody writes into the patch
      if (AnswersInCOrder(layer, index)) return PointwiseConvolutionInCOrder(input.contiguous(format_), Tensor(layer, ".weight"), Bias(layer));
      return Convolution3d(input, Tensor(layer, ".weight"), Bias(layer), layer.stride);
    case LayerKind::kTuckerConvolution:
    case LayerKind::kTuckerTransposedConvolution:
      return ApplyTucker(layer, Take(features, source, index));
    case LayerKind::kTransposedConvolution:
      return TransposedConvolution3d(input, Tensor(layer, ".weight"), Bias(layer), layer.stride);
    case LayerKind::kInstanceNorm:
      return ApplyNorm(layer, index, input);
    case LayerKind::kLeakyRelu:
      if (!slopes_.empty() && slopes_[source]) return input;  // the norm has done it
      // In place where nobody else reads the input: saves one feature map, the largest cost in memory traffic here.
      if (last_use_[source] == index && source != 0) {
        at::Tensor output = input;
        return at::leaky_relu_(output, layer.negative_slope);
      }
      return at::leaky_relu(input, layer.negative_slope);
    case LayerKind::kAveragePool:
      if (input.is_cpu()) {  // where LibTorch has it in float32 and float64 alone
        return at::avg_pool3d(input.to(at::kFloat), Sizes(layer.kernel), Sizes(layer.kernel)).to(input.scalar_type());
      }
      return at::avg_pool3d(input, Sizes(layer.kernel), Sizes(layer.kernel));
    case LayerKind::kConcat:
      return at::cat(InputsOf(layer, features), 1);
    case LayerKind::kAdd:
      return Sum(InputsOf(layer, features));
    case LayerKind::kInput:
      break;
  }
  throw Error(ErrorCode::kFailedPrecondition, "layer " + layer.name + ": a second input layer cannot be run");
}

}  // namespace tuckerseg
