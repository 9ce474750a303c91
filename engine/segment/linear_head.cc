#include "engine/segment/linear_head.h"

#include <algorithm>

namespace tuckerseg {
namespace {

constexpr int64_t kVoxelsAtOnce = 16;
constexpr int64_t kClassesAtOnce = 4;

struct HeadView {
  const float* weights;  // [class][feature]
  const float* bias;
  int64_t classes;
  int64_t features;
};

/// Up to kClassesAtOnce classes of `count` voxels, summed over the features in ascending order.
template <int64_t kCount>
inline __attribute__((always_inline)) void Tile(const HeadView& head, int64_t first_class, int64_t classes, const float* features,
                                                int64_t stride, float* logits, int64_t logits_stride) {
  float sums[kClassesAtOnce][kCount];
  for (int64_t c = 0; c < classes; ++c)
    for (int64_t v = 0; v < kCount; ++v) sums[c][v] = head.bias[first_class + c];
  for (int64_t f = 0; f < head.features; ++f) {
    const float* x = features + f * stride;
    for (int64_t c = 0; c < classes; ++c) {
      const float weight = head.weights[(first_class + c) * head.features + f];
      for (int64_t v = 0; v < kCount; ++v) sums[c][v] += weight * x[v];
    }
  }
  for (int64_t c = 0; c < classes; ++c)
    for (int64_t v = 0; v < kCount; ++v) logits[(first_class + c) * logits_stride + v] = sums[c][v];
}

template <int64_t kCount>
inline __attribute__((always_inline)) void Column(const HeadView& head, const float* features, int64_t stride, float* logits,
                                                  int64_t logits_stride) {
  const int64_t whole = head.classes / kClassesAtOnce * kClassesAtOnce;
  for (int64_t c = 0; c < whole; c += kClassesAtOnce) Tile<kCount>(head, c, kClassesAtOnce, features, stride, logits, logits_stride);
  if (whole < head.classes) Tile<kCount>(head, whole, head.classes - whole, features, stride, logits, logits_stride);
}

inline __attribute__((always_inline)) void AllColumns(const HeadView& head, const float* features, int64_t stride, int64_t voxels,
                                                      float* logits, int64_t logits_stride) {
  int64_t v = 0;
  for (; v + kVoxelsAtOnce <= voxels; v += kVoxelsAtOnce) Column<kVoxelsAtOnce>(head, features + v, stride, logits + v, logits_stride);
  for (; v < voxels; ++v) Column<1>(head, features + v, stride, logits + v, logits_stride);
}

void RunPortable(const HeadView& head, const float* features, int64_t stride, int64_t voxels, float* logits, int64_t logits_stride) {
  AllColumns(head, features, stride, voxels, logits, logits_stride);
}

#if defined(__x86_64__)
/// The same operations in the same order on wider vectors: the same bits.
__attribute__((target("avx2"))) void RunAvx2(const HeadView& head, const float* features, int64_t stride, int64_t voxels, float* logits,
                                             int64_t logits_stride) {
  AllColumns(head, features, stride, voxels, logits, logits_stride);
}
#endif

void RunHead(const HeadView& head, const float* features, int64_t stride, int64_t voxels, float* logits, int64_t logits_stride) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return RunAvx2(head, features, stride, voxels, logits, logits_stride);
#endif
  RunPortable(head, features, stride, voxels, logits, logits_stride);
}

}  // namespace

bool LinearHead::Pays(const ModelPart& part) {
  const std::vector<Layer>& layers = part.graph.layers;
  if (layers.size() < 3) return false;
  const Layer& head = layers.back();
  const Size3 one{1, 1, 1};
  return head.kind == LayerKind::kConvolution && head.kernel == one && head.stride == one &&
         head.inputs.front() == static_cast<int>(layers.size()) - 2 &&
         head.in_channels * static_cast<int64_t>(part.folds.size()) < head.out_channels;
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
    fold_weights_.push_back(ToFloat(weights.At(name + ".weight")));
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

void LinearHead::RunFold(size_t fold, const float* features, int64_t voxels, float* logits) const {
  RunHead({fold_weights_[fold].data(), fold_bias_[fold].data(), classes_, features_of_fold()}, features, voxels, voxels, logits, voxels);
}

}  // namespace tuckerseg
