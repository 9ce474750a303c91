/// Bytes -> NIfTI reader, in pieces and whole -> label map on the same grid -> reader again.
#include <algorithm>
#include <vector>

#include "engine/volume/nifti_reader.h"
#include "engine/volume/nifti_writer.h"
#include "tests/fuzz/fuzz_input.h"

namespace tuckerseg {
namespace {

constexpr VolumeLimits kLimits{.max_voxels = 1 << 14, .max_bytes = 1 << 17, .max_extension_bytes = 1 << 12};
constexpr VolumeLimits kRoomForLabelTable{.max_extension_bytes = 1 << 14};

NiftiVolume ReadInPieces(std::span<const std::byte> bytes, GeometryPolicy policy) {
  NiftiReader reader(kLimits, policy);
  try {
    InPieces(bytes, [&](std::span<const std::byte> piece) { reader.Feed(piece); });
    return reader.Finish();
  } catch (const Error& error) {
    const auto again = [&] { return reader.Finish(), 0; };
    Promise(!UnlessRefused(again));
    throw;
  }
}

bool SameGrid(const Geometry& a, const Geometry& b) {
  return a.shape == b.shape && a.affine_ras == b.affine_ras && a.header_spacing_mm == b.header_spacing_mm;
}

void CheckLabelMap(const NiftiHeader& header, GeometryPolicy policy, Compression compression) {
  LabelMap map{header.geometry.shape,
               std::vector<uint16_t>(static_cast<size_t>(header.geometry.VoxelCount()), 1)};
  std::vector<std::byte> written;
  WriteLabelMap(
      map, header, std::vector<LabelName>{{1, "liver"}}, 1, compression,
      [&](std::span<const std::byte> piece) { written.insert(written.end(), piece.begin(), piece.end()); });
  const NiftiVolume again =
      ReadNifti(written, kRoomForLabelTable, policy);  // what we write, we read: no refusal here
  Promise(SameGrid(again.header.geometry, header.geometry) && again.volume.type == VoxelType::kUint8);
  Promise(again.header.big_endian == header.big_endian && again.header.version == header.version);
  Promise(std::ranges::all_of(again.volume.voxels, [](std::byte label) { return label == std::byte{1}; }));
  Promise(again.header.extensions.size() > header.extensions.size() &&
          std::equal(header.extensions.begin(), header.extensions.end(), again.header.extensions.begin()));
}

}  // namespace
}  // namespace tuckerseg

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tuckerseg;
  const auto policy = static_cast<GeometryPolicy>(size % 3);
  const auto read = UnlessRefused([&] { return ReadInPieces(Bytes(data, size), policy); });
  const auto whole = UnlessRefused([&] { return ReadNifti(Bytes(data, size), kLimits, policy); });
  Promise(read.has_value() == whole.has_value());
  if (!read) return 0;
  Promise(read->volume.voxels == whole->volume.voxels);
  Promise(read->volume.voxels.size() ==
          static_cast<size_t>(read->volume.geometry.VoxelCount()) * BytesPerVoxel(read->volume.type));
  CheckLabelMap(read->header, policy, Compression::kNone);
  CheckLabelMap(read->header, policy, Compression::kGzip);
  return 0;
}
