#include "engine/volume/nifti_reader.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "engine/volume/gzip_stream.h"
#include "engine/volume/nifti_fields.h"

static_assert(std::endian::native == std::endian::little, "voxels are swapped for little-endian machines only");

namespace tuckerseg {
namespace {

/// Zeros that writers of blocks (tapes, DICOM encapsulation) leave behind the last voxel.
constexpr int64_t kMaxPaddingBytes = int64_t{1} << 20;

/// Of address space, had at once, as far as the header announces so much: 512 slices of 512 x 512 voxels of int16 fit and are never copied. It
/// becomes memory where bytes arrive. Beyond it the room at most doubles: what is announced and never comes takes no more address space.
constexpr size_t kRoomBytes = size_t{256} << 20;

template <typename T>
void SwapAll(std::span<std::byte> bytes) {
  for (size_t i = 0; i + sizeof(T) <= bytes.size(); i += sizeof(T)) {
    std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(i), bytes.begin() + static_cast<std::ptrdiff_t>(i + sizeof(T)));
  }
}

void SwapVoxels(std::span<std::byte> bytes, size_t width) {
  if (width == 2) SwapAll<uint16_t>(bytes);
  if (width == 4) SwapAll<uint32_t>(bytes);
  if (width == 8) SwapAll<uint64_t>(bytes);
}

/// Walks the chain of extensions: each begins with its size (a multiple of 16) and a code. Returns the length of the chain.
size_t ExtensionChainSize(std::span<const std::byte> bytes, bool big_endian) {
  const NiftiFields fields(bytes, big_endian);
  size_t at = 0;
  for (int number = 0; at < bytes.size(); ++number) {
    const std::string name = "extension " + std::to_string(number) + ": esize";
    if (bytes.size() - at < 8) {
      // Some writers round vox_offset up and leave a gap that is too small for an extension.
      if (std::ranges::all_of(bytes.subspan(at), [](std::byte b) { return b == std::byte{0}; })) break;
      throw Error(ErrorCode::kInvalidArgument, name + ": lies beyond vox_offset");
    }
    const auto size = fields.Read<int32_t>(at);
    if (size < 16 || size % 16 != 0 || static_cast<size_t>(size) > bytes.size() - at) {
      throw Error(ErrorCode::kInvalidArgument, name + " = " + std::to_string(size) +
                                                   ": must be a multiple of 16, at least 16 and end before vox_offset");
    }
    at += static_cast<size_t>(size);
  }
  return at;
}

}  // namespace

/// Takes the decoded bytes in the order of the file: header, extensions, voxels, padding.
struct NiftiReader::State {
  State(const VolumeLimits& volume_limits, GeometryPolicy geometry_policy) : limits(volume_limits), policy(geometry_policy) {}

  void Feed(std::span<const std::byte> bytes) {
    if (magic.size() < 2) {
      // The first two bytes say whether the stream is gzip; they may come one by one.
      const size_t taken = std::min(bytes.size(), 2 - magic.size());
      magic.insert(magic.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(taken));
      bytes = bytes.subspan(taken);
      if (magic.size() < 2) return;
      if (magic[0] == std::byte{0x1F} && magic[1] == std::byte{0x8B}) {
        gzip.emplace([this](std::span<const std::byte> decoded) { TakeDecoded(decoded); });
      }
      TakeStored(magic);
    }
    TakeStored(bytes);
  }

  /// After a failure what was taken in is no longer consistent: every later call fails in the same way.
  template <typename Step>
  void Guarded(const Step& step) {
    if (failure) throw Error(*failure);
    try {
      step();
    } catch (const Error& error) {
      failure = error;
      voxels = {};
      throw;
    }
  }

  void TakeStored(std::span<const std::byte> bytes) {
    if (gzip) {
      gzip->Feed(bytes);
    } else {
      TakeDecoded(bytes);
    }
  }

  void TakeDecoded(std::span<const std::byte> bytes) {
    if (!header) bytes = TakeHeader(bytes);
    if (header && !extensions_done) bytes = TakeExtensions(bytes);
    if (extensions_done) TakeVoxels(bytes);
  }

  /// Moves bytes into `front` until it has `size` of them, or more already; returns the rest.
  std::span<const std::byte> FillFront(std::span<const std::byte> bytes, int64_t size) {
    const size_t missing = static_cast<size_t>(std::max<int64_t>(size - static_cast<int64_t>(front.size()), 0));
    const size_t taken = std::min(bytes.size(), missing);
    front.insert(front.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(taken));
    return bytes.subspan(taken);
  }

  std::span<const std::byte> TakeHeader(std::span<const std::byte> bytes) {
    bytes = FillFront(bytes, 4);
    if (front.size() < 4) return bytes;
    const int64_t size = NiftiHeaderSize(front);
    bytes = FillFront(bytes, size);
    if (static_cast<int64_t>(front.size()) < size) return bytes;
    header = ParseNiftiHeader(front, limits, policy);
    wanted = static_cast<size_t>(header->geometry.VoxelCount()) * BytesPerVoxel(header->type);
    front.clear();
    return bytes;
  }

  std::span<const std::byte> TakeExtensions(std::span<const std::byte> bytes) {
    const int64_t size = header->vox_offset - static_cast<int64_t>(header->fields.size());
    bytes = FillFront(bytes, size);
    if (static_cast<int64_t>(front.size()) < size) return bytes;
    // Byte 0 of the extender says whether extensions follow.
    if (front[0] != std::byte{0}) {
      header->extensions.assign(front.begin() + 4, front.end());
      header->extensions.resize(ExtensionChainSize(header->extensions, header->big_endian));
    }
    front = {};
    extensions_done = true;
    return bytes;
  }

  void TakeVoxels(std::span<const std::byte> bytes) {
    const size_t taken = std::min(bytes.size(), wanted - voxels.size());
    if (voxels.size() + taken > voxels.capacity()) {
      voxels.reserve(std::min(wanted, std::max({kRoomBytes, voxels.size() + taken, 2 * voxels.capacity()})));
    }
    voxels.insert(voxels.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(taken));
    for (const std::byte byte : bytes.subspan(taken)) {
      if (byte != std::byte{0} || ++padding > kMaxPaddingBytes) {
        throw Error(ErrorCode::kInvalidArgument, "voxels: the stream goes on behind the last one: must end after " +
                                                     std::to_string(wanted) + " bytes of voxels, as dim and bitpix say");
      }
    }
  }

  NiftiVolume Finish() {
    if (magic.empty()) throw Error(ErrorCode::kInvalidArgument, "volume: the stream is empty: must hold a NIfTI file");
    if (magic.size() < 2) TakeDecoded(magic);
    if (gzip) gzip->Finish();
    if (!header) {
      throw Error(ErrorCode::kDataLoss, "header: the stream ends after " + std::to_string(front.size()) +
                                            " bytes: must have 348 (NIfTI-1) or 540 (NIfTI-2)");
    }
    if (!extensions_done) {
      throw Error(ErrorCode::kDataLoss, "vox_offset = " + std::to_string(header->vox_offset) +
                                            ": the stream ends before the first voxel");
    }
    if (voxels.size() < wanted) {
      throw Error(ErrorCode::kDataLoss, "voxels: the stream ends after " + std::to_string(voxels.size()) +
                                            " bytes: must have " + std::to_string(wanted) + ", as dim and bitpix say");
    }
    if (header->big_endian) SwapVoxels(voxels, BytesPerVoxel(header->type));
    NiftiVolume result;
    result.volume = {header->geometry, header->type, header->slope, header->intercept, std::move(voxels)};
    result.header = std::move(*header);
    return result;
  }

  VolumeLimits limits;
  GeometryPolicy policy;
  std::vector<std::byte> magic;
  std::optional<GzipDecoder> gzip;
  std::vector<std::byte> front;  // of the header, then of the extensions
  std::optional<NiftiHeader> header;
  bool extensions_done = false;
  size_t wanted = 0;  // bytes of voxels, once the header is there
  VoxelBytes voxels;
  int64_t padding = 0;
  std::optional<Error> failure;
};

NiftiReader::NiftiReader(const VolumeLimits& limits, GeometryPolicy policy) : state_(std::make_unique<State>(limits, policy)) {}
NiftiReader::~NiftiReader() = default;

void NiftiReader::Feed(std::span<const std::byte> bytes) {
  state_->Guarded([&] { state_->Feed(bytes); });
}

void NiftiReader::MakeRoomForAll() {
  state_->voxels.reserve(state_->wanted);
}

const NiftiHeader* NiftiReader::header() const { return state_->header ? &*state_->header : nullptr; }

NiftiVolume NiftiReader::Finish() {
  NiftiVolume result;
  state_->Guarded([&] { result = state_->Finish(); });
  state_->failure = Error(ErrorCode::kInternal, "volume: its reader was finished before");
  return result;
}

NiftiVolume ReadNifti(std::span<const std::byte> bytes, const VolumeLimits& limits, GeometryPolicy policy) {
  NiftiReader reader(limits, policy);
  reader.Feed(bytes);
  return reader.Finish();
}

}  // namespace tuckerseg
