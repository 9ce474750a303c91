/// Axis permutations and flips between a file's voxel order and the closest canonical (RAS+) order.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "engine/parallel.h"
#include "engine/volume/volume.h"

namespace tuckerseg {

/// How the axes of a file lie along right, anterior, superior. Canonical axis c runs along file axis `axis[c]`,
/// backwards where `flipped[c]`.
struct Orientation {
  std::array<int, 3> axis{0, 1, 2};
  std::array<bool, 3> flipped{false, false, false};
  bool operator==(const Orientation&) const = default;
};

/// nibabel's io_orientation / as_closest_canonical rule (totalsegmentator-pipeline section 5): R = U V^T of the SVD of the
/// column-normalised linear part; input axes in descending order of their largest |R| entry (stable), each takes the
/// free output axis with the largest |R| (ties: lowest). Oblique affines stay oblique.
/// Errors: kInvalidArgument if the linear part is singular or not finite.
Orientation ClosestCanonical(const Affine& affine);

/// A read-only look at a volume's voxels in another axis order: no voxel is copied. Element (a, b, c) in the view's
/// axes lies at first + (a * strides[0] + b * strides[1] + c * strides[2]) * BytesPerVoxel(type).
struct VolumeView {
  const std::byte* first = nullptr;  ///< voxel (0, 0, 0) of the view
  VoxelType type = VoxelType::kInt16;
  double slope = 1.0;
  double intercept = 0.0;
  Index3 shape{};
  Index3 strides{};  ///< in elements; negative along flipped axes
};

/// `volume` must outlive the view.
VolumeView ViewOf(const Volume& volume, const Orientation& orientation = {});

/// Shape and affine of the canonical image: permuted, and for each flipped axis t += (n-1)*column, column = -column.
Geometry CanonicalGeometry(const Geometry& geometry, const Orientation& orientation);

/// Values of the view as float32 (double arithmetic, then rounded), view axis 0 fastest: [axis 2][axis 1][axis 0].
std::vector<float> ToFloat(const VolumeView& view, const Threads& threads);
/// The same without rounding: what resampling starts from.
std::vector<double> ToDouble(const VolumeView& view, const Threads& threads);

}  // namespace tuckerseg
