/// Takes a volume's file chunk by chunk: decodes as bytes arrive, checks length and checksum.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "engine/sha256.h"
#include "engine/volume/nifti_reader.h"
#include "server/config.h"
#include "server/schedule/memory_budget.h"

namespace tuckerseg {

class VolumeReceiver {
 public:
  /// `total_bytes` and `sha256` as announced; 0 and empty where unknown. `hash`: the file's checksum is wanted though none was announced.
  /// `memory` must outlive what Finish() gives.
  /// Errors: kInvalidArgument for a malformed checksum; kResourceExhausted if the announced length passes the limit, with its byte_limit().
  VolumeReceiver(const ServerConfig& config, MemoryBudget& memory, uint64_t total_bytes, std::string sha256, bool hash = false);

  /// Errors: those of NiftiReader; kResourceExhausted beyond the file limit, or if the voxels that the header announces find no
  /// room in the budget; kInvalidArgument for chunks that are too large or pass the announced length. With a byte_limit(), but for the last one.
  void Take(std::span<const std::byte> chunk);

  /// The volume's header; null until it has come. From then on memory for its voxels is held.
  const NiftiHeader* header() const { return reader_.header(); }
  /// What is held for the volume.
  int64_t held_bytes() const { return reservation_ ? reservation_->bytes() : 0; }

  struct Received {
    NiftiVolume nifti;
    MemoryReservation memory;
    int64_t file_bytes;
    std::string sha256;  ///< of the file as it came; empty if it was neither announced nor wanted
  };
  /// Errors: those of NiftiReader; kDataLoss for a length or checksum other than announced.
  Received Finish();

 private:
  /// Feeds a piece of the file's beginning and reserves memory for the voxels once the header is there.
  void FeedFront(std::span<const std::byte> piece);

  const ServerConfig& config_;
  MemoryBudget& memory_;
  uint64_t total_bytes_;
  std::string sha256_;
  bool hash_;
  NiftiReader reader_;
  Sha256 digest_;
  uint64_t received_bytes_ = 0;
  std::optional<MemoryReservation> reservation_;
};

}  // namespace tuckerseg
