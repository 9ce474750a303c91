#include "compression/evaluate/surfel_area.h"

#include <bit>
#include <cmath>
#include <vector>

namespace tuckerseg {
namespace {

using Point = std::array<double, 3>;

/// Two corners of the cube that differ along one axis; the surface cuts between them.
struct Edge {
  int inside;
  int outside;
  bool operator==(const Edge&) const = default;
};

bool Inside(int code, int corner) { return (code >> corner & 1) != 0; }

Point Middle(const Edge& edge) {
  Point middle;
  for (int axis = 0; axis < 3; ++axis) middle[static_cast<size_t>(axis)] = ((edge.inside >> axis & 1) + (edge.outside >> axis & 1)) / 2.0;
  return middle;
}

/// The cut edge on which the surface goes on from `edge` over the face that lies across `axis`: around the inner corner where inner
/// corners are kept apart, which makes no difference on faces that are not ambiguous.
Edge Across(int code, const Edge& edge, int axis) {
  const int along = edge.inside ^ edge.outside;      // bit of the edge's own axis
  const int turn = 7 ^ along ^ (1 << axis);           // bit of the face's other axis
  if (!Inside(code, edge.inside ^ turn)) return {edge.inside, edge.inside ^ turn};
  if (!Inside(code, edge.outside ^ turn)) return {edge.inside ^ turn, edge.outside ^ turn};
  return {edge.outside ^ turn, edge.outside};
}

std::vector<Edge> CutEdges(int code) {
  std::vector<Edge> cut;
  for (int corner = 0; corner < 8; ++corner) {
    for (int axis = 0; axis < 3; ++axis) {
      const int neighbour = corner ^ (1 << axis);
      if (Inside(code, corner) && !Inside(code, neighbour)) cut.push_back({corner, neighbour});
    }
  }
  return cut;
}

/// The closed line on which the surface cuts the cube's faces, from `first` on.
std::vector<Edge> Polygon(int code, const Edge& first) {
  std::vector<Edge> polygon{first};
  int axis = (first.inside ^ first.outside) == 1 ? 1 : 0;
  for (;;) {
    const Edge next = Across(code, polygon.back(), axis);
    if (next == first) return polygon;
    // An edge lies on two faces: having come over one, go on over the other.
    axis = 3 - axis - std::countr_zero(static_cast<unsigned>(next.inside ^ next.outside));
    polygon.push_back(next);
  }
}

double TriangleArea(const Point& a, const Point& b, const Point& c, const Spacing3& spacing_mm) {
  Point u;
  Point v;
  for (size_t axis = 0; axis < 3; ++axis) {
    u[axis] = (b[axis] - a[axis]) * spacing_mm[axis];
    v[axis] = (c[axis] - a[axis]) * spacing_mm[axis];
  }
  return std::hypot(u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]) / 2;
}

struct Areas {
  double cube = 0;  ///< with equal edges, which decides between triangulations
  double mm2 = 0;
};

/// The points [first, last] of a polygon cut into triangles: one on the side from `first` to `last`, and what is left before and behind it.
Areas LargestTriangulation(const std::vector<Point>& points, size_t first, size_t last, const Spacing3& spacing_mm) {
  Areas largest;
  for (size_t apex = first + 1; apex < last; ++apex) {
    const Areas before = LargestTriangulation(points, first, apex, spacing_mm);
    const Areas behind = LargestTriangulation(points, apex, last, spacing_mm);
    const double cube = before.cube + behind.cube + TriangleArea(points[first], points[apex], points[last], {1, 1, 1});
    if (cube <= largest.cube + 1e-9) continue;
    largest = {cube, before.mm2 + behind.mm2 + TriangleArea(points[first], points[apex], points[last], spacing_mm)};
  }
  return largest;
}

double AreaMm2(int code, const Spacing3& spacing_mm) {
  // The surface around the fewer corners is the same as around the others, and those are the ones to keep apart.
  if (std::popcount(static_cast<unsigned>(code)) > 4) code = 255 - code;
  std::vector<Edge> left = CutEdges(code);
  double area = 0;
  while (!left.empty()) {
    std::vector<Point> points;
    for (const Edge& edge : Polygon(code, left.front())) {
      points.push_back(Middle(edge));
      std::erase(left, edge);
    }
    area += LargestTriangulation(points, 0, points.size() - 1, spacing_mm).mm2;
  }
  return area;
}

}  // namespace

std::array<double, 256> SurfelAreasMm2(const Spacing3& spacing_mm) {
  std::array<double, 256> areas{};
  for (int code = 1; code < 255; ++code) areas[static_cast<size_t>(code)] = AreaMm2(code, spacing_mm);
  return areas;
}

}  // namespace tuckerseg
