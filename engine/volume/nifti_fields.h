/// Where the fields of NIfTI-1 and NIfTI-2 headers lie, and how they are read in the file's byte order.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

namespace tuckerseg {

/// Byte offsets of the fields we read or write (nifti1.h, nifti2.h of the NIfTI standard).
struct NiftiLayout {
  int64_t header_size;
  size_t magic, dim, datatype, bitpix, pixdim, vox_offset, scl_slope, scl_inter, xyzt_units;
  size_t qform_code, sform_code, quatern_b, qoffset_x, srow_x;
  bool wide;  ///< NIfTI-2: dim is int64, geometry is double, codes are int32
};

inline constexpr NiftiLayout kNifti1{348, 344, 40, 70, 72, 76, 108, 112, 116, 123, 252, 254, 256, 268, 280, false};
inline constexpr NiftiLayout kNifti2{540, 4, 16, 12, 14, 104, 168, 176, 184, 500, 344, 348, 352, 376, 400, true};

template <typename T>
T SwapBytes(T value) {
  auto bytes = std::bit_cast<std::array<std::byte, sizeof(T)>>(value);
  for (size_t i = 0; i < sizeof(T) / 2; ++i) std::swap(bytes[i], bytes[sizeof(T) - 1 - i]);
  return std::bit_cast<T>(bytes);
}

/// Reads and writes typed fields of a header in one byte order. The bytes must hold the field.
class NiftiFields {
 public:
  NiftiFields(std::span<const std::byte> bytes, bool big_endian) : bytes_(bytes), big_endian_(big_endian) {}

  template <typename T>
  T Read(size_t offset) const {
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return big_endian_ ? SwapBytes(value) : value;
  }
  /// int16 in NIfTI-1, int64 in NIfTI-2.
  int64_t Dim(const NiftiLayout& layout, size_t i) const {
    return layout.wide ? Read<int64_t>(layout.dim + 8 * i) : Read<int16_t>(layout.dim + 2 * i);
  }
  /// float in NIfTI-1, double in NIfTI-2; entry `i` of an array that starts at `offset`.
  double Real(const NiftiLayout& layout, size_t offset, size_t i = 0) const {
    return layout.wide ? Read<double>(offset + 8 * i) : static_cast<double>(Read<float>(offset + 4 * i));
  }
  /// int16 in NIfTI-1, int32 in NIfTI-2.
  int32_t Code(const NiftiLayout& layout, size_t offset) const {
    return layout.wide ? Read<int32_t>(offset) : Read<int16_t>(offset);
  }

  template <typename T>
  static void Write(std::span<std::byte> bytes, bool big_endian, size_t offset, T value) {
    if (big_endian) value = SwapBytes(value);
    std::memcpy(bytes.data() + offset, &value, sizeof(T));
  }

 private:
  std::span<const std::byte> bytes_;
  bool big_endian_;
};

}  // namespace tuckerseg
