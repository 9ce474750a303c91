/// The solids that organs are blended from, each with the distance to its surface.
#pragma once

#include <variant>

#include "engine/phantom/point.h"

namespace tuckerseg::phantom {

struct Ellipsoid {
  Point centre;
  Point radii;  ///< along the frame's axes
  Frame frame;
};

/// A piece of a tube whose radius changes evenly from one end to the other, with round ends.
struct Capsule {
  Point from, to;
  float radius_from = 1, radius_to = 1;
};

/// An elliptic cylinder along the frame's w, with flat ends.
struct Drum {
  Point centre;
  float radius_u = 1, radius_v = 1, half_height = 1;
  Frame frame;
};

using Primitive = std::variant<Ellipsoid, Capsule, Drum>;

/// Distance from `p` to the surface in mm, below 0 inside: exact at the surface, and near it to first order.
float Distance(const Ellipsoid& ellipsoid, Point p);
float Distance(const Capsule& capsule, Point p);
float Distance(const Drum& drum, Point p);

BoxMm Bounds(const Primitive& primitive);

}  // namespace tuckerseg::phantom
