/// Points and directions in the body frame: millimetres, x towards the patient's right, y anterior, z
/// superior.
#pragma once

#include <algorithm>
#include <cmath>

namespace tuckerseg::phantom {

struct Point {
  float x = 0, y = 0, z = 0;
};

constexpr Point operator+(Point a, Point b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
constexpr Point operator-(Point a, Point b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
constexpr Point operator*(Point a, float s) { return {a.x * s, a.y * s, a.z * s}; }
constexpr float Dot(Point a, Point b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
constexpr Point Cross(Point a, Point b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
inline float Length(Point a) { return std::sqrt(Dot(a, a)); }
inline Point Unit(Point a) { return a * (1 / Length(a)); }

/// An axis-aligned box; empty where low is above high.
struct BoxMm {
  Point low{1e9F, 1e9F, 1e9F};
  Point high{-1e9F, -1e9F, -1e9F};

  void Include(Point p) {
    low = {std::min(low.x, p.x), std::min(low.y, p.y), std::min(low.z, p.z)};
    high = {std::max(high.x, p.x), std::max(high.y, p.y), std::max(high.z, p.z)};
  }
  BoxMm Grown(float by) const { return {low - Point{by, by, by}, high + Point{by, by, by}}; }
  bool Meets(const BoxMm& other) const {
    return low.x <= other.high.x && other.low.x <= high.x && low.y <= other.high.y && other.low.y <= high.y &&
           low.z <= other.high.z && other.low.z <= high.z;
  }
};

/// Three orthonormal directions: the axes of something that lies turned in the body.
struct Frame {
  Point u{1, 0, 0}, v{0, 1, 0}, w{0, 0, 1};

  Point Local(Point p) const { return {Dot(p, u), Dot(p, v), Dot(p, w)}; }
};

/// The frame whose first axis lies along `u` and whose second is as near to `v` as can be. They must not be
/// parallel.
inline Frame FrameOf(Point u, Point v) {
  const Point first = Unit(u);
  const Point second = Unit(v - first * Dot(v, first));
  return {first, second, Cross(first, second)};
}

}  // namespace tuckerseg::phantom
