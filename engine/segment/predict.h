/// The sliding window: an image in network axes in, logits out, as soon as they are finished.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

#include "engine/execute/executor.h"
#include "engine/model/model.h"
#include "engine/segment/linear_head.h"
#include "engine/segment/patch_accumulator.h"
#include "engine/segment/segmenter.h"

namespace tuckerseg {

/// What one run of the sliding window needs besides the image.
struct PredictContext {
  const ModelPart& part;
  std::span<const std::unique_ptr<Executor>> folds;
  SegmentOptions options;
  std::stop_token stop;
  std::function<void(int64_t patches)> on_patches;  ///< told how many patches a fold has done since it was told last; may be empty
  double* network_s = nullptr;     ///< takes the seconds spent in the networks, if not null
  const LinearHead* head = nullptr;  ///< the networks' last layer, where the executors run all but that; null: they give logits
};

/// Runs all folds over `image` (C order, grid.image) and gives the averaged logits to `sink`, in the order of `finishing`.
/// Padding is 0 after normalisation, which is the mean. With mirroring, each patch is the mean over all flips.
/// With Finishing::kLines and kLargest the sink may be called from several threads at the same time, with different lines.
/// Errors: kCancelled between two patches; what the executors throw; kInternal if a logit is not finite; kDataLoss if the head is not.
void PredictLogits(std::span<const float> image, const PatchGrid& grid, const PredictContext& context,
                   Finishing finishing, const LogitsSink& sink);

}  // namespace tuckerseg
