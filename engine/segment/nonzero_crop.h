/// nnU-Net's crop to nonzero: the box of voxels that are not 0, and the mask inside it.
#pragma once

#include <cstdint>
#include <span>
#include <stop_token>
#include <vector>

#include "engine/volume/resample.h"

namespace tuckerseg {

/// Half-open box in array axes.
struct Box {
  ArrayShape begin{};
  ArrayShape end{};
  ArrayShape Shape() const { return {end[0] - begin[0], end[1] - begin[1], end[2] - begin[2]}; }
  bool operator==(const Box&) const = default;
};

/// Tight box of the voxels that differ from 0; the whole image if there is none (nnunet-inference section 3.2).
Box NonzeroBox(std::span<const float> image, const ArrayShape& shape);

/// The part of the image in `box`, C order.
std::vector<float> Crop(std::span<const float> image, const ArrayShape& shape, const Box& box);

/// 1 where a voxel differs from 0 or lies in a hole: background that no path of face neighbours joins to the border.
/// Errors: kCancelled once `stop` has been asked for.
std::vector<uint8_t> FilledNonzeroMask(std::span<const float> image, const ArrayShape& shape, const std::stop_token& stop = {});

}  // namespace tuckerseg
