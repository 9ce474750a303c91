#include "engine/model/unet_builder.h"

#include <sstream>
#include <utility>

#include "engine/error.h"

namespace tuckerseg {
namespace {

std::string ShapeText(const std::vector<int64_t>& shape) {
  std::ostringstream text;
  text << "[";
  for (size_t i = 0; i < shape.size(); ++i) text << (i > 0 ? ", " : "") << shape[i];
  text << "]";
  return text.str();
}

class UnetBuilder {
 public:
  explicit UnetBuilder(const UnetPlan& plan) : plan_(plan) {}

  LayerGraph Build() {
    Add({.name = "input", .kind = LayerKind::kInput, .in_channels = plan_.in_channels, .out_channels = plan_.in_channels});
    const std::vector<int> skips = plan_.kind == UnetKind::kPlain ? PlainEncoder() : ResidualEncoder();
    Decoder(skips);
    graph_.Validate();
    if (!graph_.KeepsResolution()) {
      throw Error(ErrorCode::kInvalidArgument, "strides: the first stage's must be 1, or the output is coarser than the patch");
    }
    return std::move(graph_);
  }

 private:
  int Add(Layer layer) {
    graph_.layers.push_back(std::move(layer));
    return static_cast<int>(graph_.layers.size()) - 1;
  }
  int64_t Channels(int place) const { return graph_.layers[static_cast<size_t>(place)].out_channels; }

  int Convolution(const std::string& name, int input, int64_t out, const Size3& kernel, const Size3& stride, bool bias) {
    return Add({.name = name, .kind = LayerKind::kConvolution, .inputs = {input}, .in_channels = Channels(input),
                .out_channels = out, .kernel = kernel, .stride = stride, .bias = bias});
  }
  int Norm(const std::string& name, int input) {
    return Add({.name = name, .kind = LayerKind::kInstanceNorm, .inputs = {input}, .in_channels = Channels(input),
                .out_channels = Channels(input), .epsilon = plan_.epsilon});
  }
  int Activation(const std::string& name, int input) {
    return Add({.name = name, .kind = LayerKind::kLeakyRelu, .inputs = {input}, .in_channels = Channels(input),
                .out_channels = Channels(input), .negative_slope = plan_.negative_slope});
  }
  /// Convolution, norm, activation: nnU-Net's ConvDropoutNormReLU (dropout does nothing at inference).
  int Unit(const std::string& name, int input, int64_t out, const Size3& kernel, const Size3& stride) {
    const int convolution = Convolution(name + ".conv", input, out, kernel, stride, plan_.bias);
    return Activation(name + ".nonlin", Norm(name + ".norm", convolution));
  }

  std::vector<int> PlainEncoder() {
    std::vector<int> skips;
    int last = 0;
    for (size_t s = 0; s < plan_.features.size(); ++s) {
      for (int64_t i = 0; i < plan_.encoder_convs[s]; ++i) {
        const std::string name = "encoder.stages." + std::to_string(s) + ".0.convs." + std::to_string(i);
        last = Unit(name, last, plan_.features[s], plan_.kernels[s], i == 0 ? plan_.strides[s] : Size3{1, 1, 1});
      }
      skips.push_back(last);
    }
    return skips;
  }

  std::vector<int> ResidualEncoder() {
    std::vector<int> skips;
    int last = Unit("encoder.stem.convs.0", 0, plan_.stem_channels, plan_.kernels[0], {1, 1, 1});
    for (size_t s = 0; s < plan_.features.size(); ++s) {
      for (int64_t b = 0; b < plan_.encoder_convs[s]; ++b) {
        const std::string name = "encoder.stages." + std::to_string(s) + ".blocks." + std::to_string(b);
        last = ResidualBlock(name, last, plan_.features[s], plan_.kernels[s], b == 0 ? plan_.strides[s] : Size3{1, 1, 1});
      }
      skips.push_back(last);
    }
    return skips;
  }

  /// BasicBlockD: the second unit has no activation before the sum; the skip is pooled first and projected then.
  int ResidualBlock(const std::string& name, int input, int64_t out, const Size3& kernel, const Size3& stride) {
    const int first = Unit(name + ".conv1", input, out, kernel, stride);
    const int second = Norm(name + ".conv2.norm", Convolution(name + ".conv2.conv", first, out, kernel, {1, 1, 1}, plan_.bias));
    int skip = input;
    const bool strided = stride != Size3{1, 1, 1};
    if (strided) {
      skip = Add({.name = name + ".skip.0", .kind = LayerKind::kAveragePool, .inputs = {skip}, .in_channels = Channels(skip),
                  .out_channels = Channels(skip), .kernel = stride, .stride = stride});
    }
    if (Channels(input) != out) {
      const std::string projection = name + ".skip." + (strided ? "1" : "0");
      skip = Norm(projection + ".norm", Convolution(projection + ".conv", skip, out, {1, 1, 1}, {1, 1, 1}, false));
    }
    const int sum = Add({.name = name + ".add", .kind = LayerKind::kAdd, .inputs = {second, skip}, .in_channels = out, .out_channels = out});
    return Activation(name + ".nonlin2", sum);
  }

  void Decoder(const std::vector<int>& skips) {
    const size_t stages = skips.size();
    int last = skips.back();
    for (size_t j = 0; j + 1 < stages; ++j) {
      const size_t below = stages - 1 - j;
      const size_t level = below - 1;
      const std::string number = std::to_string(j);
      const int64_t out = plan_.features[level];
      const int up = Add({.name = "decoder.transpconvs." + number, .kind = LayerKind::kTransposedConvolution, .inputs = {last},
                          .in_channels = Channels(last), .out_channels = out, .kernel = plan_.strides[below],
                          .stride = plan_.strides[below], .bias = plan_.bias});
      last = Add({.name = "decoder.concat." + number, .kind = LayerKind::kConcat, .inputs = {up, skips[level]},
                  .in_channels = 2 * out, .out_channels = 2 * out});
      for (int64_t i = 0; i < plan_.decoder_convs[j]; ++i) {
        last = Unit("decoder.stages." + number + ".convs." + std::to_string(i), last, out, plan_.kernels[level], {1, 1, 1});
      }
    }
    Convolution("decoder.seg_layers." + std::to_string(stages - 2), last, plan_.out_channels, {1, 1, 1}, {1, 1, 1}, true);
  }

  const UnetPlan& plan_;
  LayerGraph graph_;
};

}  // namespace

LayerGraph BuildUnet(const UnetPlan& plan) { return UnetBuilder(plan).Build(); }

std::map<std::string, CheckpointTensor> TensorsFor(const LayerGraph& graph, Checkpoint checkpoint) {
  std::map<std::string, CheckpointTensor> tensors;
  for (const TensorSpec& spec : RequiredTensors(graph)) {
    const auto found = checkpoint.tensors.find(spec.name);
    if (found == checkpoint.tensors.end()) {
      throw Error(ErrorCode::kInvalidArgument, "checkpoint: tensor " + spec.name + ": missing; the plans describe a network that has it");
    }
    if (found->second.shape != spec.shape) {
      throw Error(ErrorCode::kInvalidArgument, "checkpoint: tensor " + spec.name + " of shape " + ShapeText(found->second.shape) +
                                                   ": must be " + ShapeText(spec.shape) + ", as the plans say");
    }
    tensors.insert(checkpoint.tensors.extract(found));
  }
  for (const auto& [name, tensor] : checkpoint.tensors) {
    if (!name.starts_with("decoder.seg_layers.")) {
      throw Error(ErrorCode::kInvalidArgument, "checkpoint: tensor " + name + ": the network of the plans has none of that name");
    }
  }
  return tensors;
}

}  // namespace tuckerseg
