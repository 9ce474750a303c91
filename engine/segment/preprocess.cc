#include "engine/segment/preprocess.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>

#include "engine/error.h"
#include "engine/parallel.h"
#include "engine/segment/normalize.h"
#include "engine/volume/float32.h"

namespace tuckerseg {
namespace {

template <typename T>
std::array<T, 3> Reversed(const std::array<T, 3>& values) {
  return {values[2], values[1], values[0]};
}

bool ReordersAxes(const Model& model) {
  return model.pipeline.totalsegmentator || model.parts.front().reader == ImageReader::kNibabelReorient;
}

/// Spacing along right, anterior, superior as nibabel takes it from the affine.
Spacing3 CanonicalSpacing(const Geometry& geometry, const Orientation& orientation) {
  const Spacing3 spacing = geometry.AffineSpacingMm();
  return {spacing[static_cast<size_t>(orientation.axis[0])], spacing[static_cast<size_t>(orientation.axis[1])],
          spacing[static_cast<size_t>(orientation.axis[2])]};
}

/// Exactly equal, as TotalSegmentator asks: a nominal 0.7 mm, stored as float32, is not 0.7.
bool HasTaskSpacing(const Model& model, const Spacing3& canonical_mm) {
  return !model.pipeline.spacing_mm || *model.pipeline.spacing_mm == canonical_mm;
}

template <typename T>
int64_t CountNonFinite(const Volume& volume, const Threads& threads) {
  std::atomic<int64_t> bad = 0;
  ParallelFor(threads, static_cast<int64_t>(volume.voxels.size() / sizeof(T)), [&](int64_t begin, int64_t end) {
    int64_t found = 0;
    for (int64_t i = begin; i < end; ++i) {
      T value;
      std::memcpy(&value, volume.voxels.data() + static_cast<size_t>(i) * sizeof(T), sizeof(T));
      // As float32: what the networks read.
      if (!std::isfinite(static_cast<float>(static_cast<double>(value) * volume.slope + volume.intercept))) ++found;
    }
    bad += found;
  });
  return bad;
}

/// TotalSegmentator makes -2^31 of such voxels without a word, and cubic resampling spreads one of them over the whole volume.
void RefuseNonFinite(const Volume& volume, const Threads& threads) {
  int64_t bad = 0;
  if (volume.type == VoxelType::kFloat32) bad = CountNonFinite<float>(volume, threads);
  if (volume.type == VoxelType::kFloat64) bad = CountNonFinite<double>(volume, threads);
  if (bad > 0) {
    throw Error(ErrorCode::kInvalidArgument, "voxels: " + std::to_string(bad) + " are NaN or infinite: must be finite intensities");
  }
}

/// `image` with its axes permuted: output axis i = input axis axes[i].
std::vector<float> Transposed(std::span<const float> image, const ArrayShape& shape, const std::array<int, 3>& axes,
                              const Threads& threads) {
  const ArrayShape strides{shape[1] * shape[2], shape[2], 1};
  ArrayShape size;
  ArrayShape step;
  for (size_t i = 0; i < 3; ++i) {
    size[i] = shape[static_cast<size_t>(axes[i])];
    step[i] = strides[static_cast<size_t>(axes[i])];
  }
  std::vector<float> output(image.size());
  ParallelFor(threads, size[0], [&](int64_t begin, int64_t end) {
    float* target = output.data() + begin * size[1] * size[2];
    for (int64_t x = begin; x < end; ++x)
      for (int64_t y = 0; y < size[1]; ++y) {
        const float* source = image.data() + x * step[0] + y * step[1];
        for (int64_t z = 0; z < size[2]; ++z) *target++ = source[z * step[2]];
      }
  });
  return output;
}

}  // namespace

CaseGeometry CaseGeometryOf(const Geometry& geometry, const Model& model) {
  CaseGeometry result;
  if (!ReordersAxes(model)) {
    result.shape = Reversed(geometry.shape);
    result.spacing_mm = Reversed(geometry.header_spacing_mm);
    return result;
  }
  result.orientation = ClosestCanonical(geometry.affine_ras);
  Index3 shape = CanonicalGeometry(geometry, result.orientation).shape;
  Spacing3 spacing = CanonicalSpacing(geometry, result.orientation);
  if (!HasTaskSpacing(model, spacing)) {
    for (size_t a = 0; a < 3; ++a) {
      const double target = (*model.pipeline.spacing_mm)[a];
      shape[a] = ResampledLength(shape[a], spacing[a], target);
      if (shape[a] < 1) {
        throw Error(ErrorCode::kInvalidArgument, "extent along canonical axis " + std::to_string(a) +
                                                     ": less than half a voxel of the model's spacing; must be more");
      }
      // The affine's column is divided by the zoom and its norm stored as float32: what nnU-Net's reader will find.
      spacing[a] = RoundToFloat32(spacing[a] / (spacing[a] / target));
    }
  }
  result.shape = Reversed(shape);
  result.spacing_mm = Reversed(spacing);
  return result;
}

void CheckImage(const Volume& volume, const Model& model) {
  RefuseNonFinite(volume, 1);
  CaseGeometryOf(volume.geometry, model);
}

CanonicalImage ReadImage(const Volume& volume, const Model& model, const Threads& threads) {
  RefuseNonFinite(volume, threads);
  const CaseGeometry geometry = CaseGeometryOf(volume.geometry, model);
  CanonicalImage result{{}, geometry.shape, geometry.spacing_mm, geometry.orientation};
  const VolumeView view = ViewOf(volume, geometry.orientation);
  if (ReordersAxes(model) && !HasTaskSpacing(model, CanonicalSpacing(volume.geometry, geometry.orientation))) {
    result.image = ResampleCornerAligned(view, Reversed(geometry.shape), model.pipeline.resampling_order,
                                         IntensityCast::kTruncateToInt32, threads);
  } else {
    result.image = ToFloat(view, threads);
  }
  return result;
}

CaseImage CropToNonzero(std::vector<float> image, const ArrayShape& shape, const Spacing3& spacing_mm) {
  CaseImage result;
  result.shape = shape;
  result.spacing_mm = spacing_mm;
  result.box = NonzeroBox(image, shape);
  result.image = result.box.Shape() == shape ? std::move(image) : Crop(image, shape, result.box);
  return result;
}

ArrayShape NetworkShape(const ModelPart& part, const ArrayShape& shape, const Spacing3& spacing_mm) {
  const ArrayShape size = ToNetworkAxes(part, shape);
  if (part.data_resampling.kind == ResamplingKind::kNone) return size;
  const Spacing3 spacing = ToNetworkAxes(part, spacing_mm);
  ArrayShape result;
  for (size_t a = 0; a < 3; ++a) {
    // nnU-Net's order of evaluation: the quotient first, then the product, then halves to even. A single thin slice would
    // round to no voxel at all; nnU-Net fails there, one voxel is kept here.
    result[a] = std::max<int64_t>(1, ResampledLength(size[a], spacing[a], part.spacing_mm[a]));
  }
  return result;
}

HalfPixelRule HalfPixelRuleOf(const Resampling& rule, const Spacing3& current_mm, const Spacing3& wanted_mm) {
  HalfPixelRule half_pixel;
  half_pixel.order = rule.kind == ResamplingKind::kTorchTrilinear ? 1 : rule.order;
  half_pixel.separate_axis = SeparateAxis(current_mm, wanted_mm, rule.force_separate_z);
  if (half_pixel.separate_axis && rule.kind == ResamplingKind::kDefault && rule.order_z != 0) {
    throw Error(ErrorCode::kFailedPrecondition,
                "order_z = " + std::to_string(rule.order_z) + ": must be 0, the order nnU-Net's planner writes");
  }
  return half_pixel;
}

void ResampleByPlans(const Resampling& rule, std::span<const float> input, const ArrayShape& input_shape,
                     const Spacing3& current_mm, std::span<float> output, const ArrayShape& output_shape,
                     const Spacing3& wanted_mm, const Threads& threads) {
  if (input_shape == output_shape) {
    std::copy(input.begin(), input.end(), output.begin());
    return;
  }
  ResampleHalfPixel(input, input_shape, HalfPixelRuleOf(rule, current_mm, wanted_mm), output, output_shape, threads);
}

std::vector<float> NetworkImage(const CaseImage& image, const ModelPart& part, const Threads& threads) {
  const ArrayShape cropped = image.box.Shape();
  std::vector<float> network = Transposed(image.image, cropped, part.transpose_forward, threads);
  const ArrayShape size = ToNetworkAxes(part, cropped);
  Normalize(part.normalization.front(), network, size, threads.stop);

  const ArrayShape wanted = NetworkShape(part, cropped, image.spacing_mm);
  if (wanted == size) return network;
  std::vector<float> resampled(static_cast<size_t>(wanted[0] * wanted[1] * wanted[2]));
  ResampleByPlans(part.data_resampling, network, size, ToNetworkAxes(part, image.spacing_mm), resampled, wanted,
                  part.spacing_mm, threads);
  return resampled;
}

}  // namespace tuckerseg
