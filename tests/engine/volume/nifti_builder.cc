#include "tests/engine/volume/nifti_builder.h"

#include <cstring>
#include <numeric>
#include <utility>

#include "engine/volume/gzip_stream.h"

namespace tuckerseg {

NiftiBuilder::NiftiBuilder(int version, bool big_endian)
    : layout_(version == 2 ? kNifti2 : kNifti1), big_endian_(big_endian), header_(static_cast<size_t>(layout_.header_size)) {
  Put(0, static_cast<int32_t>(layout_.header_size));
  Magic(version == 2 ? std::string_view("n+2\0\r\n\x1A\n", 8) : std::string_view("n+1\0", 4));
  Dim(0, 3);
  for (size_t i = 4; i < 8; ++i) Dim(i, 1);
  Pixdim(0, 1);
  Scaling(1, 0);
  Units(2);
  SformCode(1);
  Shape({4, 3, 2});
  Spacing({1, 2, 3});
}

NiftiBuilder& NiftiBuilder::Shape(const Index3& shape) {
  for (size_t a = 0; a < 3; ++a) Dim(a + 1, shape[a]);
  std::vector<int16_t> values(static_cast<size_t>(shape[0] * shape[1] * shape[2]));
  std::iota(values.begin(), values.end(), int16_t{0});
  return Voxels(values);
}

NiftiBuilder& NiftiBuilder::Dim(size_t i, int64_t value) {
  return layout_.wide ? Put(layout_.dim + 8 * i, value) : Put(layout_.dim + 2 * i, static_cast<int16_t>(value));
}

NiftiBuilder& NiftiBuilder::Spacing(const Spacing3& spacing_mm) {
  for (size_t a = 0; a < 3; ++a) {
    Pixdim(a + 1, spacing_mm[a]);
    PutReal(layout_.srow_x, 5 * a, spacing_mm[a]);
  }
  return *this;
}

NiftiBuilder& NiftiBuilder::Pixdim(size_t i, double value) {
  PutReal(layout_.pixdim, i, value);
  return *this;
}

NiftiBuilder& NiftiBuilder::Sform(const Affine& affine, int code) {
  for (size_t r = 0; r < 3; ++r) {
    for (size_t c = 0; c < 3; ++c) PutReal(layout_.srow_x, 4 * r + c, affine.linear[r][c]);
    PutReal(layout_.srow_x, 4 * r + 3, affine.translation[r]);
  }
  return SformCode(code);
}

NiftiBuilder& NiftiBuilder::SformCode(int code) {
  PutCode(layout_.sform_code, code);
  return *this;
}

NiftiBuilder& NiftiBuilder::Qform(const std::array<double, 3>& quatern_bcd, const std::array<double, 3>& offset, double qfac,
                                  int code) {
  for (size_t i = 0; i < 3; ++i) {
    PutReal(layout_.quatern_b, i, quatern_bcd[i]);
    PutReal(layout_.qoffset_x, i, offset[i]);
  }
  Pixdim(0, qfac);
  return QformCode(code);
}

NiftiBuilder& NiftiBuilder::QformCode(int code) {
  PutCode(layout_.qform_code, code);
  return *this;
}

NiftiBuilder& NiftiBuilder::Type(int datatype, int bitpix) {
  return Put(layout_.datatype, static_cast<int16_t>(datatype)).Put(layout_.bitpix, static_cast<int16_t>(bitpix));
}

NiftiBuilder& NiftiBuilder::Scaling(double slope, double intercept) {
  PutReal(layout_.scl_slope, 0, slope);
  PutReal(layout_.scl_inter, 0, intercept);
  return *this;
}

NiftiBuilder& NiftiBuilder::Units(int xyzt_units) {
  return layout_.wide ? Put(layout_.xyzt_units, static_cast<int32_t>(xyzt_units))
                      : Put(layout_.xyzt_units, static_cast<int8_t>(xyzt_units));
}

NiftiBuilder& NiftiBuilder::VoxOffset(double value) {
  own_vox_offset_ = true;
  return layout_.wide ? Put(layout_.vox_offset, static_cast<int64_t>(value))
                      : Put(layout_.vox_offset, static_cast<float>(value));
}

NiftiBuilder& NiftiBuilder::Magic(std::string_view magic) {
  std::memcpy(header_.data() + layout_.magic, magic.data(), magic.size());
  return *this;
}

NiftiBuilder& NiftiBuilder::Extension(int code, std::string_view text) {
  std::vector<std::byte> bytes((8 + text.size() + 15) / 16 * 16);
  NiftiFields::Write<int32_t>(bytes, big_endian_, 0, static_cast<int32_t>(bytes.size()));
  NiftiFields::Write<int32_t>(bytes, big_endian_, 4, code);
  std::memcpy(bytes.data() + 8, text.data(), text.size());
  return RawExtensions(bytes);
}

NiftiBuilder& NiftiBuilder::RawExtensions(std::span<const std::byte> bytes) {
  extensions_.insert(extensions_.end(), bytes.begin(), bytes.end());
  extender_ = true;
  return *this;
}

std::vector<std::byte> NiftiBuilder::Bytes() const {
  NiftiBuilder whole = *this;
  if (!own_vox_offset_) whole.VoxOffset(static_cast<double>(header_.size() + 4 + extensions_.size()));
  std::vector<std::byte> bytes = std::move(whole.header_);
  bytes.push_back(extender_ ? std::byte{1} : std::byte{0});
  bytes.resize(bytes.size() + 3);
  bytes.insert(bytes.end(), extensions_.begin(), extensions_.end());
  bytes.insert(bytes.end(), voxels_.begin(), voxels_.end());
  return bytes;
}

std::vector<std::byte> NiftiBuilder::Gzip() const { return Gzipped(Bytes()); }

int NiftiBuilder::DatatypeOf(bool is_float, bool is_signed, int bits) {
  if (is_float) return bits == 32 ? 16 : 64;
  if (bits == 8) return is_signed ? 256 : 2;
  if (bits == 16) return is_signed ? 4 : 512;
  if (bits == 32) return is_signed ? 8 : 768;
  return is_signed ? 1024 : 1280;
}

void NiftiBuilder::PutReal(size_t offset, size_t i, double value) {
  if (layout_.wide) {
    Put(offset + 8 * i, value);
  } else {
    Put(offset + 4 * i, static_cast<float>(value));
  }
}

void NiftiBuilder::PutCode(size_t offset, int code) {
  if (layout_.wide) {
    Put(offset, static_cast<int32_t>(code));
  } else {
    Put(offset, static_cast<int16_t>(code));
  }
}

std::vector<std::byte> Gzipped(std::span<const std::byte> bytes) {
  std::vector<std::byte> result;
  GzipEncoder encoder([&result](std::span<const std::byte> piece) { result.insert(result.end(), piece.begin(), piece.end()); });
  encoder.Feed(bytes);
  encoder.Finish();
  return result;
}

std::vector<std::byte> BytesOf(std::string_view text) {
  std::vector<std::byte> bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

}  // namespace tuckerseg
