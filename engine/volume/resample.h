/// The two resampling rules of the original Python: corner-aligned (scipy zoom, as TotalSegmentator calls it) and
/// half-pixel (skimage resize, as nnU-Net calls it).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/parallel.h"
#include "engine/volume/orientation.h"
#include "engine/volume/volume.h"

namespace tuckerseg {

/// What TotalSegmentator does with resampled intensities before nnU-Net sees them.
enum class IntensityCast {
  kNone,
  kTruncateToInt32,  ///< toward zero; NaN, infinities and values out of range become -2^31, as x86 does
};

/// Number of voxels along one axis after resampling: rint(n * (spacing / target)), halves to even.
int64_t ResampledLength(int64_t length, double spacing_mm, double target_mm);

/// scipy.ndimage.zoom(mode="nearest") with order 0, 1 or 3: voxel k of the output samples the input at
/// x = k * ((n_in - 1) / (n_out - 1)), in double, with scipy's order of operations, so that the cast that follows gives
/// the same integers. Order 3 pads the edge by 12 samples before the spline prefilter (scipy's rule for `nearest`).
/// Output: float32, view axis 0 fastest. Errors: kInvalidArgument for another order or an empty shape.
std::vector<float> ResampleCornerAligned(const VolumeView& view, const Index3& shape, int order, IntensityCast cast,
                                         const Threads& threads);

/// Shapes of arrays in C order [a0][a1][a2] (a2 fastest), nnU-Net's way of counting axes.
using ArrayShape = std::array<int64_t, 3>;

/// skimage.transform.resize(mode="edge", anti_aliasing=False, clip=True) of one channel, with order 0, 1 or 3: half-pixel
/// centres x = (k + 0.5) * n_in / n_out - 0.5, computed in double, clipped to the input's [min, max].
/// With `separate_axis`, nnU-Net's separate-z rule: each plane across that axis is resized in-plane with `order` (and
/// clipped plane by plane), then sampled along the axis with nearest neighbours (`order_z` = 0).
struct HalfPixelRule {
  int order = 3;
  std::optional<int> separate_axis;  ///< 0, 1 or 2
};

/// Errors: kInvalidArgument for another order, an empty shape, or an `input` that does not fit `input_shape`.
void ResampleHalfPixel(std::span<const float> input, const ArrayShape& input_shape, const HalfPixelRule& rule,
                       std::span<float> output, const ArrayShape& output_shape, const Threads& threads);

/// nnU-Net's separate-z decision (nnunet-inference section 3.5). `force`: the plans' force_separate_z, empty for null.
/// Returns the axis, or nothing where the volume is resized in three dimensions.
std::optional<int> SeparateAxis(const Spacing3& current_mm, const Spacing3& wanted_mm, std::optional<bool> force);

/// Takes labels from a canonical low-resolution grid back to the file's voxel order, order 0 and corner-aligned:
/// index = floor(k * ((n_in - 1) / (n_out - 1)) + 0.5) along each axis. One pass, no intermediate volume.
/// `labels`: `shape` voxels, canonical axis 0 (right) fastest. Returns a map of `file_shape`, file axis i fastest.
/// Errors: kInvalidArgument if `labels` does not fill `shape`, or for an empty shape.
LabelMap RestoreLabels(std::span<const uint16_t> labels, const Index3& shape, const Orientation& orientation,
                       const Index3& file_shape, const Threads& threads);

}  // namespace tuckerseg
