#include "server/serve/volume_receiver.h"

#include <algorithm>
#include <utility>

#include "engine/error.h"
#include "server/serve/service_parts.h"

namespace tuckerseg {
namespace {

/// Until the header is there: a chunk of gzip may hold a thousand times its size, for which no memory is reserved yet.
constexpr size_t kFrontPiece = 1024;

}  // namespace

VolumeReceiver::VolumeReceiver(const ServerConfig& config, MemoryBudget& memory, uint64_t total_bytes, std::string sha256, bool hash)
    : config_(config), memory_(memory), total_bytes_(total_bytes), sha256_(std::move(sha256)), hash_(hash || !sha256_.empty()),
      reader_(config.volume_limits, config.geometry_policy) {
  const bool hexadecimal = std::all_of(sha256_.begin(), sha256_.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  if (!sha256_.empty() && (sha256_.size() != 64 || !hexadecimal)) {
    throw Error(ErrorCode::kInvalidArgument, "header.sha256: must be 64 lower-case hexadecimal digits");
  }
  if (total_bytes_ > static_cast<uint64_t>(config_.max_input_bytes)) {
    throw Error(ErrorCode::kResourceExhausted, "header.total_bytes = " + std::to_string(total_bytes_) + ": must be at most " +
                                                   std::to_string(config_.max_input_bytes))
        .AtLimit(LimitOfBytes(total_bytes_, config_.max_input_bytes));
  }
}

void VolumeReceiver::Take(std::span<const std::byte> chunk) {
  if (static_cast<int64_t>(chunk.size()) > kMaxChunkBytes) {
    throw Error(ErrorCode::kInvalidArgument, "chunk = " + std::to_string(chunk.size()) + " bytes: must be at most " + std::to_string(kMaxChunkBytes))
        .AtLimit(LimitOfBytes(chunk.size(), kMaxChunkBytes));
  }
  received_bytes_ += chunk.size();
  if (received_bytes_ > static_cast<uint64_t>(config_.max_input_bytes)) {
    throw Error(ErrorCode::kResourceExhausted, "volume: more than " + std::to_string(config_.max_input_bytes) +
                                                   " bytes of file arrived: must be at most that")
        .AtLimit(LimitOfBytes(received_bytes_, config_.max_input_bytes));
  }
  if (total_bytes_ != 0 && received_bytes_ > total_bytes_) {
    throw Error(ErrorCode::kInvalidArgument, "header.total_bytes = " + std::to_string(total_bytes_) + ": more bytes arrived; must be the file's length");
  }
  if (hash_) digest_.Update(chunk);
  while (!reservation_ && !chunk.empty()) {
    FeedFront(chunk.first(std::min(chunk.size(), kFrontPiece)));
    chunk = chunk.subspan(std::min(chunk.size(), kFrontPiece));
  }
  reader_.Feed(chunk);
}

void VolumeReceiver::FeedFront(std::span<const std::byte> piece) {
  reader_.Feed(piece);
  if (reader_.header() == nullptr) return;
  const NiftiHeader& header = *reader_.header();
  reservation_ = memory_.Reserve(header.geometry.VoxelCount() * static_cast<int64_t>(BytesPerVoxel(header.type)), "volume");
  reader_.MakeRoomForAll();
}

VolumeReceiver::Received VolumeReceiver::Finish() {
  if (total_bytes_ != 0 && received_bytes_ != total_bytes_) {
    throw Error(ErrorCode::kDataLoss, "header.total_bytes = " + std::to_string(total_bytes_) + ": " + std::to_string(received_bytes_) + " bytes arrived");
  }
  std::string sha256 = hash_ ? digest_.Digest() : "";
  if (!sha256_.empty() && sha256 != sha256_) {
    throw Error(ErrorCode::kDataLoss, "header.sha256: the bytes that arrived have another checksum");
  }
  NiftiVolume nifti = reader_.Finish();
  return {std::move(nifti), std::move(*reservation_), static_cast<int64_t>(received_bytes_), std::move(sha256)};
}

}  // namespace tuckerseg
