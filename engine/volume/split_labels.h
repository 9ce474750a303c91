/// One file a structure out of a label map's file, as TotalSegmentator writes them without --ml.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "engine/volume/nifti_writer.h"

namespace tuckerseg {

/// Takes the file of one structure; called once for each, in the order of the labels.
using MaskSink = std::function<void(const LabelName& label, std::span<const std::byte> file)>;

/// Decodes `label_map` (a file that WriteLabelMap wrote) once, then makes the mask of each of `labels`, one after another: 0 and 1
/// as uint8, gzip, header and extensions of the label map without its label table. A label without voxels gives an empty mask.
/// Memory: the decoded label map, as 16 bits too, and one file.
/// Errors: those of ReadNifti; kInvalidArgument if the file holds no unsigned integers of 8 or 16 bits, or a label lies outside
/// [1, 65535]; what the sink throws.
void SplitLabels(std::span<const std::byte> label_map, std::span<const LabelName> labels, const MaskSink& sink);

}  // namespace tuckerseg
