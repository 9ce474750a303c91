/// A picture of a segmentation for the first look: three planes of the CT with the structures' outlines, and a legend.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/model/model.h"
#include "engine/volume/volume.h"

namespace tuckerseg {

inline constexpr int kPreviewMaxWidth = 1600;
inline constexpr size_t kPreviewMaxBytes = size_t{2} << 20;
/// Most memory that drawing takes beside the volume and the label map: canvas, sampled planes, and the outlines of labels that
/// change at every voxel (88 MiB were measured for those).
inline constexpr int64_t kPreviewPeakBytes = int64_t{128} << 20;

/// Draws axial, coronal and sagittal plane (of the closest canonical orientation) through the centre of what was found, or of
/// the volume, side by side at one scale. Radiological: the patient's right is on the picture's left, anterior is on top of the
/// axial and left of the sagittal plane, the head is up. CT window [-160, 240] HU. Colours are `names`' own where they can be told
/// apart. The legend lists structures that are seen, largest first.
/// The picture holds no text but names of structures, directions, a scale and what was found. `names`: as for the label map; labels
/// that they lack are called by number.
/// Returns a PNG of at most kPreviewMaxWidth pixels in width and less than kPreviewMaxBytes; the same bytes for the same input (and
/// the same fonts). Only the planes are sampled. Thread-safe.
/// Errors: kInvalidArgument if `labels` and `ct` differ in shape, or voxels do not fill it; kInternal if it cannot be drawn.
std::vector<std::byte> RenderPreview(const Volume& ct, const LabelMap& labels, std::span<const Label> names);

}  // namespace tuckerseg
