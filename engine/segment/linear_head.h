/// The last layer of a network, run once on the summed features of all patches instead of on each patch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/model/model.h"
#include "engine/model/weight_store.h"

namespace tuckerseg {

/// What a sliding window sums of a part's folds: their logits, in the same channels, or where the last layer runs apart each fold's features, in channels of its own.
struct SummedChannels {
  int64_t of_fold = 0;   ///< that a fold gives
  int64_t channels = 0;  ///< of all folds
  int64_t averaged = 1;  ///< folds that add to the same channels
  int64_t FirstOf(size_t fold) const { return averaged > 1 ? 0 : static_cast<int64_t>(fold) * of_fold; }
};

/// `graph`: the part's whole one, whether or not its last layer runs apart. `folds`: at least one.
SummedChannels SummedChannelsOf(const LayerGraph& graph, size_t folds, bool head_apart);

/// A convolution of 1 x 1 x 1 is linear: the weighted mean of its outputs is its output for the weighted mean of its inputs. A
/// sliding window that sums features instead of logits sums 16 or 32 channels instead of 118. The logits are the same but for rounding.
/// Several folds: their features lie one after another, their heads are averaged.
class LinearHead {
 public:
  /// Whether the part ends in such a layer and its folds have fewer features together than classes.
  static bool Pays(const ModelPart& part);
  /// The part's graph without its last layer: what executors then run.
  static LayerGraph TrunkOf(const LayerGraph& graph);

  /// Errors: kFailedPrecondition for a tensor that is not there.
  LinearHead(const ModelPart& part, const WeightStore& weights);

  int64_t classes() const { return classes_; }
  int64_t features() const { return features_; }  ///< of all folds
  std::span<const float> weights() const { return weights_; }  ///< [class][feature of all folds], divided by the folds
  std::span<const float> bias() const { return bias_; }        ///< [class], the folds' mean
  int64_t features_of_fold() const { return features_ / static_cast<int64_t>(folds_); }

  /// Features up to this size, either way, give finite logits: whoever calls Run or Largest has looked at them.
  /// Errors: kDataLoss if a weight or bias is not finite.
  float LargestFeature() const;

  /// Logits of all folds' features. Feature f of the voxels begins at features[f * stride]; class c's logits at
  /// logits[c * logits_stride].
  void Run(const float* features, int64_t stride, int64_t voxels, float* logits, int64_t logits_stride) const;

  /// The class with the largest logit of each voxel, the lowest where several are as large: what Run and an argmax give, without the
  /// logits ever being in memory.
  void Largest(const float* features, int64_t stride, int64_t voxels, uint16_t* largest) const;

  /// Logits [class][voxel] of one fold's own features [feature][voxel].
  void RunFold(size_t fold, const float* features, int64_t voxels, float* logits) const;

 private:
  size_t folds_;
  int64_t classes_;
  int64_t features_;
  std::vector<float> weights_;                    // [class][feature of all folds], divided by the folds
  std::vector<float> bias_;                       // [class], the folds' mean
  std::vector<std::vector<float>> fold_weights_;  // [fold][class][feature]
  std::vector<std::vector<float>> fold_bias_;
};

}  // namespace tuckerseg
