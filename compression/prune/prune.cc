#include "compression/prune/prune.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <numeric>
#include <string>
#include <utility>

#include "compression/prune/channel_sets.h"
#include "compression/rank/level.h"
#include "engine/error.h"
#include "engine/model/cost.h"

namespace tuckerseg {
namespace {

std::string Prefix(const std::string& fold) { return "fold_" + fold + "."; }

/// Which axis of a convolution's weight runs over output channels; the other one of the first two runs over input channels.
size_t OutAxis(const Layer& layer) { return IsTransposed(layer.kind) ? 1 : 0; }

/// A tensor as [outer][channels][inner] along one of its axes.
struct AxisView {
  size_t outer = 1, channels = 1, inner = 1;
};

AxisView AlongAxis(const std::vector<int64_t>& shape, size_t axis) {
  AxisView view;
  for (size_t a = 0; a < shape.size(); ++a) (a < axis ? view.outer : a == axis ? view.channels : view.inner) *= static_cast<size_t>(shape[a]);
  return view;
}

/// Adds the squared norm of each output channel of a convolution to `squares`.
void AddSquares(const Layer& layer, const TensorView& weight, std::vector<double>& squares) {
  const std::vector<float> values = ToFloat(weight);
  const AxisView view = AlongAxis(weight.shape, OutAxis(layer));
  const float* value = values.data();
  for (size_t o = 0; o < view.outer; ++o)
    for (size_t c = 0; c < view.channels; ++c)
      for (size_t i = 0; i < view.inner; ++i, ++value) squares[c] += static_cast<double>(*value) * static_cast<double>(*value);
  for (const double square : squares)
    if (!std::isfinite(square)) throw Error(ErrorCode::kDataLoss, "layer " + layer.name + ": weights must be finite");
}

/// [layer][output channel], over all folds; empty for layers that are no convolution.
std::vector<std::vector<double>> SquaredNorms(const ModelPart& part, const WeightStore& weights) {
  std::vector<std::vector<double>> squares(part.graph.layers.size());
  for (size_t place = 0; place < part.graph.layers.size(); ++place) {
    const Layer& layer = part.graph.layers[place];
    if (!IsConvolution(layer.kind)) continue;
    squares[place].resize(static_cast<size_t>(layer.out_channels));
    for (const std::string& fold : part.folds) AddSquares(layer, weights.At(Prefix(fold) + layer.name + ".weight"), squares[place]);
  }
  return squares;
}

double Sum(const ChannelSet& set, const std::vector<std::vector<double>>& squares) {
  double sum = 0;
  for (const ChannelPlace& place : set)
    if (!squares[place.layer].empty()) sum += squares[place.layer][place.channel];
  return sum;
}

/// The places of the largest scores; the first of equal ones.
std::vector<size_t> Largest(const std::vector<double>& scores, size_t count) {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  order.resize(count);
  return order;
}

using Bytes = std::vector<std::byte>;

/// The channels that are kept along an axis, closed up.
Bytes Cut(std::span<const std::byte> bytes, const AxisView& view, size_t element, const std::vector<bool>& kept) {
  const size_t run = view.inner * element;
  Bytes cut;
  cut.reserve(bytes.size());
  for (size_t o = 0; o < view.outer; ++o)
    for (size_t c = 0; c < view.channels; ++c) {
      const auto from = bytes.begin() + static_cast<std::ptrdiff_t>((o * view.channels + c) * run);
      if (kept[c]) cut.insert(cut.end(), from, from + static_cast<std::ptrdiff_t>(run));
    }
  return cut;
}

/// Zeros for the channels that are not kept; all bits zero is 0 in every floating-point type.
void Zero(Bytes& bytes, const AxisView& view, size_t element, const std::vector<bool>& kept) {
  const size_t run = view.inner * element;
  for (size_t o = 0; o < view.outer; ++o)
    for (size_t c = 0; c < view.channels; ++c)
      if (!kept[c]) std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>((o * view.channels + c) * run), run, std::byte{0});
}

bool All(const std::vector<bool>& kept) { return std::find(kept.begin(), kept.end(), false) == kept.end(); }

int64_t Count(const std::vector<bool>& kept) { return std::count(kept.begin(), kept.end(), true); }

/// What a layer reads: the channels of its inputs, one after another where it joins them.
std::vector<bool> KeptInputs(const Layer& layer, const KeptChannels& kept) {
  std::vector<bool> inputs;
  for (const int input : layer.inputs) {
    const std::vector<bool>& channels = kept[static_cast<size_t>(input)];
    inputs.insert(inputs.end(), channels.begin(), channels.end());
    if (layer.kind == LayerKind::kAdd) break;  // all its inputs keep the same ones
  }
  return inputs;
}

/// A tensor of `part` without the channels that are not kept along `axes`.
struct TensorCut {
  std::string name;
  std::vector<std::pair<size_t, std::vector<bool>>> axes;
};

/// The tensors of one layer and what is cut from each.
std::vector<TensorCut> CutsOf(const Layer& layer, const std::vector<bool>& in, const std::vector<bool>& out) {
  std::vector<TensorCut> cuts;
  for (const TensorSpec& spec : RequiredTensors({{layer}})) {
    cuts.push_back({spec.name, {}});
    if (spec.shape.size() == 1) {
      cuts.back().axes = {{0, out}};
    } else {
      cuts.back().axes = {{OutAxis(layer), out}, {1 - OutAxis(layer), in}};
    }
  }
  return cuts;
}

void AddCut(const TensorCut& cut, const std::string& prefix, const std::shared_ptr<const WeightStore>& from, WeightStore& to) {
  const TensorView& tensor = from->At(prefix + cut.name);
  if (std::all_of(cut.axes.begin(), cut.axes.end(), [](const auto& axis) { return All(axis.second); })) {
    return to.AddView(prefix + cut.name, tensor, from);
  }
  Bytes bytes(tensor.bytes.begin(), tensor.bytes.end());
  std::vector<int64_t> shape = tensor.shape;
  for (const auto& [axis, kept] : cut.axes) {
    bytes = Cut(bytes, AlongAxis(shape, axis), BytesPerElement(tensor.type), kept);
    shape[axis] = Count(kept);
  }
  to.Add(prefix + cut.name, tensor.type, shape, std::move(bytes));
}

}  // namespace

KeptChannels ChooseChannels(const ModelPart& part, const WeightStore& weights, double level) {
  const std::vector<ChannelGroup> groups = FindChannelGroups(part.graph);
  const std::vector<std::vector<double>> squares = SquaredNorms(part, weights);
  KeptChannels kept;
  for (const Layer& layer : part.graph.layers) kept.emplace_back(static_cast<size_t>(layer.out_channels), false);
  for (const ChannelGroup& group : groups) {
    std::vector<double> scores;
    for (const ChannelSet& set : group.sets) scores.push_back(Sum(set, squares));
    const auto count = RankAt(static_cast<int64_t>(scores.size()), group.fixed ? 1 : level, /*least=*/1, /*grid=*/1);
    for (const size_t set : Largest(scores, static_cast<size_t>(count)))
      for (const ChannelPlace& place : group.sets[set]) kept[place.layer][place.channel] = true;
  }
  return kept;
}

WeightStore MaskedChannels(const ModelPart& part, const WeightStore& weights, const KeptChannels& kept) {
  const auto from = std::make_shared<const WeightStore>(weights);  // shares the bytes that the views below look at
  WeightStore masked;
  for (const std::string& fold : part.folds)
    for (size_t place = 0; place < part.graph.layers.size(); ++place) {
      const Layer& layer = part.graph.layers[place];
      for (const TensorSpec& spec : RequiredTensors({{layer}})) {
        const std::string name = Prefix(fold) + spec.name;
        const TensorView& tensor = from->At(name);
        if (All(kept[place])) {
          masked.AddView(name, tensor, from);
          continue;
        }
        Bytes bytes(tensor.bytes.begin(), tensor.bytes.end());
        Zero(bytes, AlongAxis(tensor.shape, spec.shape.size() == 1 ? 0 : OutAxis(layer)), BytesPerElement(tensor.type), kept[place]);
        masked.Add(name, tensor.type, tensor.shape, std::move(bytes));
      }
    }
  return masked;
}

PrunedPart WithoutChannels(const ModelPart& part, const WeightStore& weights, const KeptChannels& kept) {
  const auto from = std::make_shared<const WeightStore>(weights);
  PrunedPart pruned{part.graph, {}};
  for (size_t place = 0; place < part.graph.layers.size(); ++place) {
    const Layer& layer = part.graph.layers[place];
    const std::vector<bool> in = KeptInputs(layer, kept);
    for (const std::string& fold : part.folds)
      for (const TensorCut& cut : CutsOf(layer, in, kept[place])) AddCut(cut, Prefix(fold), from, pruned.weights);
    if (layer.kind == LayerKind::kInput) continue;
    pruned.graph.layers[place].in_channels = Count(in);
    pruned.graph.layers[place].out_channels = Count(kept[place]);
  }
  pruned.graph.Validate();
  return pruned;
}

PrunedPart PrunePart(const ModelPart& part, const WeightStore& weights, double level) {
  return WithoutChannels(part, weights, ChooseChannels(part, weights, level));
}

int64_t CountedParameters(const LayerGraph& original, const LayerGraph& pruned) {
  if (original.layers.size() != pruned.layers.size()) throw Error(ErrorCode::kInvalidArgument, "graph: must have the original's layers");
  int64_t count = 0;
  for (size_t place = 0; place < original.layers.size(); ++place) {
    // All of a layer's tensors have as much for each output channel, so that the quotient is whole.
    const Layer& layer = original.layers[place];
    count += ParameterCount(layer) / layer.out_channels * pruned.layers[place].out_channels;
  }
  return count;
}

}  // namespace tuckerseg
