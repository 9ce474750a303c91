/// The form of one organ: solids blended into one another, cut by planes, kept inside a cavity.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/phantom/column.h"
#include "engine/phantom/primitive.h"

namespace tuckerseg::phantom {

/// Keeps the side that `normal` (of length 1) points away from: Dot(normal, p) <= offset.
struct Plane {
  Point normal;
  float offset;
};

/// Keeps what lies inside `column` and at least `inset_mm` (may be negative) below its surface.
struct Enclosure {
  std::shared_ptr<const Column> column;
  float inset_mm = 0;
};

/// Without primitives, a shape is what its enclosures and cuts leave; it needs one enclosure then.
struct Shape {
  std::vector<Primitive> primitives;
  float blend_mm = 0;  ///< over which two solids melt into each other; 0: a plain union
  std::vector<Plane> cuts;
  std::vector<Enclosure> enclosures;

  /// Distance to the surface in mm, below 0 inside. `near`: the solids to look at; those left out must be
  /// further from `p` than the distance that matters to the caller plus `blend_mm`.
  float Distance(Point p, std::span<const Primitive* const> near) const;
  BoxMm Bounds() const;
};

/// The plane through `p` that keeps the side `normal` points away from.
Plane PlaneThrough(Point p, Point normal);

/// A point that a tube passes, and how thick it is there.
struct TubePoint {
  Point at;
  float radius;
};

/// A tube along a Catmull-Rom spline through `points` (at least two), as capsules of at most `step_mm`.
Shape Tube(std::span<const TubePoint> points, float step_mm = 12);
Shape Tube(std::initializer_list<TubePoint> points, float step_mm = 12);

/// `shape` with every solid `by_mm` thicker all round; cuts and enclosures stay.
Shape Thickened(Shape shape, float by_mm);

/// Appends the solids of `other` to `shape`; blend, cuts and enclosures stay those of `shape`.
void Append(Shape& shape, const Shape& other);

}  // namespace tuckerseg::phantom
