#include "engine/volume/itk/series_geometry.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>
#include <string>

#include "engine/error.h"
#include "engine/volume/float32.h"
#include "engine/volume/nifti_header.h"

namespace tuckerseg {
namespace {

constexpr char kOrientation[] = "ImageOrientationPatient (0020,0037)";
constexpr char kPosition[] = "ImagePositionPatient (0020,0032)";

Vector3 Difference(const Vector3& a, const Vector3& b) { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }

double Dot(const Vector3& a, const Vector3& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

Vector3 Cross(const Vector3& a, const Vector3& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

double Norm(const Vector3& a) { return std::sqrt(Dot(a, a)); }

template <typename... Parts>
[[noreturn]] void Refuse(const Parts&... parts) {
  std::ostringstream message;
  (message << ... << parts);
  throw Error(ErrorCode::kInvalidArgument, message.str());
}

// Written so that a NaN is refused too.
bool Within(double value, double limit) { return std::abs(value) <= limit; }

void CheckPlane(const ImagePlane& plane) {
  const double lengths[] = {Norm(plane.row_direction_lps), Norm(plane.column_direction_lps)};
  for (const double length : lengths) {
    if (!Within(length - 1, kOrthonormalTolerance)) {
      Refuse(kOrientation, ": a direction of length ", length, ": must be 1 within ", kOrthonormalTolerance);
    }
  }
  const double cosine = Dot(plane.row_direction_lps, plane.column_direction_lps);
  if (!Within(cosine, kOrthonormalTolerance)) {
    Refuse(kOrientation, ": row and column directions have the scalar product ", cosine,
           ": must be 0 within ", kOrthonormalTolerance);
  }
  for (const double spacing : {plane.column_spacing_mm, plane.row_spacing_mm}) {
    if (!(spacing > 0) || !std::isfinite(spacing)) {
      Refuse("PixelSpacing (0028,0030) = ", spacing, " mm: must be greater than 0");
    }
  }
  for (const double coordinate : plane.origin_lps) {
    if (!std::isfinite(coordinate)) Refuse(kPosition, " = ", coordinate, ": must be finite");
  }
}

void CheckAlike(const ImagePlane& plane, const ImagePlane& first) {
  if (plane.columns != first.columns || plane.rows != first.rows) {
    Refuse("Columns (0028,0011) x Rows (0028,0010) = ", plane.columns, " x ", plane.rows,
           " in one image and ", first.columns, " x ", first.rows,
           " in another: must be the same in the whole series");
  }
  for (size_t axis = 0; axis < 3; ++axis) {
    const double row = plane.row_direction_lps[axis] - first.row_direction_lps[axis];
    const double column = plane.column_direction_lps[axis] - first.column_direction_lps[axis];
    if (!Within(row, kOrientationTolerance) || !Within(column, kOrientationTolerance)) {
      Refuse(kOrientation, ": direction cosines differ by ", std::max(std::abs(row), std::abs(column)),
             " between two images: must be the same in the whole series, within ", kOrientationTolerance);
    }
  }
  const auto alike = [](double a, double b) { return Within(a / b - 1, kPixelSpacingTolerance); };
  if (!alike(plane.column_spacing_mm, first.column_spacing_mm) ||
      !alike(plane.row_spacing_mm, first.row_spacing_mm)) {
    Refuse("PixelSpacing (0028,0030) = ", plane.row_spacing_mm, " x ", plane.column_spacing_mm,
           " mm in one image and ", first.row_spacing_mm, " x ", first.column_spacing_mm,
           " mm in another: must be the same in the whole series");
  }
}

// `along`: positions along the normal, ascending.
void CheckGaps(const std::vector<double>& along) {
  std::vector<double> gaps(along.size() - 1);
  size_t same = 0;
  for (size_t k = 0; k < gaps.size(); ++k) {
    gaps[k] = along[k + 1] - along[k];
    if (gaps[k] < kSamePositionMm) ++same;
  }
  if (same > 0) {
    Refuse(kPosition, ": ", same, " of ", along.size(),
           " images lie where another one lies: must be one image a position");
  }
  std::vector<double> sorted = gaps;
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2),
                   sorted.end());
  const double median = sorted[sorted.size() / 2];
  for (size_t k = 0; k < gaps.size(); ++k) {
    if (!Within(gaps[k] - median, kGapTolerance * median)) {
      Refuse(kPosition, ": the gap between slices ", k + 1, " and ", k + 2, " of ", along.size(), " is ",
             gaps[k], " mm: must be ", median, " mm within ", 100 * kGapTolerance,
             " %, as the others (is an image missing?)");
    }
  }
}

void CheckLine(const std::vector<ImagePlane>& planes, const std::vector<size_t>& order, const Vector3& normal,
               const Vector3& step) {
  const Vector3 across = Cross(step, normal);
  const double sine = Norm(across) / Norm(step);
  if (!Within(sine, kTiltTolerance)) {
    Refuse(kPosition, ": slices advance at ", std::asin(std::min(1.0, sine)) * 180 / std::acos(-1.0),
           " degrees to the normal of ", kOrientation,
           ": must be 0 (a tilted gantry: resample the series first)");
  }
  const ImagePlane& first = planes[order.front()];
  const double limit = kBesideTolerance * std::min(first.column_spacing_mm, first.row_spacing_mm);
  for (size_t k = 0; k < order.size(); ++k) {
    Vector3 beside = Difference(planes[order[k]].origin_lps, first.origin_lps);
    for (size_t axis = 0; axis < 3; ++axis) beside[axis] -= static_cast<double>(k) * step[axis];
    const double distance = Norm(Cross(beside, normal));
    if (!Within(distance, limit)) {
      Refuse(kPosition, ": slice ", k + 1, " of ", order.size(), " lies ", distance,
             " mm beside the line through the first and the last: must be within ", limit, " mm");
    }
  }
}

Affine RasAffine(const ImagePlane& first, const Vector3& step) {
  Affine affine;
  for (size_t axis = 0; axis < 3; ++axis) {
    const double sign = axis < 2 ? -1.0 : 1.0;  // LPS and RAS differ in the sense of the first two axes
    affine.linear[axis] = {sign * first.row_direction_lps[axis] * first.column_spacing_mm,
                           sign * first.column_direction_lps[axis] * first.row_spacing_mm, sign * step[axis]};
    affine.translation[axis] = sign * first.origin_lps[axis];
  }
  return affine;
}

}  // namespace

SeriesGrid GridOf(const std::vector<ImagePlane>& planes) {
  if (planes.size() < 2)
    Refuse("images in the series = ", planes.size(), ": must be at least 2, a volume has a spacing");
  for (const ImagePlane& plane : planes) {
    CheckPlane(plane);
    CheckAlike(plane, planes.front());
  }
  const Vector3 across = Cross(planes.front().row_direction_lps, planes.front().column_direction_lps);
  const double length = Norm(across);
  const Vector3 normal = {across[0] / length, across[1] / length, across[2] / length};
  const auto along = [&](size_t index) { return Dot(planes[index].origin_lps, normal); };

  SeriesGrid grid;
  grid.order.resize(planes.size());
  std::iota(grid.order.begin(), grid.order.end(), size_t{0});
  std::stable_sort(grid.order.begin(), grid.order.end(),
                   [&](size_t a, size_t b) { return along(a) < along(b); });
  std::vector<double> positions;
  positions.reserve(planes.size());
  for (const size_t index : grid.order) positions.push_back(along(index));
  CheckGaps(positions);

  const ImagePlane& first = planes[grid.order.front()];
  Vector3 step = Difference(planes[grid.order.back()].origin_lps, first.origin_lps);
  for (double& component : step) component /= static_cast<double>(planes.size() - 1);
  CheckLine(planes, grid.order, normal, step);

  grid.geometry.shape = {first.columns, first.rows, static_cast<int64_t>(planes.size())};
  grid.geometry.affine_ras = RasAffine(first, step);
  grid.geometry.header_spacing_mm = {RoundToFloat32(first.column_spacing_mm),
                                     RoundToFloat32(first.row_spacing_mm), RoundToFloat32(Norm(step))};
  return grid;
}

}  // namespace tuckerseg
