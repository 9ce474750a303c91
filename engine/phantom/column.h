/// A solid that stands along z with a rounded rectangle as cross-section: what cavities and walls of the
/// trunk are.
#pragma once

#include <vector>

#include "engine/phantom/point.h"

namespace tuckerseg::phantom {

/// The cross-section at one height, symmetric about `centre_x`.
struct ColumnRow {
  float z;
  float radius_x;
  float back_y, front_y;
  float centre_x = 0;
};

class Column {
 public:
  /// `rows` ascend in z (at least two); between them the section changes smoothly, beyond them the column
  /// ends.
  explicit Column(std::vector<ColumnRow> rows);

  /// As of primitive.h; below 0 inside.
  float Distance(Point p) const;
  BoxMm Bounds() const { return bounds_; }
  /// The section at height `z`, that of the nearest end outside.
  ColumnRow At(float z) const;
  /// The point on the surface, grown by `offset`, at height `z` and an angle in the axial plane: 0 on the
  /// right (x > 0), pi/2 in front. Follows the section's ellipse, so it lies up to a tenth inside the
  /// corners.
  Point Surface(float z, float angle, float offset) const;
  /// The same column, wider by `sides` on both sides, `back` behind and `front` in front.
  Column Widened(float sides, float back, float front) const;

 private:
  std::vector<ColumnRow> rows_;
  BoxMm bounds_;
};

}  // namespace tuckerseg::phantom
