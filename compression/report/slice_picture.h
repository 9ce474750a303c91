/// A piece of a CT plane with two outlines of one structure: what a variant found, and what was expected.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/contour.h"

namespace tuckerseg {

/// A plane of a CT and one structure's voxels in two label maps on its grid. Sample (u, v) lies at v * width + u, u to the right, v down.
struct SlicePlane {
  int64_t width = 0, height = 0;
  std::array<double, 2> pixel_mm{1, 1};  ///< along u and v
  std::span<const float> hu;
  std::span<const uint8_t> found;     ///< not 0: the variant's label map holds the structure there
  std::span<const uint8_t> expected;  ///< the same of the reference or the original
};

struct SlicePicture {
  int64_t width = 0, height = 0;
  std::array<double, 2> pixel_mm{1, 1};  ///< along u and v
  std::vector<uint8_t> grey;             ///< [height, width]
  std::vector<Loop> found;               ///< closed lines in pixels: pixel (u, v) has its centre at (u + 0.5, v + 0.5)
  std::vector<Loop> expected;
};

/// The plane through the soft-tissue window of the previews (-160 to 240 HU), cut to both outlines and `margin_mm` around them, as far as
/// the plane reaches. Where neither label map holds the structure, the whole plane.
/// Errors: kInvalidArgument if a side is not positive, a pixel's size is not positive and finite, or a span is not of width * height.
/// Pure and thread-safe.
SlicePicture DrawSlice(const SlicePlane& plane, double margin_mm = 30);

}  // namespace tuckerseg
