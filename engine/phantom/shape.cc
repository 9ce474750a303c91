#include "engine/phantom/shape.h"

#include <algorithm>
#include <cmath>

namespace tuckerseg::phantom {
namespace {

/// Inigo Quilez's polynomial smooth minimum: equals the minimum where the two differ by more than `width`.
float SmoothMinimum(float a, float b, float width) {
  const float overlap = std::max(width - std::abs(a - b), 0.0F);
  return std::min(a, b) - overlap * overlap / (4 * width);
}

float CatmullRom(float a, float b, float c, float d, float t) {
  return b + 0.5F * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}

TubePoint Between(std::span<const TubePoint> points, size_t segment, float t) {
  const TubePoint& b = points[segment];
  const TubePoint& c = points[segment + 1];
  const TubePoint& a = segment == 0 ? b : points[segment - 1];
  const TubePoint& d = segment + 2 < points.size() ? points[segment + 2] : c;
  return {{CatmullRom(a.at.x, b.at.x, c.at.x, d.at.x, t), CatmullRom(a.at.y, b.at.y, c.at.y, d.at.y, t),
           CatmullRom(a.at.z, b.at.z, c.at.z, d.at.z, t)},
          b.radius + t * (c.radius - b.radius)};
}

struct Thickener {
  float by_mm;

  void operator()(Ellipsoid& e) const { e.radii = e.radii + Point{by_mm, by_mm, by_mm}; }
  void operator()(Capsule& c) const {
    c.radius_from += by_mm;
    c.radius_to += by_mm;
  }
  void operator()(Drum& d) const {
    d.radius_u += by_mm;
    d.radius_v += by_mm;
    d.half_height += by_mm;
  }
};

}  // namespace

float Shape::Distance(Point p, std::span<const Primitive* const> near) const {
  float distance = primitives.empty() ? -1e9F : 1e9F;
  for (const Primitive* primitive : near) {
    const float other =
        std::visit([p](const auto& solid) { return phantom::Distance(solid, p); }, *primitive);
    distance = blend_mm > 0 ? SmoothMinimum(distance, other, blend_mm) : std::min(distance, other);
  }
  for (const Plane& cut : cuts) distance = std::max(distance, Dot(cut.normal, p) - cut.offset);
  for (const Enclosure& enclosure : enclosures)
    distance = std::max(distance, enclosure.column->Distance(p) + enclosure.inset_mm);
  return distance;
}

BoxMm Shape::Bounds() const {
  BoxMm box;
  for (const Primitive& primitive : primitives) {
    const BoxMm one = phantom::Bounds(primitive);
    box.Include(one.low);
    box.Include(one.high);
  }
  if (!primitives.empty()) return box.Grown(blend_mm);
  for (const Enclosure& enclosure : enclosures) {
    const BoxMm one = enclosure.column->Bounds().Grown(std::max(-enclosure.inset_mm, 0.0F));
    box.Include(one.low);
    box.Include(one.high);
  }
  return box;
}

Plane PlaneThrough(Point p, Point normal) {
  const Point unit = Unit(normal);
  return {unit, Dot(unit, p)};
}

Shape Tube(std::span<const TubePoint> points, float step_mm) {
  Shape tube;
  TubePoint last = points.front();
  for (size_t segment = 0; segment + 1 < points.size(); ++segment) {
    const float length = Length(points[segment + 1].at - points[segment].at);
    const int pieces = std::max(1, static_cast<int>(std::ceil(length / step_mm)));
    for (int piece = 1; piece <= pieces; ++piece) {
      const TubePoint next = Between(points, segment, static_cast<float>(piece) / static_cast<float>(pieces));
      tube.primitives.push_back(Capsule{last.at, next.at, last.radius, next.radius});
      last = next;
    }
  }
  return tube;
}

Shape Tube(std::initializer_list<TubePoint> points, float step_mm) {
  return Tube(std::span<const TubePoint>(points.begin(), points.size()), step_mm);
}

Shape Thickened(Shape shape, float by_mm) {
  for (Primitive& primitive : shape.primitives) std::visit(Thickener{by_mm}, primitive);
  return shape;
}

void Append(Shape& shape, const Shape& other) {
  shape.primitives.insert(shape.primitives.end(), other.primitives.begin(), other.primitives.end());
}

}  // namespace tuckerseg::phantom
