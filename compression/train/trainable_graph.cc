#include "compression/train/trainable_graph.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "compression/train/instance_norm.h"
#include "compression/train/recomputed.h"
#include "compression/train/shifted_convolution.h"
#include "engine/error.h"
#include "engine/execute/torch/tucker_steps.h"

namespace tuckerseg {
namespace {

at::IntArrayRef Sizes(const Size3& size) { return {size.data(), size.size()}; }

Size3 Padding(const Size3& kernel) { return {(kernel[0] - 1) / 2, (kernel[1] - 1) / 2, (kernel[2] - 1) / 2}; }

}  // namespace

/// One walk through the layers.
class GraphWalk {
 public:
  GraphWalk(const LayerGraph& graph, const Parameters& parameters, Precision precision)
      : graph_(graph), parameters_(parameters), precision_(precision), features_(graph.layers.size()) {}

  void Start(const at::Tensor& input) { features_[0] = Computed(input); }

  void Put(int index, const at::Tensor& feature) { features_[static_cast<size_t>(index)] = feature; }

  void Run(size_t index) { features_[index] = Apply(graph_.layers[index]); }

  void Release(int index) { features_[static_cast<size_t>(index)].reset(); }

  const at::Tensor& Feature(int index) const { return features_[static_cast<size_t>(index)]; }

  /// A head's logits, or the last layer's.
  at::Tensor HeadOf(const AuxiliaryHead& head) const {
    return Logits(at::conv3d(Feature(head.layer), Weight(head.name + ".weight"), Weight(head.name + ".bias")));
  }
  at::Tensor Logits(const at::Tensor& feature) const {
    return feature.scalar_type() == at::kBFloat16 ? feature.to(at::kFloat) : feature;
  }

  const at::Tensor& Parameter(const std::string& name) const { return parameters_.at(name); }

 private:
  /// In the type that convolutions compute in. Small tensors, so that the cast of a weight costs nothing against its layer.
  at::Tensor Computed(const at::Tensor& tensor) const {
    return precision_ == Precision::kBFloat16 ? tensor.to(at::kBFloat16) : tensor;
  }
  at::Tensor Weight(const std::string& name) const { return Computed(Parameter(name)); }
  std::optional<at::Tensor> Bias(const Layer& layer) const {
    return layer.bias ? std::optional(Weight(layer.name + ".bias")) : std::nullopt;
  }

  /// A kernel over space, whole or a core.
  at::Tensor Convolution(const Layer& layer, const at::Tensor& input, const at::Tensor& weight, const std::optional<at::Tensor>& bias) const {
    const bool spatial = layer.kernel != Size3{1, 1, 1} && layer.stride == Size3{1, 1, 1};
    // Without gradients too, so that features that are computed twice are the same.
    if (spatial && input.device().is_cpu() && precision_ == Precision::kFloat32 && ShiftsPayOff()) return ConvolutionByShifts(input, weight, bias);
    return at::conv3d(input, weight, bias, Sizes(layer.stride), Sizes(Padding(layer.kernel)));
  }

  /// As the executor runs it, but that deep layers of small patches are not folded, and concats are made.
  at::Tensor Tucker(const Layer& layer, const at::Tensor& input) const {
    const int64_t finer = input.numel() / input.size(1);
    const int64_t coarser = IsTransposed(layer.kind) ? finer : finer / (layer.stride[0] * layer.stride[1] * layer.stride[2]);
    const TuckerFold fold = CheapestFold(layer, coarser);  // the product is made anew in every pass
    const TuckerSteps steps = StepsOf(layer, fold, Parameter(layer.name + ".in_factor"), Parameter(layer.name + ".core"), Parameter(layer.name + ".out_factor"));
    const at::Tensor reduced = fold.in ? input : at::conv3d(input, Computed(steps.in));
    const std::optional<at::Tensor> core_bias = fold.out ? Bias(layer) : std::nullopt;
    const at::Tensor core = IsTransposed(layer.kind) ? at::conv_transpose3d(reduced, Computed(steps.core), core_bias, Sizes(layer.stride))
                                                     : Convolution(layer, reduced, Computed(steps.core), core_bias);
    return fold.out ? core : at::conv3d(core, Computed(steps.out), Bias(layer));
  }

  /// LibTorch has no pooling of bfloat16 on the CPU.
  static at::Tensor Pooled(const Layer& layer, const at::Tensor& input) {
    const at::ScalarType type = input.scalar_type();
    const at::Tensor wide = type == at::kBFloat16 ? input.to(at::kFloat) : input;
    return at::avg_pool3d(wide, Sizes(layer.kernel), Sizes(layer.kernel)).to(type);
  }

  at::Tensor Join(const Layer& layer) const {
    std::vector<at::Tensor> parts;
    for (const int source : layer.inputs) parts.push_back(Feature(source));
    if (layer.kind == LayerKind::kConcat) return at::cat(parts, 1);
    at::Tensor sum = parts[0] + parts[1];
    for (size_t i = 2; i < parts.size(); ++i) sum = sum + parts[i];
    return sum;
  }

  at::Tensor Apply(const Layer& layer) const {
    const at::Tensor& input = Feature(layer.inputs.front());
    switch (layer.kind) {
      case LayerKind::kConvolution:
        return Convolution(layer, input, Weight(layer.name + ".weight"), Bias(layer));
      case LayerKind::kTuckerConvolution:
      case LayerKind::kTuckerTransposedConvolution:
        return Tucker(layer, input);
      case LayerKind::kTransposedConvolution:
        return at::conv_transpose3d(input, Weight(layer.name + ".weight"), Bias(layer), Sizes(layer.stride));
      case LayerKind::kInstanceNorm:
        return InstanceNorm(input, Parameter(layer.name + ".weight"), Parameter(layer.name + ".bias"), layer.epsilon);
      case LayerKind::kLeakyRelu:
        return at::leaky_relu(input, layer.negative_slope);
      case LayerKind::kAveragePool:
        return Pooled(layer, input);
      case LayerKind::kConcat:
      case LayerKind::kAdd:
        return Join(layer);
      case LayerKind::kInput:
        break;
    }
    throw Error(ErrorCode::kFailedPrecondition, "layer " + layer.name + ": a second input layer cannot be trained");
  }

  const LayerGraph& graph_;
  const Parameters& parameters_;
  Precision precision_;
  std::vector<at::Tensor> features_;
};

namespace {

/// How much coarser than the patch each layer's output is.
std::vector<Size3> Strides(const LayerGraph& graph) {
  std::vector<Size3> strides;
  for (const Layer& layer : graph.layers) {
    Size3 stride = layer.inputs.empty() ? Size3{1, 1, 1} : strides[static_cast<size_t>(layer.inputs.front())];
    for (size_t a = 0; a < 3; ++a) {
      if (IsTransposed(layer.kind)) {
        stride[a] /= layer.stride[a];
      } else {
        stride[a] *= layer.stride[a];
      }
    }
    strides.push_back(stride);
  }
  return strides;
}

/// What the second and later transposed convolutions read is the output of a decoder's stage. The first such stage is the deepest,
/// whose loss nnU-Net weights with 0: it gets no head.
std::vector<AuxiliaryHead> DecoderHeads(const LayerGraph& graph) {
  const std::vector<Size3> strides = Strides(graph);
  std::vector<AuxiliaryHead> heads;
  size_t upsamplings = 0;
  for (const Layer& layer : graph.layers) {
    if (!IsTransposed(layer.kind) || upsamplings++ < 2) continue;
    const int source = layer.inputs.front();
    const Layer& stage = graph.layers[static_cast<size_t>(source)];
    heads.push_back({"auxiliary." + stage.name, source, stage.out_channels, strides[static_cast<size_t>(source)]});
  }
  std::reverse(heads.begin(), heads.end());
  return heads;
}

}  // namespace

TrainableGraph::TrainableGraph(LayerGraph graph, bool deep_supervision) : graph_(std::move(graph)) {
  graph_.Validate();
  if (deep_supervision) heads_ = DecoderHeads(graph_);
  last_use_.assign(graph_.layers.size(), graph_.layers.size());
  for (size_t i = 0; i < graph_.layers.size(); ++i)
    for (const int input : graph_.layers[i].inputs) last_use_[static_cast<size_t>(input)] = i;
  std::vector<int> read_by_heads;
  for (const AuxiliaryHead& head : heads_) read_by_heads.push_back(head.layer);
  stages_ = StagesOf(graph_, read_by_heads);
}

std::vector<TensorSpec> TrainableGraph::Tensors() const {
  std::vector<TensorSpec> tensors = RequiredTensors(graph_);
  for (const AuxiliaryHead& head : heads_) {
    tensors.push_back({head.name + ".weight", {graph_.OutChannels(), head.in_channels, 1, 1, 1}});
    tensors.push_back({head.name + ".bias", {graph_.OutChannels()}});
  }
  return tensors;
}

at::Tensor TrainableGraph::RunLayer(size_t place, const Parameters& parameters, const std::vector<at::Tensor>& features, Precision precision) const {
  GraphWalk walk(graph_, parameters, precision);
  for (const int input : graph_.layers[place].inputs) walk.Put(input, features[static_cast<size_t>(input)]);
  walk.Run(place);
  return walk.Feature(static_cast<int>(place));
}

void TrainableGraph::RunStage(const GraphStage& stage, GraphWalk& walk, Precision precision) const {
  std::vector<at::Tensor> inputs;
  for (const int feature : stage.inputs) inputs.push_back(walk.Feature(feature));
  for (const std::string& tensor : stage.tensors) inputs.push_back(walk.Parameter(tensor));
  const auto run = [this, &stage, precision](const std::vector<at::Tensor>& given) {
    Parameters own;
    for (size_t i = 0; i < stage.tensors.size(); ++i) own[stage.tensors[i]] = given[stage.inputs.size() + i];
    GraphWalk part(graph_, own, precision);
    for (size_t i = 0; i < stage.inputs.size(); ++i) part.Put(stage.inputs[i], given[i]);
    for (size_t i = stage.begin; i < stage.end; ++i) part.Run(i);
    std::vector<at::Tensor> results;
    for (const int feature : stage.outputs) results.push_back(part.Feature(feature));
    return results;
  };
  const std::vector<at::Tensor> results = Recomputed(run, inputs);
  for (size_t i = 0; i < results.size(); ++i) walk.Put(stage.outputs[i], results[i]);
}

std::vector<at::Tensor> TrainableGraph::Forward(const Parameters& parameters, const at::Tensor& input, Precision precision,
                                                Activations activations) const {
  const bool recomputed = activations == Activations::kRecomputed && at::GradMode::is_enabled();
  GraphWalk walk(graph_, parameters, precision);
  walk.Start(input);
  std::vector<at::Tensor> coarse(heads_.size());
  for (const GraphStage& stage : stages_) {
    // A head alone: its backward pass needs its input, which is kept anyway, and running it again would make the logits a second time.
    const bool head = stage.begin + 1 == graph_.layers.size();
    const bool twice = recomputed && !head;
    if (twice) RunStage(stage, walk, precision);
    for (size_t i = stage.begin; i < stage.end; ++i) {
      if (!twice) walk.Run(i);
      for (size_t h = 0; h < heads_.size(); ++h)
        if (heads_[h].layer == static_cast<int>(i)) coarse[h] = walk.HeadOf(heads_[h]);
      // Autograd keeps what it needs; without gradients this is what keeps memory at the executor's level.
      for (const int source : graph_.layers[i].inputs)
        if (last_use_[static_cast<size_t>(source)] == i) walk.Release(source);
    }
  }
  std::vector<at::Tensor> outputs{walk.Logits(walk.Feature(static_cast<int>(graph_.layers.size()) - 1))};
  outputs.insert(outputs.end(), coarse.begin(), coarse.end());
  return outputs;
}

}  // namespace tuckerseg
