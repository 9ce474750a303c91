#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "engine/error.h"
#include "engine/volume/nifti_fields.h"
#include "engine/volume/nifti_geometry.h"
#include "engine/volume/nifti_writer.h"

namespace tuckerseg {
namespace {

struct Stored {
  int16_t datatype;
  int16_t bitpix;
};

Stored StoredAs(VoxelType type) {
  switch (type) {
    case VoxelType::kUint8: return {2, 8};
    case VoxelType::kInt8: return {256, 8};
    case VoxelType::kUint16: return {512, 16};
    case VoxelType::kInt16: return {4, 16};
    case VoxelType::kUint32: return {768, 32};
    case VoxelType::kInt32: return {8, 32};
    case VoxelType::kUint64: return {1280, 64};
    case VoxelType::kInt64: return {1024, 64};
    case VoxelType::kFloat32: return {16, 32};
    case VoxelType::kFloat64: return {64, 64};
  }
  throw Error(ErrorCode::kInternal, "voxel type that is none");
}

/// nifti1_io's mat44_to_quatern for a rotation, possibly with a reflection of the third axis.
Quaternion QuaternionOf(const Affine& affine, const Spacing3& spacing) {
  Matrix3 r{};
  for (size_t row = 0; row < 3; ++row)
    for (size_t col = 0; col < 3; ++col) r[row][col] = affine.linear[row][col] / spacing[col];
  const double det = r[0][0] * (r[1][1] * r[2][2] - r[1][2] * r[2][1]) - r[0][1] * (r[1][0] * r[2][2] - r[1][2] * r[2][0]) +
                     r[0][2] * (r[1][0] * r[2][1] - r[1][1] * r[2][0]);
  const double qfac = det < 0 ? -1 : 1;
  for (auto& row : r) row[2] *= qfac;

  // Four times the squares of a, b, c and d; the largest of them is divided by, so that nothing is lost to cancellation.
  const std::array<double, 4> squares{1 + r[0][0] + r[1][1] + r[2][2], 1 + r[0][0] - r[1][1] - r[2][2],
                                      1 - r[0][0] + r[1][1] - r[2][2], 1 - r[0][0] - r[1][1] + r[2][2]};
  std::array<double, 4> q{};
  switch (std::max_element(squares.begin(), squares.end()) - squares.begin()) {
    case 0: q = {squares[0], r[2][1] - r[1][2], r[0][2] - r[2][0], r[1][0] - r[0][1]}; break;
    case 1: q = {r[2][1] - r[1][2], squares[1], r[0][1] + r[1][0], r[0][2] + r[2][0]}; break;
    case 2: q = {r[0][2] - r[2][0], r[0][1] + r[1][0], squares[2], r[1][2] + r[2][1]}; break;
    default: q = {r[1][0] - r[0][1], r[0][2] + r[2][0], r[1][2] + r[2][1], squares[3]}; break;
  }
  // a is not stored: readers take the positive root of what is missing to 1.
  double length = std::sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
  if (q[0] < 0) length = -length;
  return {q[0] / length, q[1] / length, q[2] / length, q[3] / length, qfac};
}

/// Whether a reader that takes the qform finds every corner where the affine has it: not so for axes that are not quite
/// orthonormal, as some scanners write them.
bool HoldsAffine(const Quaternion& quaternion, const Geometry& geometry, const Spacing3& spacing) {
  const Affine qform{LinearOf(quaternion, spacing), geometry.affine_ras.translation};
  const double smallest = *std::min_element(spacing.begin(), spacing.end());
  return CornerDistance(qform, geometry.affine_ras, geometry.shape) < 0.5 * kFormToleranceVoxels * smallest;
}

std::vector<std::byte> HeaderOf(const Volume& volume) {
  const Geometry& geometry = volume.geometry;
  std::vector<std::byte> bytes(static_cast<size_t>(kNifti1.header_size));
  const auto put = [&bytes]<typename T>(size_t offset, T value) { NiftiFields::Write<T>(bytes, false, offset, value); };
  put(0, static_cast<int32_t>(kNifti1.header_size));
  put(kNifti1.dim, int16_t{3});
  for (size_t a = 0; a < 7; ++a) put(kNifti1.dim + 2 + 2 * a, static_cast<int16_t>(a < 3 ? geometry.shape[a] : 1));
  const Stored stored = StoredAs(volume.type);
  put(kNifti1.datatype, stored.datatype);
  put(kNifti1.bitpix, stored.bitpix);
  const Spacing3 spacing = geometry.AffineSpacingMm();
  const Quaternion q = QuaternionOf(geometry.affine_ras, spacing);
  put(kNifti1.pixdim, static_cast<float>(q.qfac));
  for (size_t a = 0; a < 3; ++a) put(kNifti1.pixdim + 4 + 4 * a, static_cast<float>(spacing[a]));
  put(kNifti1.vox_offset, 352.0F);
  put(kNifti1.scl_slope, static_cast<float>(volume.slope));
  put(kNifti1.scl_inter, static_cast<float>(volume.intercept));
  put(kNifti1.xyzt_units, int8_t{2});
  put(kNifti1.qform_code, static_cast<int16_t>(HoldsAffine(q, geometry, spacing) ? 1 : 0));
  put(kNifti1.sform_code, int16_t{1});
  const std::array<double, 3> quatern{q.b, q.c, q.d};
  for (size_t r = 0; r < 3; ++r) {
    put(kNifti1.quatern_b + 4 * r, static_cast<float>(quatern[r]));
    put(kNifti1.qoffset_x + 4 * r, static_cast<float>(geometry.affine_ras.translation[r]));
    for (size_t c = 0; c < 3; ++c) put(kNifti1.srow_x + 16 * r + 4 * c, static_cast<float>(geometry.affine_ras.linear[r][c]));
    put(kNifti1.srow_x + 16 * r + 12, static_cast<float>(geometry.affine_ras.translation[r]));
  }
  constexpr std::array<char, 4> kMagic{'n', '+', '1', '\0'};
  std::memcpy(bytes.data() + kNifti1.magic, kMagic.data(), kMagic.size());
  return bytes;
}

}  // namespace

void WriteVolume(const Volume& volume, Compression compression, const ByteSink& sink) {
  for (size_t a = 0; a < 3; ++a) {
    if (volume.geometry.shape[a] < 1 || volume.geometry.shape[a] > 32767) {
      throw Error(ErrorCode::kInvalidArgument, "shape[" + std::to_string(a) + "] = " + std::to_string(volume.geometry.shape[a]) +
                                                   ": must be in [1, 32767], what NIfTI-1 can hold");
    }
  }
  const size_t bytes = static_cast<size_t>(volume.geometry.VoxelCount()) * BytesPerVoxel(volume.type);
  if (volume.voxels.size() != bytes) {
    throw Error(ErrorCode::kInvalidArgument,
                "voxels = " + std::to_string(volume.voxels.size()) + " bytes: must be " + std::to_string(bytes) + ", as the shape says");
  }
  const std::vector<std::byte> header = HeaderOf(volume);
  constexpr std::array<std::byte, 4> kNoExtension{};
  if (compression == Compression::kNone) {
    sink(header);
    sink(kNoExtension);
    sink(volume.voxels);
    return;
  }
  GzipEncoder gzip(sink);
  gzip.Feed(header);
  gzip.Feed(kNoExtension);
  gzip.Feed(volume.voxels);
  gzip.Finish();
}

}  // namespace tuckerseg
