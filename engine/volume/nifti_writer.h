/// Encodes label maps and volumes as NIfTI files in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/volume/gzip_stream.h"
#include "engine/volume/nifti_header.h"
#include "engine/volume/volume.h"

namespace tuckerseg {

/// A label's number and name, for the label table that viewers read.
struct LabelName {
  int64_t value = 0;
  std::string name;
};

/// The CaretExtension text that TotalSegmentator writes (totalsegmentator-pipeline section 11): every label of the task in
/// ascending order, colours from its 12-colour palette.
std::string LabelTableText(std::span<const LabelName> labels);

enum class Compression { kNone, kGzip };

/// Writes `map` with the input's header: geometry fields (dim, pixdim, qform, sform, xyzt_units, codes) byte for byte, the
/// input's extensions and byte order kept, the label table appended as an extension with code 0. Changed are datatype,
/// bitpix, scl_slope = 1, scl_inter = 0, vox_offset, and for one-frame 4-D input dim[0] = 3.
/// uint8 if `highest_label`, the highest of the task, is below 256, else uint16: neither what was found nor which structures were
/// asked for changes the type. `labels`: those that the label table lists.
/// Errors: kInvalidArgument if `map` and `input` differ in shape, if `highest_label` lies outside [0, 65535], or if `map` or
/// `labels` hold a label above it.
void WriteLabelMap(const LabelMap& map, const NiftiHeader& input, std::span<const LabelName> labels, int64_t highest_label,
                   Compression compression, const ByteSink& sink);

/// Writes the voxels that have `label` as 1, all others as 0, uint8, with the header and the extensions of `input` but without a
/// label table. `labels`: one for each voxel of the input.
/// Errors: kInvalidArgument if `labels` do not fill the input's shape.
void WriteMask(std::span<const uint16_t> labels, uint16_t label, const NiftiHeader& input, Compression compression, const ByteSink& sink);

/// Writes a volume from another source (DICOM) as NIfTI-1, little-endian: sform and qform both set from the affine, codes 1;
/// qform_code is 0 where a rotation cannot tell the affine to half the reader's tolerance (axes not quite orthonormal).
/// Errors: kInvalidArgument if a shape does not fit NIfTI-1 (32767 along an axis) or the voxels do not fill it.
void WriteVolume(const Volume& volume, Compression compression, const ByteSink& sink);

}  // namespace tuckerseg
