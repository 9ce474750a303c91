#include "engine/volume/split_labels.h"

#include <cstring>
#include <string>
#include <string_view>

#include "engine/error.h"
#include "engine/volume/nifti_fields.h"
#include "engine/volume/nifti_reader.h"

namespace tuckerseg {
namespace {

std::vector<uint16_t> LabelsOf(const Volume& volume) {
  std::vector<uint16_t> labels(static_cast<size_t>(volume.geometry.VoxelCount()));
  if (volume.type == VoxelType::kUint8) {
    for (size_t i = 0; i < labels.size(); ++i) labels[i] = std::to_integer<uint16_t>(volume.voxels[i]);
  } else if (volume.type == VoxelType::kUint16) {
    std::memcpy(labels.data(), volume.voxels.data(), volume.voxels.size());
  } else {
    throw Error(ErrorCode::kInvalidArgument, "label map: must hold unsigned integers of 8 or 16 bits");
  }
  return labels;
}

/// The label table is the last extension, where WriteLabelMap has put it.
void RemoveLabelTable(std::vector<std::byte>& extensions, bool big_endian) {
  constexpr std::string_view kBegin = "<?xml version=\"1.0\" encoding=\"UTF-8\"?> <CaretExtension>";
  const NiftiFields fields(extensions, big_endian);
  size_t last = 0;
  // The reader has checked the chain: each size is above 8 and ends before the chain does.
  for (size_t at = 0; at < extensions.size(); at += static_cast<size_t>(fields.Read<int32_t>(at))) last = at;
  if (extensions.size() - last < 8 + kBegin.size() || fields.Read<int32_t>(last + 4) != 0) return;
  if (std::memcmp(extensions.data() + last + 8, kBegin.data(), kBegin.size()) == 0) extensions.resize(last);
}

}  // namespace

void SplitLabels(std::span<const std::byte> label_map, std::span<const LabelName> labels, const MaskSink& sink) {
  // The policy was applied to the input, and geometry goes through byte for byte: what was accepted there is accepted here.
  NiftiVolume nifti = ReadNifti(label_map, {}, GeometryPolicy::kPreferSform);
  RemoveLabelTable(nifti.header.extensions, nifti.header.big_endian);
  const std::vector<uint16_t> voxels = LabelsOf(nifti.volume);
  nifti.volume = {};
  for (const LabelName& label : labels) {
    if (label.value < 1 || label.value > 65535) {
      throw Error(ErrorCode::kInvalidArgument, "label = " + std::to_string(label.value) + ": must be in [1, 65535]");
    }
    std::vector<std::byte> file;
    WriteMask(voxels, static_cast<uint16_t>(label.value), nifti.header, Compression::kGzip,
              [&file](std::span<const std::byte> bytes) { file.insert(file.end(), bytes.begin(), bytes.end()); });
    sink(label, file);
  }
}

}  // namespace tuckerseg
