/// From a volume to what a network reads: orientation, model spacing, crop, normalisation, network spacing. Errors of each that takes threads: kCancelled, as ParallelFor.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/model/model.h"
#include "engine/parallel.h"
#include "engine/segment/nonzero_crop.h"
#include "engine/volume/orientation.h"
#include "engine/volume/resample.h"
#include "engine/volume/volume.h"

namespace tuckerseg {

/// A volume as nnU-Net's reader would give it, array axes z, y, x (x fastest).
struct CanonicalImage {
  std::vector<float> image;
  ArrayShape shape{};
  Spacing3 spacing_mm{};    ///< along z, y, x
  Orientation orientation;  ///< from the file's axes to x, y, z
};

/// What ReadImage would refuse of the volume, without its work. Errors: as ReadImage, CaseGeometryOf.
void CheckImage(const Volume& volume, const Model& model);

/// Reads the volume. TotalSegmentator's way: closest canonical, resampled to the task's spacing with integer intensities
/// (totalsegmentator-pipeline sections 5 and 6). nnU-Net's way: as the model's reader gives it.
/// Errors: kInvalidArgument if a voxel is NaN or infinite.
CanonicalImage ReadImage(const Volume& volume, const Model& model, const Threads& threads);

/// One case: an image, or some rows of it, cropped to nonzero.
struct CaseImage {
  std::vector<float> image;  ///< the cropped image
  ArrayShape shape{};        ///< before cropping
  Box box;                   ///< what the crop kept
  Spacing3 spacing_mm{};     ///< along z, y, x
};

/// `image`: `shape` voxels; taken over where nothing is cropped away.
CaseImage CropToNonzero(std::vector<float> image, const ArrayShape& shape, const Spacing3& spacing_mm);

/// Shape and spacing that ReadImage will give, from the geometry alone.
struct CaseGeometry {
  ArrayShape shape{};
  Spacing3 spacing_mm{};
  Orientation orientation;
};
CaseGeometry CaseGeometryOf(const Geometry& geometry, const Model& model);

/// The shape of a network's input for a cropped case of `shape`, both in their own axes (nnunet-inference section 3.4).
ArrayShape NetworkShape(const ModelPart& part, const ArrayShape& shape, const Spacing3& spacing_mm);

/// `values` of a case in a network's axes: new axis i = old axis part.transpose_forward[i].
template <typename T>
std::array<T, 3> ToNetworkAxes(const ModelPart& part, const std::array<T, 3>& values) {
  const auto& axes = part.transpose_forward;
  return {values[static_cast<size_t>(axes[0])], values[static_cast<size_t>(axes[1])], values[static_cast<size_t>(axes[2])]};
}

/// The network's input for a case: transposed, normalised, then resampled to the network's spacing. C order, NetworkShape().
/// Errors: kInvalidArgument (intensities that the normalisation refuses).
std::vector<float> NetworkImage(const CaseImage& image, const ModelPart& part, const Threads& threads);

/// What the plans' rule means between two spacings.
/// Errors: kFailedPrecondition for rules that the engine does not run (order_z other than 0).
HalfPixelRule HalfPixelRuleOf(const Resampling& rule, const Spacing3& current_mm, const Spacing3& wanted_mm);

/// Resamples a channel between two shapes of a network's axes by the plans' rule; equal shapes: nothing is computed.
/// Errors: kFailedPrecondition for rules that the engine does not run (order_z other than 0).
void ResampleByPlans(const Resampling& rule, std::span<const float> input, const ArrayShape& input_shape,
                     const Spacing3& current_mm, std::span<float> output, const ArrayShape& output_shape,
                     const Spacing3& wanted_mm, const Threads& threads);

}  // namespace tuckerseg
