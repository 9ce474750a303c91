#include "engine/phantom/primitive.h"

#include <algorithm>
#include <cmath>

namespace tuckerseg::phantom {
namespace {

constexpr float kTiny = 1e-6F;

BoxMm BoundsOf(const Ellipsoid& e) {
  const auto half = [&e](float u, float v, float w) {
    return std::sqrt(u * u * e.radii.x * e.radii.x + v * v * e.radii.y * e.radii.y +
                     w * w * e.radii.z * e.radii.z);
  };
  const Frame& f = e.frame;
  const Point reach{half(f.u.x, f.v.x, f.w.x), half(f.u.y, f.v.y, f.w.y), half(f.u.z, f.v.z, f.w.z)};
  return {e.centre - reach, e.centre + reach};
}

BoxMm BoundsOf(const Capsule& capsule) {
  BoxMm box;
  box.Include(capsule.from);
  box.Include(capsule.to);
  return box.Grown(std::max(capsule.radius_from, capsule.radius_to));
}

BoxMm BoundsOf(const Drum& drum) {
  const Ellipsoid around{drum.centre, Point{drum.radius_u, drum.radius_v, drum.half_height} * 1.5F,
                         drum.frame};
  return BoundsOf(around);
}

}  // namespace

float Distance(const Ellipsoid& ellipsoid, Point p) {
  const Point q = ellipsoid.frame.Local(p - ellipsoid.centre);
  const Point& r = ellipsoid.radii;
  const Point scaled{q.x / r.x, q.y / r.y, q.z / r.z};
  const float value = Length(scaled);
  const float slope = Length(Point{scaled.x / r.x, scaled.y / r.y, scaled.z / r.z});
  if (slope < kTiny) return -std::min({r.x, r.y, r.z});
  return value * (value - 1) / slope;
}

float Distance(const Capsule& capsule, Point p) {
  const Point along = capsule.to - capsule.from;
  const Point offset = p - capsule.from;
  const float t = std::clamp(Dot(offset, along) / std::max(Dot(along, along), kTiny), 0.0F, 1.0F);
  return Length(offset - along * t) - (capsule.radius_from + t * (capsule.radius_to - capsule.radius_from));
}

float Distance(const Drum& drum, Point p) {
  const Point q = drum.frame.Local(p - drum.centre);
  const float x = q.x / drum.radius_u, y = q.y / drum.radius_v;
  const float value = std::sqrt(x * x + y * y);
  const float slope =
      std::sqrt(x * x / (drum.radius_u * drum.radius_u) + y * y / (drum.radius_v * drum.radius_v));
  const float side = slope < kTiny ? -std::min(drum.radius_u, drum.radius_v) : value * (value - 1) / slope;
  return std::max(side, std::abs(q.z) - drum.half_height);
}

BoxMm Bounds(const Primitive& primitive) {
  return std::visit([](const auto& solid) { return BoundsOf(solid); }, primitive);
}

}  // namespace tuckerseg::phantom
