/// Outlines of the labels in a plane.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace tuckerseg {

using Point = std::array<double, 2>;
/// A closed line; its last point joins its first.
using Loop = std::vector<Point>;

/// Labels of a plane: that of sample (u, v) at v * width + u, u to the right, v down.
struct LabelPlane {
  int64_t width = 0, height = 0;     ///< samples
  std::span<const uint16_t> labels;  ///< of width * height; must outlive the plane
};

/// The outlines of each label that the plane holds, background aside, in samples: sample (u, v) has its centre at (u + 0.5,
/// v + 0.5). Lines run half-way between samples of different labels (marching squares), corners cut once (Chaikin), so that a
/// structure of coarse voxels does not look like stairs. Holes are loops of their own: fill with the even-odd rule.
std::map<uint16_t, std::vector<Loop>> Contours(const LabelPlane& plane);

/// The place inside a label that is furthest from other labels, and how far that is: where a number can stand.
struct Inside {
  Point centre{};     ///< in samples
  double reach = 0;   ///< in samples along the rows and columns
};
std::map<uint16_t, Inside> WidestPlaces(const LabelPlane& plane);

}  // namespace tuckerseg
