#include "engine/volume/nifti_header.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <sstream>
#include <string>

#include "engine/error.h"
#include "engine/volume/nifti_fields.h"
#include "engine/volume/nifti_geometry.h"

namespace tuckerseg {
namespace {

template <typename Value>
[[noreturn]] void Refuse(ErrorCode code, const std::string& field, const Value& value, const std::string& right) {
  std::ostringstream message;
  message << field << " = " << value << ": " << right;
  throw Error(code, message.str());
}

/// Version and byte order, from the first field of the header.
struct Format {
  const NiftiLayout* layout;
  bool big_endian;
};

Format FormatOf(std::span<const std::byte> begin) {
  if (begin.size() < 4) {
    throw Error(ErrorCode::kDataLoss, "header: the stream ends within sizeof_hdr: must hold a NIfTI file");
  }
  for (const bool big_endian : {false, true}) {
    const auto size = NiftiFields(begin, big_endian).Read<int32_t>(0);
    if (size == kNifti1.header_size) return {&kNifti1, big_endian};
    if (size == kNifti2.header_size) return {&kNifti2, big_endian};
  }
  Refuse(ErrorCode::kInvalidArgument, "sizeof_hdr", NiftiFields(begin, false).Read<int32_t>(0),
         "must be 348 (NIfTI-1) or 540 (NIfTI-2); other files are no NIfTI");
}

/// NIfTI-2 has the line ends of two systems behind its magic: a transfer in text mode would have changed them.
void CheckLineEnds(std::span<const std::byte> bytes, const NiftiLayout& layout) {
  static constexpr std::array<std::byte, 4> kIntact{std::byte{0x0D}, std::byte{0x0A}, std::byte{0x1A}, std::byte{0x0A}};
  static constexpr std::array<std::byte, 4> kNotWritten{};  // nibabel lets these pass too
  const auto stored = bytes.subspan(layout.magic + 4, 4);
  if (!std::ranges::equal(stored, kIntact) && !std::ranges::equal(stored, kNotWritten)) {
    throw Error(ErrorCode::kInvalidArgument, "magic[4..7]: must be 0d 0a 1a 0a: the file was changed by a transfer in text mode");
  }
}

void CheckMagic(std::span<const std::byte> bytes, const NiftiLayout& layout) {
  const std::string magic(reinterpret_cast<const char*>(bytes.data()) + layout.magic, 3);
  const std::string single = layout.wide ? "n+2" : "n+1";
  if (magic == single && bytes[layout.magic + 3] == std::byte{0}) {
    if (layout.wide) CheckLineEnds(bytes, layout);
    return;
  }
  if (magic == (layout.wide ? "ni2" : "ni1")) {
    throw Error(ErrorCode::kInvalidArgument,
                "magic = " + magic + ": a header without its voxels (.hdr/.img pair); must be " + single + ", a single file");
  }
  throw Error(ErrorCode::kInvalidArgument, "magic: must be \"" + single + "\" with a zero byte behind it");
}

Index3 ReadShape(const NiftiFields& fields, const NiftiLayout& layout, const VolumeLimits& limits) {
  const int64_t rank = fields.Dim(layout, 0);
  if (rank != 3 && rank != 4) {
    Refuse(ErrorCode::kInvalidArgument, "dim[0]", rank, "must be 3, or 4 with a single frame");
  }
  Index3 shape{};
  for (size_t a = 0; a < 3; ++a) {
    shape[a] = fields.Dim(layout, a + 1);
    const std::string name = "dim[" + std::to_string(a + 1) + "]";
    if (shape[a] < 1) Refuse(ErrorCode::kInvalidArgument, name, shape[a], "must be at least 1");
    if (shape[a] > limits.max_axis) {
      Refuse(ErrorCode::kResourceExhausted, name, shape[a], "must be at most " + std::to_string(limits.max_axis));
    }
  }
  // Divisions: a product of three int64 of NIfTI-2 may not fit one.
  if (shape[0] > limits.max_voxels / shape[1] || shape[0] * shape[1] > limits.max_voxels / shape[2]) {
    Refuse(ErrorCode::kResourceExhausted, "dim[1..3]",
           std::to_string(shape[0]) + " x " + std::to_string(shape[1]) + " x " + std::to_string(shape[2]),
           "must be at most " + std::to_string(limits.max_voxels) + " voxels");
  }
  if (rank == 4) {
    const int64_t frames = fields.Dim(layout, 4);
    if (frames != 1) Refuse(ErrorCode::kInvalidArgument, "dim[4]", frames, "must be 1, a single frame");
  }
  return shape;
}

VoxelType ReadType(const NiftiFields& fields, const NiftiLayout& layout) {
  const int datatype = fields.Read<int16_t>(layout.datatype);
  const int bitpix = fields.Read<int16_t>(layout.bitpix);
  VoxelType type{};
  switch (datatype) {
    case 2: type = VoxelType::kUint8; break;
    case 4: type = VoxelType::kInt16; break;
    case 8: type = VoxelType::kInt32; break;
    case 16: type = VoxelType::kFloat32; break;
    case 64: type = VoxelType::kFloat64; break;
    case 256: type = VoxelType::kInt8; break;
    case 512: type = VoxelType::kUint16; break;
    case 768: type = VoxelType::kUint32; break;
    case 1024: type = VoxelType::kInt64; break;
    case 1280: type = VoxelType::kUint64; break;
    default:
      Refuse(ErrorCode::kInvalidArgument, "datatype", datatype,
             "must be an integer of 8 to 64 bits or a float of 32 or 64 (2, 4, 8, 16, 64, 256, 512, 768, 1024, 1280)");
  }
  const auto expected = static_cast<int>(8 * BytesPerVoxel(type));
  if (bitpix != expected) {
    Refuse(ErrorCode::kInvalidArgument, "bitpix", bitpix,
           "must be " + std::to_string(expected) + " for datatype " + std::to_string(datatype));
  }
  return type;
}

/// 0, which old writers leave, is refused: readers disagree whether the voxels then begin at byte 0, 348 or 352.
int64_t ReadVoxOffset(const NiftiFields& fields, const NiftiLayout& layout, const VolumeLimits& limits) {
  const int64_t first = layout.header_size + 4;
  if (layout.wide) {
    const auto offset = fields.Read<int64_t>(layout.vox_offset);
    if (offset < first || offset - first > limits.max_extension_bytes) {
      Refuse(ErrorCode::kInvalidArgument, "vox_offset", offset,
             "must be in [" + std::to_string(first) + ", " + std::to_string(first + limits.max_extension_bytes) + "]");
    }
    return offset;
  }
  const double offset = fields.Real(layout, layout.vox_offset);
  if (!(offset >= static_cast<double>(first) && offset <= static_cast<double>(first + limits.max_extension_bytes)) ||
      offset != std::floor(offset)) {
    Refuse(ErrorCode::kInvalidArgument, "vox_offset", offset,
           "must be a whole number in [" + std::to_string(first) + ", " +
               std::to_string(first + limits.max_extension_bytes) + "]");
  }
  return static_cast<int64_t>(offset);
}

void ReadScaling(const NiftiFields& fields, const NiftiLayout& layout, NiftiHeader& header) {
  const double slope = fields.Real(layout, layout.scl_slope);
  const double intercept = fields.Real(layout, layout.scl_inter);
  if (slope == 0 || !std::isfinite(slope)) return;  // nibabel: the voxels are what they are
  if (!std::isfinite(intercept)) {
    Refuse(ErrorCode::kInvalidArgument, "scl_inter", intercept, "must be finite when scl_slope is set");
  }
  header.slope = slope;
  header.intercept = intercept;
}

}  // namespace

ByteLimit LimitOfVoxels(int64_t voxels, VoxelType type, const VolumeLimits& limits) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  const auto width = static_cast<int64_t>(BytesPerVoxel(type));
  return {.needed_bytes = voxels > kMost / width ? kMost : voxels * width, .limit_bytes = limits.max_bytes};
}

int64_t NiftiHeaderSize(std::span<const std::byte> begin) { return FormatOf(begin).layout->header_size; }

NiftiHeader ParseNiftiHeader(std::span<const std::byte> bytes, const VolumeLimits& limits, GeometryPolicy policy) {
  const Format format = FormatOf(bytes);
  const NiftiLayout& layout = *format.layout;
  if (static_cast<int64_t>(bytes.size()) < layout.header_size) {
    throw Error(ErrorCode::kDataLoss, "header: the stream ends after " + std::to_string(bytes.size()) + " bytes: must have " +
                                          std::to_string(layout.header_size));
  }
  bytes = bytes.first(static_cast<size_t>(layout.header_size));
  CheckMagic(bytes, layout);

  NiftiHeader header;
  header.version = layout.wide ? 2 : 1;
  header.big_endian = format.big_endian;
  const NiftiFields fields(bytes, header.big_endian);
  const Index3 shape = ReadShape(fields, layout, limits);
  header.type = ReadType(fields, layout);
  const int64_t voxels = shape[0] * shape[1] * shape[2];
  const auto width = static_cast<int64_t>(BytesPerVoxel(header.type));
  if (voxels > limits.max_bytes / width) {
    throw Error(ErrorCode::kResourceExhausted, "dim[1..3]: voxels = " + std::to_string(voxels) + ": must fill at most " + std::to_string(limits.max_bytes) + " bytes")
        .AtLimit(LimitOfVoxels(voxels, header.type, limits));
  }
  header.vox_offset = ReadVoxOffset(fields, layout, limits);
  ReadScaling(fields, layout, header);
  header.geometry = ReadNiftiGeometry(fields, layout, shape, limits, policy);
  header.fields.assign(bytes.begin(), bytes.end());
  return header;
}

}  // namespace tuckerseg
