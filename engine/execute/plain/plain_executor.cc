#include "engine/execute/plain/plain_executor.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "engine/execute/patch_check.h"

namespace tuckerseg {
namespace {

/// [channels][d0][d1][d2], C order.
struct Feature {
  int64_t channels = 0;
  Size3 shape{};
  std::vector<float> values;

  Feature() = default;
  Feature(int64_t channel_count, const Size3& size)
      : channels(channel_count), shape(size), values(static_cast<size_t>(channel_count * Voxels())) {}
  int64_t Voxels() const { return shape[0] * shape[1] * shape[2]; }
  float* Channel(int64_t c) { return values.data() + c * Voxels(); }
  const float* Channel(int64_t c) const { return values.data() + c * Voxels(); }
};

/// Adds `weight` times the input shifted by `tap - padding` (and strided) to one output channel.
void AddTap(const float* input, const Size3& in, float weight, const Size3& tap, const Size3& kernel, const Size3& stride,
            float* output, const Size3& out) {
  for (int64_t x = 0; x < out[0]; ++x) {
    const int64_t sx = x * stride[0] + tap[0] - (kernel[0] - 1) / 2;
    if (sx < 0 || sx >= in[0]) continue;
    for (int64_t y = 0; y < out[1]; ++y) {
      const int64_t sy = y * stride[1] + tap[1] - (kernel[1] - 1) / 2;
      if (sy < 0 || sy >= in[1]) continue;
      const float* row = input + (sx * in[1] + sy) * in[2];
      float* target = output + (x * out[1] + y) * out[2];
      for (int64_t z = 0; z < out[2]; ++z) {
        const int64_t sz = z * stride[2] + tap[2] - (kernel[2] - 1) / 2;
        if (sz >= 0 && sz < in[2]) target[z] += weight * row[sz];
      }
    }
  }
}

/// `weight`: [out][in][k0][k1][k2]; zero padding (k-1)/2.
Feature Convolve(const Feature& input, const std::vector<float>& weight, const float* bias, int64_t out_channels,
                 const Size3& kernel, const Size3& stride) {
  Size3 shape;
  for (size_t a = 0; a < 3; ++a) shape[a] = (input.shape[a] - 1) / stride[a] + 1;
  Feature output(out_channels, shape);
  const float* w = weight.data();
  for (int64_t o = 0; o < out_channels; ++o) {
    float* target = output.Channel(o);
    std::fill(target, target + output.Voxels(), bias ? bias[o] : 0.0F);
    for (int64_t i = 0; i < input.channels; ++i) {
      Size3 tap;
      for (tap[0] = 0; tap[0] < kernel[0]; ++tap[0])
        for (tap[1] = 0; tap[1] < kernel[1]; ++tap[1])
          for (tap[2] = 0; tap[2] < kernel[2]; ++tap[2])
            AddTap(input.Channel(i), input.shape, *w++, tap, kernel, stride, target, shape);
    }
  }
  return output;
}

/// `weight`: [in][out][k0][k1][k2], kernel = stride: every input voxel writes a block of its own.
Feature ConvolveTransposed(const Feature& input, const std::vector<float>& weight, const float* bias, int64_t out_channels,
                           const Size3& kernel) {
  const Size3 shape{input.shape[0] * kernel[0], input.shape[1] * kernel[1], input.shape[2] * kernel[2]};
  Feature output(out_channels, shape);
  const int64_t taps = kernel[0] * kernel[1] * kernel[2];
  for (int64_t o = 0; o < out_channels; ++o) {
    float* target = output.Channel(o);
    for (int64_t x = 0; x < shape[0]; ++x)
      for (int64_t y = 0; y < shape[1]; ++y)
        for (int64_t z = 0; z < shape[2]; ++z) {
          const int64_t source = ((x / kernel[0]) * input.shape[1] + y / kernel[1]) * input.shape[2] + z / kernel[2];
          const int64_t tap = ((x % kernel[0]) * kernel[1] + y % kernel[1]) * kernel[2] + z % kernel[2];
          float sum = bias ? bias[o] : 0.0F;
          for (int64_t i = 0; i < input.channels; ++i)
            sum += input.Channel(i)[source] * weight[static_cast<size_t>((i * out_channels + o) * taps + tap)];
          *target++ = sum;
        }
  }
  return output;
}

void NormalizeInstance(Feature& feature, const std::vector<float>& weight, const std::vector<float>& bias, double epsilon) {
  const auto voxels = static_cast<double>(feature.Voxels());
  for (int64_t c = 0; c < feature.channels; ++c) {
    float* values = feature.Channel(c);
    double sum = 0;
    for (int64_t v = 0; v < feature.Voxels(); ++v) sum += values[v];
    const double mean = sum / voxels;
    double squares = 0;
    for (int64_t v = 0; v < feature.Voxels(); ++v) squares += (values[v] - mean) * (values[v] - mean);
    const double scale = weight[static_cast<size_t>(c)] / std::sqrt(squares / voxels + epsilon);
    const double shift = bias[static_cast<size_t>(c)] - mean * scale;
    for (int64_t v = 0; v < feature.Voxels(); ++v) values[v] = static_cast<float>(values[v] * scale + shift);
  }
}

Feature AveragePool(const Feature& input, const Size3& kernel) {
  Feature output(input.channels, {input.shape[0] / kernel[0], input.shape[1] / kernel[1], input.shape[2] / kernel[2]});
  const auto count = static_cast<float>(kernel[0] * kernel[1] * kernel[2]);
  for (int64_t c = 0; c < input.channels; ++c) {
    float* target = output.Channel(c);
    for (int64_t x = 0; x < output.shape[0]; ++x)
      for (int64_t y = 0; y < output.shape[1]; ++y)
        for (int64_t z = 0; z < output.shape[2]; ++z) {
          float sum = 0;
          for (int64_t i = 0; i < kernel[0]; ++i)
            for (int64_t j = 0; j < kernel[1]; ++j)
              for (int64_t k = 0; k < kernel[2]; ++k)
                sum += input.Channel(c)[((x * kernel[0] + i) * input.shape[1] + y * kernel[1] + j) * input.shape[2] +
                                        z * kernel[2] + k];
          *target++ = sum / count;
        }
  }
  return output;
}

class PlainExecutor final : public Executor {
 public:
  PlainExecutor(LayerGraph graph, const WeightStore& weights, const std::string& prefix) : graph_(std::move(graph)) {
    graph_.Validate();
    for (const TensorSpec& spec : RequiredTensors(graph_)) {
      const TensorView& tensor = weights.At(prefix + spec.name);
      if (tensor.shape != spec.shape) {
        throw Error(ErrorCode::kFailedPrecondition, prefix + spec.name + ": shape differs from the layer's");
      }
      tensors_[spec.name] = ToFloat(tensor);
    }
    last_use_.resize(graph_.layers.size(), graph_.layers.size());
    for (size_t i = 0; i < graph_.layers.size(); ++i)
      for (const int input : graph_.layers[i].inputs) last_use_[static_cast<size_t>(input)] = i;
  }

  std::span<const float> Run(std::span<const float> patch, const Size3& shape) override {
    CheckPatch(graph_, patch, shape);
    Feature input(graph_.InChannels(), shape);
    std::copy(patch.begin(), patch.end(), input.values.begin());

    features_.assign(graph_.layers.size(), {});
    features_[0] = std::move(input);
    for (size_t i = 1; i < graph_.layers.size(); ++i) {
      features_[i] = Apply(graph_.layers[i], i);
      for (const int source : graph_.layers[i].inputs) {
        if (last_use_[static_cast<size_t>(source)] == i) features_[static_cast<size_t>(source)] = {};
      }
    }
    return features_.back().values;
  }

  void ReleaseLogits() override { features_.clear(); }

 private:
  const std::vector<float>& Tensor(const Layer& layer, const char* part) const { return tensors_.at(layer.name + part); }
  const float* Bias(const Layer& layer) const { return layer.bias ? Tensor(layer, ".bias").data() : nullptr; }

  /// The input of an in-place layer: moved where nobody reads it again, copied where a skip still does.
  Feature Take(size_t source, size_t layer) {
    return last_use_[source] == layer ? std::move(features_[source]) : features_[source];
  }

  Feature ApplyTucker(const Layer& layer, const Feature& input) const {
    const Feature reduced = Reduce(layer, input);
    const Feature core = IsTransposed(layer.kind)
                             ? ConvolveTransposed(reduced, Tensor(layer, ".core"), nullptr, layer.rank_out, layer.kernel)
                             : Convolve(reduced, Tensor(layer, ".core"), nullptr, layer.rank_out, layer.kernel, layer.stride);
    return Convolve(core, Tensor(layer, ".out_factor"), Bias(layer), layer.out_channels, {1, 1, 1}, {1, 1, 1});
  }

  Feature Reduce(const Layer& layer, const Feature& input) const {
    // The input factor is stored [in, rank_in]; a 1x1x1 convolution wants [rank_in, in].
    const std::vector<float>& factor = Tensor(layer, ".in_factor");
    std::vector<float> transposed(factor.size());
    for (int64_t i = 0; i < layer.in_channels; ++i)
      for (int64_t r = 0; r < layer.rank_in; ++r)
        transposed[static_cast<size_t>(r * layer.in_channels + i)] = factor[static_cast<size_t>(i * layer.rank_in + r)];
    return Convolve(input, transposed, nullptr, layer.rank_in, {1, 1, 1}, {1, 1, 1});
  }

  Feature Apply(const Layer& layer, size_t index) {
    const auto source = static_cast<size_t>(layer.inputs.front());
    const Feature& input = features_[source];
    switch (layer.kind) {
      case LayerKind::kConvolution:
        return Convolve(input, Tensor(layer, ".weight"), Bias(layer), layer.out_channels, layer.kernel, layer.stride);
      case LayerKind::kTuckerConvolution:
      case LayerKind::kTuckerTransposedConvolution:
        return ApplyTucker(layer, input);
      case LayerKind::kTransposedConvolution:
        return ConvolveTransposed(input, Tensor(layer, ".weight"), Bias(layer), layer.out_channels, layer.kernel);
      case LayerKind::kInstanceNorm: {
        Feature output = Take(source, index);
        NormalizeInstance(output, Tensor(layer, ".weight"), Tensor(layer, ".bias"), layer.epsilon);
        return output;
      }
      case LayerKind::kLeakyRelu: {
        Feature output = Take(source, index);
        const auto slope = static_cast<float>(layer.negative_slope);
        for (float& value : output.values) value = value > 0 ? value : value * slope;
        return output;
      }
      case LayerKind::kAveragePool:
        return AveragePool(input, layer.kernel);
      case LayerKind::kConcat: {
        Feature output(layer.out_channels, input.shape);
        auto target = output.values.begin();
        for (const int part : layer.inputs) {
          const auto& values = features_[static_cast<size_t>(part)].values;
          target = std::copy(values.begin(), values.end(), target);
        }
        return output;
      }
      case LayerKind::kAdd: {
        Feature output = input;
        for (size_t i = 1; i < layer.inputs.size(); ++i) {
          const auto& values = features_[static_cast<size_t>(layer.inputs[i])].values;
          std::transform(values.begin(), values.end(), output.values.begin(), output.values.begin(), std::plus<>());
        }
        return output;
      }
      case LayerKind::kInput:
        break;
    }
    throw Error(ErrorCode::kFailedPrecondition, "layer " + layer.name + ": a second input layer cannot be run");
  }

  LayerGraph graph_;
  std::map<std::string, std::vector<float>> tensors_;  // by TensorSpec name, without the prefix
  std::vector<size_t> last_use_;                       // layer after which a feature is freed
  std::vector<Feature> features_;
};

}  // namespace

ExecutorFactory PlainExecutorFactory() {
  return [](const LayerGraph& graph, const WeightStore& weights, const std::string& prefix) {
    return std::make_unique<PlainExecutor>(graph, weights, prefix);
  };
}

}  // namespace tuckerseg
