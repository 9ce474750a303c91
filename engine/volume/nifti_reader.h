/// Decodes a NIfTI volume from a stream of bytes, gzip or raw, as they arrive.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include "engine/volume/nifti_header.h"
#include "engine/volume/volume.h"

namespace tuckerseg {

/// A decoded file: header (for the label map that is written later) and volume.
struct NiftiVolume {
  NiftiHeader header;
  Volume volume;
};

/// Not thread-safe; one reader a stream.
class NiftiReader {
 public:
  explicit NiftiReader(const VolumeLimits& limits = {}, GeometryPolicy policy = GeometryPolicy::kRefuse);
  ~NiftiReader();

  /// Takes the next bytes of the file. The header is checked as soon as it is there. Room for the voxels takes memory as they arrive, and
  /// is 256 MiB at first or less; beyond, it doubles: a header that announces much and sends little costs little.
  /// Errors: kInvalidArgument, kResourceExhausted, kDataLoss; after an error every further call throws it again.
  void Feed(std::span<const std::byte> bytes);

  /// The header once it has been read.
  const NiftiHeader* header() const;

  /// Makes room for all voxels at once, so that growing copies none: for a caller that knows the header and has set the memory aside.
  /// Errors: std::bad_alloc.
  void MakeRoomForAll();

  /// The volume, in native byte order. Errors: kDataLoss if the stream ended before the last voxel or inside a gzip
  /// member, kInvalidArgument if it was empty or bytes follow the last voxel.
  NiftiVolume Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Decodes a file that is whole in memory.
NiftiVolume ReadNifti(std::span<const std::byte> bytes, const VolumeLimits& limits = {},
                      GeometryPolicy policy = GeometryPolicy::kRefuse);

}  // namespace tuckerseg
