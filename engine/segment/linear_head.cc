#include "engine/segment/linear_head.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>

#include "engine/error.h"
#include "engine/wide_registers.h"

namespace tuckerseg {
namespace {

// 6 x 2 sums, 2 vectors of features and a weight: 15 of AVX2's 16 registers. 12 x 2 of AVX-512's 32 were no faster.
constexpr int64_t kClassesAtOnce = 6;
constexpr int64_t kVectorsAtOnce = 2;
constexpr int64_t kMostClasses = 65536;  // the largest class is told in 16 bits
constexpr int64_t kMostLanes = 16;
constexpr int64_t kVoxelsAtOnce = kVectorsAtOnce * kMostLanes;  // whole tiles of any width

/// Of a tile.
template <typename W>
constexpr int64_t kVoxels = kVectorsAtOnce * W::kLanes;

struct HeadView {
  const float* weights;  // [class][feature]
  const float* bias;
  int64_t classes;
  int64_t features;
};

/// kClasses classes of a tile's voxels, summed over the features in ascending order. All loops have constant bounds but the one over the
/// features, so that the sums stay in registers. `take(class, vector, sum)` gets them, classes ascending.
template <typename W, int64_t kClasses, typename Take>
[[gnu::always_inline]] inline void Tile(const HeadView& head, int64_t first_class, const float* features, int64_t stride, const Take& take) {
  using Lanes = typename W::Lanes;
  Lanes sums[kClasses][kVectorsAtOnce];
#pragma GCC unroll 6
  for (int64_t c = 0; c < kClasses; ++c)
#pragma GCC unroll 2
    for (int64_t v = 0; v < kVectorsAtOnce; ++v) sums[c][v] = Lanes{} + head.bias[first_class + c];
  const float* weights = head.weights + first_class * head.features;
  for (int64_t f = 0; f < head.features; ++f) {
    Lanes x[kVectorsAtOnce];
#pragma GCC unroll 2
    for (int64_t v = 0; v < kVectorsAtOnce; ++v) x[v] = W::At(features + f * stride + v * W::kLanes);
#pragma GCC unroll 6
    for (int64_t c = 0; c < kClasses; ++c)
#pragma GCC unroll 2
      for (int64_t v = 0; v < kVectorsAtOnce; ++v) sums[c][v] += weights[c * head.features + f] * x[v];
  }
#pragma GCC unroll 6
  for (int64_t c = 0; c < kClasses; ++c)
#pragma GCC unroll 2
    for (int64_t v = 0; v < kVectorsAtOnce; ++v) take(first_class + c, v, sums[c][v]);
}

template <typename W, typename Take>
[[gnu::always_inline]] inline void AllClasses(const HeadView& head, const float* features, int64_t stride, const Take& take) {
  const int64_t whole = head.classes / kClassesAtOnce * kClassesAtOnce;
  for (int64_t c = 0; c < whole; c += kClassesAtOnce) Tile<W, kClassesAtOnce>(head, c, features, stride, take);
  for (int64_t c = whole; c < head.classes; ++c) Tile<W, 1>(head, c, features, stride, take);
}

/// Logits of whole tiles of voxels.
struct LogitsOfTiles {
  float* logits;
  int64_t logits_stride;
  template <typename W>
  [[gnu::always_inline]] void Run(const HeadView& head, const float* features, int64_t stride, int64_t voxels) const {
    for (int64_t first = 0; first + kVoxels<W> <= voxels; first += kVoxels<W>) {
      const auto store = [this, first](int64_t c, int64_t v, const typename W::Lanes& sum) __attribute__((always_inline)) {
        W::At(logits + c * logits_stride + first + v * W::kLanes) = sum;
      };
      AllClasses<W>(head, features + first, stride, store);
    }
  }
};

/// The class of the largest logit of whole tiles of voxels: the lowest where several are as large.
struct LargestOfTiles {
  uint16_t* classes;
  template <typename W>
  [[gnu::always_inline]] void Run(const HeadView& head, const float* features, int64_t stride, int64_t voxels) const {
    using Lanes = typename W::Lanes;
    using LaneNumbers = typename W::LaneNumbers;
    for (int64_t first = 0; first + kVoxels<W> <= voxels; first += kVoxels<W>) {
      Lanes best[kVectorsAtOnce];
      LaneNumbers winner[kVectorsAtOnce];
      for (int64_t v = 0; v < kVectorsAtOnce; ++v) {
        best[v] = Lanes{} - std::numeric_limits<float>::infinity();
        winner[v] = LaneNumbers{};
      }
      const auto compare = [&best, &winner](int64_t c, int64_t v, const Lanes& sum) __attribute__((always_inline)) {
        const LaneNumbers wins = sum > best[v];
        best[v] = wins ? sum : best[v];
        winner[v] = wins ? LaneNumbers{} + static_cast<int>(c) : winner[v];
      };
      AllClasses<W>(head, features + first, stride, compare);
      for (int64_t v = 0; v < kVectorsAtOnce; ++v)
        for (int64_t lane = 0; lane < W::kLanes; ++lane) classes[first + v * W::kLanes + lane] = static_cast<uint16_t>(winner[v][lane]);
    }
  }
};

/// What is done with tiles, for RunOnWidestRegisters: the same operations in the same order on vectors of any width, so the same bits.
template <typename Tiles>
struct OnTiles {
  const HeadView& head;
  const float* features;
  int64_t stride;
  int64_t voxels;
  const Tiles& tiles;
  template <typename W>
  [[gnu::always_inline]] void Run() const {
    tiles.template Run<W>(head, features, stride, voxels);
  }
};

template <typename Tiles>
void OnThisMachine(const HeadView& head, const float* features, int64_t stride, int64_t voxels, const Tiles& tiles) {
  RunOnWidestRegisters(OnTiles<Tiles>{head, features, stride, voxels, tiles});
}

/// The voxels that are no whole tile, copied into one.
std::vector<float> RestAsTile(const HeadView& head, const float* features, int64_t stride, int64_t whole, int64_t rest) {
  std::vector<float> tile(static_cast<size_t>(head.features * kVoxelsAtOnce), 0.0F);
  for (int64_t f = 0; f < head.features; ++f) std::copy_n(features + f * stride + whole, rest, tile.data() + f * kVoxelsAtOnce);
  return tile;
}

void RunHead(const HeadView& head, const float* features, int64_t stride, int64_t voxels, float* logits, int64_t logits_stride) {
  const int64_t whole = voxels / kVoxelsAtOnce * kVoxelsAtOnce;
  OnThisMachine(head, features, stride, whole, LogitsOfTiles{logits, logits_stride});
  const int64_t rest = voxels - whole;
  if (rest == 0) return;
  const std::vector<float> tile = RestAsTile(head, features, stride, whole, rest);
  std::vector<float> few(static_cast<size_t>(head.classes * kVoxelsAtOnce));
  OnThisMachine(head, tile.data(), kVoxelsAtOnce, kVoxelsAtOnce, LogitsOfTiles{few.data(), kVoxelsAtOnce});
  for (int64_t c = 0; c < head.classes; ++c) std::copy_n(few.data() + c * kVoxelsAtOnce, rest, logits + c * logits_stride + whole);
}

/// [class][feature]. Factors and core are multiplied out: run one after another they would cost a pass over memory each.
std::vector<float> HeadWeights(const Layer& layer, const WeightStore& weights, const std::string& name) {
  if (layer.kind == LayerKind::kConvolution) return ToFloat(weights.At(name + ".weight"));
  const std::vector<float> in_factor = ToFloat(weights.At(name + ".in_factor"));
  const std::vector<float> core = ToFloat(weights.At(name + ".core"));
  const std::vector<float> out_factor = ToFloat(weights.At(name + ".out_factor"));
  std::vector<float> product(static_cast<size_t>(layer.out_channels * layer.in_channels));
  std::vector<double> narrow(static_cast<size_t>(layer.rank_in));
  for (int64_t c = 0; c < layer.out_channels; ++c) {
    std::fill(narrow.begin(), narrow.end(), 0.0);
    for (int64_t o = 0; o < layer.rank_out; ++o)
      for (int64_t i = 0; i < layer.rank_in; ++i)
        narrow[static_cast<size_t>(i)] += static_cast<double>(out_factor[static_cast<size_t>(c * layer.rank_out + o)]) * core[static_cast<size_t>(o * layer.rank_in + i)];
    for (int64_t f = 0; f < layer.in_channels; ++f) {
      double sum = 0;
      for (int64_t i = 0; i < layer.rank_in; ++i) sum += narrow[static_cast<size_t>(i)] * in_factor[static_cast<size_t>(f * layer.rank_in + i)];
      product[static_cast<size_t>(c * layer.in_channels + f)] = static_cast<float>(sum);
    }
  }
  return product;
}

}  // namespace

SummedChannels SummedChannelsOf(const LayerGraph& graph, size_t folds, bool head_apart) {
  const auto count = static_cast<int64_t>(folds);
  if (!head_apart) return {.of_fold = graph.OutChannels(), .channels = graph.OutChannels(), .averaged = count};
  const int64_t features = graph.layers.back().in_channels;
  return {.of_fold = features, .channels = features * count, .averaged = 1};
}

bool LinearHead::Pays(const ModelPart& part) {
  const std::vector<Layer>& layers = part.graph.layers;
  if (layers.size() < 3) return false;
  const Layer& head = layers.back();
  const Size3 one{1, 1, 1};
  return (head.kind == LayerKind::kConvolution || head.kind == LayerKind::kTuckerConvolution) && head.kernel == one && head.stride == one &&
         head.inputs.front() == static_cast<int>(layers.size()) - 2 &&
         head.in_channels * static_cast<int64_t>(part.folds.size()) < head.out_channels && head.out_channels <= kMostClasses;
}

LayerGraph LinearHead::TrunkOf(const LayerGraph& graph) {
  LayerGraph trunk = graph;
  trunk.layers.pop_back();
  return trunk;
}

LinearHead::LinearHead(const ModelPart& part, const WeightStore& weights)
    : folds_(part.folds.size()),
      classes_(part.graph.OutChannels()),
      features_(part.graph.layers.back().in_channels * static_cast<int64_t>(folds_)),
      weights_(static_cast<size_t>(classes_ * features_)),
      bias_(static_cast<size_t>(classes_), 0.0F) {
  const Layer& layer = part.graph.layers.back();
  const auto share = 1.0F / static_cast<float>(folds_);
  for (size_t fold = 0; fold < folds_; ++fold) {
    const std::string name = "fold_" + part.folds[fold] + "." + layer.name;
    fold_weights_.push_back(HeadWeights(layer, weights, name));
    fold_bias_.push_back(layer.bias ? ToFloat(weights.At(name + ".bias")) : std::vector<float>(bias_.size(), 0.0F));
    for (int64_t c = 0; c < classes_; ++c) {
      bias_[static_cast<size_t>(c)] += share * fold_bias_[fold][static_cast<size_t>(c)];
      for (int64_t f = 0; f < layer.in_channels; ++f) {
        weights_[static_cast<size_t>(c * features_ + static_cast<int64_t>(fold) * layer.in_channels + f)] =
            share * fold_weights_[fold][static_cast<size_t>(c * layer.in_channels + f)];
      }
    }
  }
}

void LinearHead::Run(const float* features, int64_t stride, int64_t voxels, float* logits, int64_t logits_stride) const {
  RunHead({weights_.data(), bias_.data(), classes_, features_}, features, stride, voxels, logits, logits_stride);
}

void LinearHead::Largest(const float* features, int64_t stride, int64_t voxels, uint16_t* largest) const {
  const HeadView head{weights_.data(), bias_.data(), classes_, features_};
  const int64_t whole = voxels / kVoxelsAtOnce * kVoxelsAtOnce;
  OnThisMachine(head, features, stride, whole, LargestOfTiles{largest});
  const int64_t rest = voxels - whole;
  if (rest == 0) return;
  const std::vector<float> tile = RestAsTile(head, features, stride, whole, rest);
  std::array<uint16_t, kVoxelsAtOnce> few;
  OnThisMachine(head, tile.data(), kVoxelsAtOnce, kVoxelsAtOnce, LargestOfTiles{few.data()});
  std::copy_n(few.begin(), rest, largest + whole);
}

float LinearHead::LargestFeature() const {
  constexpr double kMost = std::numeric_limits<float>::max() / 2;  // half: what the roundings of a sum can add is far less
  double least = kMost;
  for (int64_t c = 0; c < classes_; ++c) {
    double weights = 0;
    for (int64_t f = 0; f < features_; ++f) weights += std::abs(static_cast<double>(weights_[static_cast<size_t>(c * features_ + f)]));
    const double room = kMost - std::abs(static_cast<double>(bias_[static_cast<size_t>(c)]));
    if (!(room > 0 && std::isfinite(weights))) {
      throw Error(ErrorCode::kDataLoss, "weights: the last layer's class " + std::to_string(c) + " holds a number that is not finite: must be a trained network");
    }
    if (weights > 0) least = std::min(least, room / weights);
  }
  return static_cast<float>(least);
}

void LinearHead::RunFold(size_t fold, const float* features, int64_t voxels, float* logits) const {
  RunHead({fold_weights_[fold].data(), fold_bias_[fold].data(), classes_, features_of_fold()}, features, voxels, voxels, logits, voxels);
}

}  // namespace tuckerseg
