#include "compression/tucker/channel_weight.h"

#include <string>

#include "engine/error.h"

namespace tuckerseg {

Matrix ChannelWeight::ByIn() const {
  Matrix unfolded(in, out * taps);
  for (int64_t o = 0; o < out; ++o)
    for (int64_t i = 0; i < in; ++i) unfolded.row(i).segment(o * taps, taps) = by_out.row(o).segment(i * taps, taps);
  return unfolded;
}

ChannelWeight ChannelWeightOf(const Layer& layer, const TensorView& tensor) {
  const bool transposed = layer.kind == LayerKind::kTransposedConvolution;
  if (!transposed && layer.kind != LayerKind::kConvolution) {
    throw Error(ErrorCode::kInvalidArgument, "layer " + layer.name + ": must be a convolution, plain or transposed");
  }
  if (tensor.shape != RequiredTensors({{layer}}).front().shape) {
    throw Error(ErrorCode::kInvalidArgument, "layer " + layer.name + ": the weight's shape differs from the layer's");
  }
  ChannelWeight weight{layer.out_channels, layer.in_channels, layer.kernel[0] * layer.kernel[1] * layer.kernel[2], {}};
  weight.by_out.resize(weight.out, weight.in * weight.taps);
  const std::vector<float> values = ToFloat(tensor);
  const float* value = values.data();
  const int64_t outer = transposed ? weight.in : weight.out;
  const int64_t inner = transposed ? weight.out : weight.in;
  for (int64_t a = 0; a < outer; ++a)
    for (int64_t b = 0; b < inner; ++b)
      for (int64_t t = 0; t < weight.taps; ++t)
        weight.by_out(transposed ? b : a, (transposed ? a : b) * weight.taps + t) = static_cast<double>(*value++);
  if (!weight.by_out.allFinite()) throw Error(ErrorCode::kDataLoss, "layer " + layer.name + ": the weight holds a number that is not finite");
  return weight;
}

std::vector<float> StoredCore(const Layer& layer, const Matrix& core, int64_t rank_in) {
  const int64_t rank_out = core.rows();
  const int64_t taps = core.cols() / rank_in;
  const bool transposed = IsTransposed(layer.kind);
  const int64_t outer = transposed ? rank_in : rank_out;
  const int64_t inner = transposed ? rank_out : rank_in;
  std::vector<float> values;
  values.reserve(static_cast<size_t>(core.size()));
  for (int64_t a = 0; a < outer; ++a)
    for (int64_t b = 0; b < inner; ++b)
      for (int64_t t = 0; t < taps; ++t)
        values.push_back(static_cast<float>(core(transposed ? b : a, (transposed ? a : b) * taps + t)));
  return values;
}

}  // namespace tuckerseg
