/// Growing labels, as TotalSegmentator's post-processing does with scipy.
#pragma once

#include <cstdint>
#include <span>
#include <stop_token>
#include <vector>

#include "engine/volume/resample.h"

namespace tuckerseg {

/// Grows every label, in ascending order, by an ellipsoid of `radius_mm`, into voxels that are 0 by then. `spacing_mm`: along
/// the array axes. The ellipsoid's voxels lie at -r, -r + 1, ... < r + 1 along each axis, r = radius / spacing, around the middle one
/// of them: it leans to one side where r is no whole number (totalsegmentator-pipeline section 9.1).
/// Errors: kCancelled once `stop` has been asked for; the labels are half-grown then. As below.
void DilateLabels(std::span<uint16_t> labels, const ArrayShape& shape, const Spacing3& spacing_mm, double radius_mm,
                  const std::stop_token& stop = {});

/// Grows the voxels that are not 0 by `steps` face neighbours, in place.
void DilateByFaces(std::span<uint8_t> mask, const ArrayShape& shape, int64_t steps, const std::stop_token& stop = {});

}  // namespace tuckerseg
