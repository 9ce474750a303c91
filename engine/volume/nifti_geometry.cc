#include "engine/volume/nifti_geometry.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <sstream>
#include <string>

#include "engine/error.h"

namespace tuckerseg {
namespace {

template <typename Value>
[[noreturn]] void Refuse(const std::string& field, const Value& value, const std::string& right) {
  std::ostringstream message;
  message << field << " = " << value << ": " << right;
  throw Error(ErrorCode::kInvalidArgument, message.str());
}

double Determinant(const Matrix3& m) {
  return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
         m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
}

Spacing3 ColumnNorms(const Affine& affine) {
  Spacing3 norms{};
  for (size_t c = 0; c < 3; ++c) {
    norms[c] = std::hypot(affine.linear[0][c], affine.linear[1][c], affine.linear[2][c]);
  }
  return norms;
}

Spacing3 ReadSpacing(const NiftiFields& fields, const NiftiLayout& layout, const VolumeLimits& limits) {
  Spacing3 spacing{};
  for (size_t a = 0; a < 3; ++a) {
    spacing[a] = fields.Real(layout, layout.pixdim, a + 1);
    if (!(spacing[a] >= limits.min_spacing_mm[a] && spacing[a] <= limits.max_spacing_mm[a])) {
      std::ostringstream range;
      range << "must be in [" << limits.min_spacing_mm[a] << ", " << limits.max_spacing_mm[a] << "] mm";
      Refuse("pixdim[" + std::to_string(a + 1) + "]", spacing[a], range.str());
    }
  }
  return spacing;
}

/// nibabel's get_qform: a unit quaternion (a, b, c, d) from its last three entries, scaled by pixdim, qfac on the third column.
Affine ReadQform(const NiftiFields& fields, const NiftiLayout& layout, const Spacing3& spacing) {
  static constexpr std::array<const char*, 3> kQuaternNames{"quatern_b", "quatern_c", "quatern_d"};
  static constexpr std::array<const char*, 3> kOffsetNames{"qoffset_x", "qoffset_y", "qoffset_z"};
  std::array<double, 3> q{};
  for (size_t i = 0; i < 3; ++i) {
    q[i] = fields.Real(layout, layout.quatern_b, i);
    if (!std::isfinite(q[i])) Refuse(kQuaternNames[i], q[i], "must be finite when qform_code > 0");
  }
  const double rest = 1.0 - (q[0] * q[0] + q[1] * q[1] + q[2] * q[2]);
  // Rounded when stored, a half turn's entries can sum to a little above or below 1 (nibabel's threshold).
  const double tolerance = 3 * (layout.wide ? std::numeric_limits<double>::epsilon()
                                            : static_cast<double>(std::numeric_limits<float>::epsilon()));
  if (rest < -std::max(tolerance, 1e-9)) Refuse("quatern_b, c, d: sum of squares", 1.0 - rest, "must be at most 1");
  double a = std::sqrt(std::max(rest, 0.0));
  double b = q[0];
  double c = q[1];
  double d = q[2];
  if (rest < tolerance) {
    const double norm = std::sqrt(b * b + c * c + d * d);
    a = 0;
    b /= norm;
    c /= norm;
    d /= norm;
  }
  const double stored_qfac = fields.Real(layout, layout.pixdim, 0);
  if (stored_qfac != 1 && stored_qfac != -1 && stored_qfac != 0) {
    Refuse("pixdim[0] (qfac)", stored_qfac, "must be 1 or -1 when qform_code > 0");
  }
  const double qfac = stored_qfac == -1 ? -1.0 : 1.0;
  Affine affine;
  affine.linear = LinearOf({a, b, c, d, qfac}, spacing);
  for (size_t r = 0; r < 3; ++r) {
    affine.translation[r] = fields.Real(layout, layout.qoffset_x, r);
    if (!std::isfinite(affine.translation[r])) {
      Refuse(kOffsetNames[r], affine.translation[r], "must be finite when qform_code > 0");
    }
  }
  return affine;
}

Affine ReadSform(const NiftiFields& fields, const NiftiLayout& layout) {
  static constexpr std::array<const char*, 3> kRows{"srow_x", "srow_y", "srow_z"};
  Affine affine;
  for (size_t r = 0; r < 3; ++r)
    for (size_t c = 0; c < 4; ++c) {
      const double value = fields.Real(layout, layout.srow_x, 4 * r + c);
      if (!std::isfinite(value)) {
        Refuse(std::string(kRows[r]) + "[" + std::to_string(c) + "]", value, "must be finite when sform_code > 0");
      }
      (c < 3 ? affine.linear[r][c] : affine.translation[r]) = value;
    }
  const Spacing3 norms = ColumnNorms(affine);
  const double volume = norms[0] * norms[1] * norms[2];
  if (!(std::abs(Determinant(affine.linear)) > 1e-6 * volume) || !(volume > 0)) {
    Refuse("srow_x, y, z: determinant", Determinant(affine.linear), "must not be singular when sform_code > 0");
  }
  return affine;
}

/// nibabel's base affine: x to the left, the centre of the volume at the origin.
Affine BaseAffine(const Index3& shape, const Spacing3& spacing) {
  Affine affine;
  for (size_t a = 0; a < 3; ++a) {
    affine.linear[a][a] = a == 0 ? -spacing[a] : spacing[a];
    affine.translation[a] = -static_cast<double>(shape[a] - 1) / 2.0 * affine.linear[a][a];
  }
  return affine;
}

void RefuseConflict(const Affine& sform, const Affine& qform, const Index3& shape, const Spacing3& spacing) {
  const double limit = kFormToleranceVoxels * *std::min_element(spacing.begin(), spacing.end());
  const double distance = CornerDistance(sform, qform, shape);
  if (distance <= limit) return;
  std::ostringstream message;
  message << "sform and qform disagree by " << distance << " mm at a corner of the volume: must be within " << limit
          << " mm (" << kFormToleranceVoxels << " voxels); correct one of them, or set its code to 0";
  throw Error(ErrorCode::kInvalidArgument, message.str());
}

/// `form`: the name of the affine's source, for the message.
void RefuseSheared(const Affine& affine, const Spacing3& spacing, const std::string& form) {
  const Spacing3 norms = ColumnNorms(affine);
  double worst = 0;
  for (size_t a = 0; a < 3; ++a)
    for (size_t b = 0; b < a; ++b) {
      double product = 0;
      for (size_t r = 0; r < 3; ++r) product += affine.linear[r][a] * affine.linear[r][b];
      worst = std::max(worst, std::abs(product) / (norms[a] * norms[b]));
    }
  if (worst > kOrthonormalTolerance) {
    std::ostringstream right;
    right << "directions must be orthonormal within " << kOrthonormalTolerance << "; resample the volume to a grid without shear";
    Refuse(form + ": largest cosine between axes", worst, right.str());
  }
  for (size_t a = 0; a < 3; ++a) {
    if (std::abs(norms[a] - spacing[a]) > 0.01 * spacing[a]) {
      std::ostringstream right;
      right << "must be within 1 % of " << norms[a] << " mm, the length of column " << a << " of " << form;
      Refuse("pixdim[" + std::to_string(a + 1) + "]", spacing[a], right.str());
    }
  }
}

}  // namespace

Matrix3 LinearOf(const Quaternion& q, const Spacing3& spacing_mm) {
  const auto& [a, b, c, d, qfac] = q;
  Matrix3 linear{{{a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)},
                  {2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)},
                  {2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c}}};
  for (auto& row : linear)
    for (size_t column = 0; column < 3; ++column) row[column] *= spacing_mm[column] * (column == 2 ? qfac : 1.0);
  return linear;
}

double CornerDistance(const Affine& one, const Affine& two, const Index3& shape) {
  double largest = 0;
  for (unsigned corner = 0; corner < 8; ++corner) {
    std::array<double, 3> difference{};
    for (size_t r = 0; r < 3; ++r) {
      difference[r] = one.translation[r] - two.translation[r];
      for (size_t c = 0; c < 3; ++c) {
        const double index = (corner >> c & 1U) != 0 ? static_cast<double>(shape[c] - 1) : 0.0;
        difference[r] += (one.linear[r][c] - two.linear[r][c]) * index;
      }
    }
    largest = std::max(largest, std::hypot(difference[0], difference[1], difference[2]));
  }
  return largest;
}

Geometry ReadNiftiGeometry(const NiftiFields& fields, const NiftiLayout& layout, const Index3& shape,
                           const VolumeLimits& limits, GeometryPolicy policy) {
  const int units = (layout.wide ? fields.Read<int32_t>(layout.xyzt_units) : fields.Read<int8_t>(layout.xyzt_units)) & 7;
  // Reference readers ignore the unit; a factor of 1000 in every spacing is worse than a refusal.
  if (units != 0 && units != 2) Refuse("xyzt_units: spatial unit", units, "must be 2 (millimetre) or 0 (unknown)");
  const int32_t qform_code = fields.Code(layout, layout.qform_code);
  const int32_t sform_code = fields.Code(layout, layout.sform_code);
  for (const auto& [name, code] : {std::pair{"qform_code", qform_code}, std::pair{"sform_code", sform_code}}) {
    if (code < 0 || code > 5) Refuse(name, code, "must be in [0, 5]");
  }

  Geometry geometry;
  geometry.shape = shape;
  geometry.header_spacing_mm = ReadSpacing(fields, layout, limits);
  std::optional<Affine> qform;
  std::optional<Affine> sform;
  if (qform_code > 0) qform = ReadQform(fields, layout, geometry.header_spacing_mm);
  if (sform_code > 0) sform = ReadSform(fields, layout);

  const bool take_qform = qform && (!sform || policy == GeometryPolicy::kPreferQform);
  geometry.affine_ras = take_qform ? *qform : sform ? *sform : BaseAffine(shape, geometry.header_spacing_mm);
  if (policy == GeometryPolicy::kRefuse) {
    if (sform && qform) RefuseConflict(*sform, *qform, shape, geometry.header_spacing_mm);
    if (sform) RefuseSheared(*sform, geometry.header_spacing_mm, "sform");
  }
  const Spacing3 spacing = geometry.AffineSpacingMm();
  for (size_t a = 0; a < 3; ++a) {
    if (!(spacing[a] >= limits.min_spacing_mm[a] && spacing[a] <= limits.max_spacing_mm[a])) {
      std::ostringstream range;
      range << "must be in [" << limits.min_spacing_mm[a] << ", " << limits.max_spacing_mm[a] << "] mm";
      Refuse("sform: length of column " + std::to_string(a), spacing[a], range.str());
    }
  }
  return geometry;
}

}  // namespace tuckerseg
