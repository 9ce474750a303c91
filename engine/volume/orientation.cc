#include "engine/volume/orientation.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "engine/error.h"
#include "engine/parallel.h"
#include "engine/volume/voxel_type.h"

namespace tuckerseg {
namespace {

using Matrix3 = std::array<std::array<double, 3>, 3>;

[[noreturn]] void RefuseSingular() {
  throw Error(ErrorCode::kInvalidArgument, "affine: its directions are singular or not finite: must span three dimensions");
}

/// Inverse and transposed, by cofactors.
Matrix3 InverseTransposed(const Matrix3& m) {
  Matrix3 cofactors;
  for (size_t r = 0; r < 3; ++r)
    for (size_t c = 0; c < 3; ++c) {
      const size_t r1 = (r + 1) % 3, r2 = (r + 2) % 3, c1 = (c + 1) % 3, c2 = (c + 2) % 3;
      cofactors[r][c] = m[r1][c1] * m[r2][c2] - m[r1][c2] * m[r2][c1];
    }
  const double determinant = m[0][0] * cofactors[0][0] + m[0][1] * cofactors[0][1] + m[0][2] * cofactors[0][2];
  if (!(std::abs(determinant) > 1e-9)) RefuseSingular();
  for (auto& row : cofactors)
    for (double& value : row) value /= determinant;
  return cofactors;
}

/// The nearest orthogonal matrix, U V^T of the singular value decomposition, by Newton's iteration (Higham 1986).
Matrix3 OrthogonalFactor(Matrix3 m) {
  // Quadratic convergence: columns of length 1 need fewer than ten steps unless they are almost singular.
  for (int step = 0; step < 60; ++step) {
    const Matrix3 inverse = InverseTransposed(m);
    double change = 0;
    for (size_t r = 0; r < 3; ++r)
      for (size_t c = 0; c < 3; ++c) {
        const double next = 0.5 * (m[r][c] + inverse[r][c]);
        change = std::max(change, std::abs(next - m[r][c]));
        m[r][c] = next;
      }
    if (change < 1e-15) break;
  }
  return m;
}

template <typename T, typename Value>
void ConvertRows(const VolumeView& view, int64_t begin, int64_t end, Value* output) {
  const T* voxels = reinterpret_cast<const T*>(view.first);
  for (int64_t k = begin; k < end; ++k)
    for (int64_t j = 0; j < view.shape[1]; ++j) {
      const T* row = voxels + k * view.strides[2] + j * view.strides[1];
      Value* target = output + (k * view.shape[1] + j) * view.shape[0];
      for (int64_t i = 0; i < view.shape[0]; ++i) {
        target[i] = static_cast<Value>(static_cast<double>(row[i * view.strides[0]]) * view.slope + view.intercept);
      }
    }
}

template <typename Value>
std::vector<Value> Convert(const VolumeView& view, const Threads& threads) {
  std::vector<Value> values(static_cast<size_t>(view.shape[0] * view.shape[1] * view.shape[2]));
  ParallelFor(threads, view.shape[2], [&](int64_t begin, int64_t end) {
    VisitVoxelType(view.type, [&]<typename T>() { ConvertRows<T>(view, begin, end, values.data()); });
  });
  return values;
}

}  // namespace

Orientation ClosestCanonical(const Affine& affine) {
  Matrix3 directions = affine.linear;
  for (size_t c = 0; c < 3; ++c) {
    const double norm = std::hypot(directions[0][c], directions[1][c], directions[2][c]);
    if (!(norm > 0) || !std::isfinite(norm)) RefuseSingular();
    for (size_t r = 0; r < 3; ++r) directions[r][c] /= norm;
  }
  const Matrix3 rotation = OrthogonalFactor(directions);

  // File axes in descending order of how clearly they lie along one canonical axis.
  std::array<double, 3> clearness{};
  for (size_t c = 0; c < 3; ++c)
    for (size_t r = 0; r < 3; ++r) clearness[c] = std::max(clearness[c], std::abs(rotation[r][c]));
  std::array<size_t, 3> file_axes{0, 1, 2};
  std::stable_sort(file_axes.begin(), file_axes.end(), [&](size_t a, size_t b) { return clearness[a] > clearness[b]; });

  Orientation orientation;
  std::array<bool, 3> taken{};
  for (const size_t file_axis : file_axes) {
    size_t best = 3;
    for (size_t r = 0; r < 3; ++r) {
      if (!taken[r] && (best == 3 || std::abs(rotation[r][file_axis]) > std::abs(rotation[best][file_axis]))) best = r;
    }
    taken[best] = true;
    orientation.axis[best] = static_cast<int>(file_axis);
    orientation.flipped[best] = rotation[best][file_axis] < 0;
  }
  return orientation;
}

VolumeView ViewOf(const Volume& volume, const Orientation& orientation) {
  const Index3& shape = volume.geometry.shape;
  const Index3 strides{1, shape[0], shape[0] * shape[1]};
  VolumeView view{volume.voxels.data(), volume.type, volume.slope, volume.intercept, {}, {}};
  int64_t first = 0;
  for (size_t c = 0; c < 3; ++c) {
    const auto axis = static_cast<size_t>(orientation.axis[c]);
    view.shape[c] = shape[axis];
    view.strides[c] = orientation.flipped[c] ? -strides[axis] : strides[axis];
    if (orientation.flipped[c]) first += (shape[axis] - 1) * strides[axis];
  }
  view.first += first * static_cast<int64_t>(BytesPerVoxel(volume.type));
  return view;
}

Geometry CanonicalGeometry(const Geometry& geometry, const Orientation& orientation) {
  Geometry canonical = geometry;
  for (size_t c = 0; c < 3; ++c) {
    const auto axis = static_cast<size_t>(orientation.axis[c]);
    canonical.shape[c] = geometry.shape[axis];
    canonical.header_spacing_mm[c] = geometry.header_spacing_mm[axis];
    for (size_t r = 0; r < 3; ++r) {
      const double step = geometry.affine_ras.linear[r][axis];
      canonical.affine_ras.linear[r][c] = orientation.flipped[c] ? -step : step;
      if (orientation.flipped[c]) canonical.affine_ras.translation[r] += static_cast<double>(geometry.shape[axis] - 1) * step;
    }
  }
  return canonical;
}

std::vector<float> ToFloat(const VolumeView& view, const Threads& threads) { return Convert<float>(view, threads); }

std::vector<double> ToDouble(const VolumeView& view, const Threads& threads) { return Convert<double>(view, threads); }

}  // namespace tuckerseg
