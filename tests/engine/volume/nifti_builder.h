/// Makes the bytes of NIfTI files with chosen fields, right or wrong, for tests.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "engine/volume/nifti_fields.h"
#include "engine/volume/volume.h"

namespace tuckerseg {

/// A volume of 4 x 3 x 2 voxels of int16 with the values 0, 1, 2, ..., spacings 1, 2 and 3 mm, an sform along the axes with its
/// origin at 0 and no qform, until a setter says otherwise. Nothing is checked: a test may build what a reader must refuse.
class NiftiBuilder {
 public:
  explicit NiftiBuilder(int version = 1, bool big_endian = false);

  const NiftiLayout& layout() const { return layout_; }

  /// Sets dim[1..3]; voxels become 0, 1, 2, ... again.
  NiftiBuilder& Shape(const Index3& shape);
  /// Sets dim[i] alone.
  NiftiBuilder& Dim(size_t i, int64_t value);
  /// Sets pixdim[1..3] and the diagonal of the sform.
  NiftiBuilder& Spacing(const Spacing3& spacing_mm);
  /// Sets pixdim[i] alone.
  NiftiBuilder& Pixdim(size_t i, double value);
  NiftiBuilder& Sform(const Affine& affine, int code = 1);
  NiftiBuilder& SformCode(int code);
  /// `qfac` goes to pixdim[0].
  NiftiBuilder& Qform(const std::array<double, 3>& quatern_bcd, const std::array<double, 3>& offset, double qfac = 1,
                      int code = 1);
  NiftiBuilder& QformCode(int code);
  NiftiBuilder& Type(int datatype, int bitpix);
  NiftiBuilder& Scaling(double slope, double intercept);
  NiftiBuilder& Units(int xyzt_units);
  /// Overrides the vox_offset that follows from the extensions.
  NiftiBuilder& VoxOffset(double value);
  NiftiBuilder& Magic(std::string_view magic);
  /// Appends an extension with the size field that fits its text, padded with zeros.
  NiftiBuilder& Extension(int code, std::string_view text);
  /// Bytes between extender and voxels, as they are; sets the extender.
  NiftiBuilder& RawExtensions(std::span<const std::byte> bytes);
  /// Writes any field of the header in its byte order.
  template <typename T>
  NiftiBuilder& Put(size_t offset, T value) {
    NiftiFields::Write<T>(header_, big_endian_, offset, value);
    return *this;
  }

  /// Voxels in native order; the builder turns them to the file's. Datatype and bitpix follow T.
  template <typename T>
  NiftiBuilder& Voxels(std::span<const T> values) {
    constexpr int kBits = 8 * static_cast<int>(sizeof(T));
    Type(DatatypeOf(std::is_floating_point_v<T>, std::is_signed_v<T>, kBits), kBits);
    voxels_.resize(values.size_bytes());
    for (size_t i = 0; i < values.size(); ++i) NiftiFields::Write<T>(voxels_, big_endian_, i * sizeof(T), values[i]);
    return *this;
  }
  template <typename T>
  NiftiBuilder& Voxels(const std::vector<T>& values) {
    return Voxels(std::span<const T>(values));
  }

  /// The whole file.
  std::vector<std::byte> Bytes() const;
  std::vector<std::byte> Gzip() const;

 private:
  static int DatatypeOf(bool is_float, bool is_signed, int bits);
  void PutReal(size_t offset, size_t i, double value);
  void PutCode(size_t offset, int code);

  NiftiLayout layout_;
  bool big_endian_;
  std::vector<std::byte> header_;
  std::vector<std::byte> extensions_;
  bool own_vox_offset_ = false;
  bool extender_ = false;
  std::vector<std::byte> voxels_;
};

/// One gzip member that holds `bytes`.
std::vector<std::byte> Gzipped(std::span<const std::byte> bytes);

std::vector<std::byte> BytesOf(std::string_view text);

}  // namespace tuckerseg
