/// Cropping a volume to structures, putting the label map of what was cropped back in its place, and which labels are where. Errors of each: kCancelled once `stop` has been asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "engine/volume/volume.h"

namespace tuckerseg {

/// Half-open box of voxels in the file's axes i, j, k.
struct VolumeBox {
  Index3 begin{};
  Index3 end{};
  Index3 Shape() const { return {end[0] - begin[0], end[1] - begin[1], end[2] - begin[2]}; }
  bool operator==(const VolumeBox&) const = default;
};

/// The box of the labels in `values`, grown by `margin_mm` along each axis: trunc(margin / spacing) voxels, within the map.
/// Nothing where none of them is in the map.
std::optional<VolumeBox> BoxOfLabels(const LabelMap& map, std::span<const int64_t> values, const Spacing3& spacing_mm,
                                     double margin_mm, const std::stop_token& stop = {});

/// The labels that have a voxel in the map: ascending, without background.
std::vector<uint16_t> LabelsIn(const LabelMap& map, const std::stop_token& stop = {});

/// Of `values`, those that have no voxel in the map: ascending, each once.
std::vector<uint16_t> AbsentLabels(const LabelMap& map, std::span<const int64_t> values, const std::stop_token& stop = {});

/// The part of `volume` in `box`. A copy, since it is what is resampled from then on, and smaller. Intensities are whole numbers,
/// truncated toward zero, as the original's cropping leaves them (totalsegmentator-pipeline section 4): voxels that are stored as whole
/// numbers with whole slope and intercept stay as they are, all others become int32.
Volume CropVolume(const Volume& volume, const VolumeBox& box, const std::stop_token& stop = {});

/// A map of `shape` that is 0 but for `part` at `box`.
LabelMap PasteLabels(const LabelMap& part, const VolumeBox& box, const Index3& shape, const std::stop_token& stop = {});

/// The labels, ascending and without background, that have a voxel at a face of `box` which is not the map's own: what they mark may go on where nobody has looked.
/// `map`: of the whole volume, in which the box lies.
std::vector<uint16_t> LabelsAtBorder(const LabelMap& map, const VolumeBox& box);

}  // namespace tuckerseg
