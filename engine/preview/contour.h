/// Outlines of the labels in a plane.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "engine/preview/plane.h"

namespace tuckerseg {

using Point = std::array<double, 2>;
/// A closed line; its last point joins its first.
using Loop = std::vector<Point>;

/// The outlines of each label that the plane holds, background aside, in samples: sample (u, v) has its centre at (u + 0.5,
/// v + 0.5). Lines run half-way between samples of different labels (marching squares), corners cut once (Chaikin), so that a
/// structure of coarse voxels does not look like stairs. Holes are loops of their own: fill with the even-odd rule.
std::map<uint16_t, std::vector<Loop>> Contours(const Plane& plane);

/// The place inside a label that is furthest from other labels, and how far that is: where a number can stand.
struct Inside {
  Point centre{};     ///< in samples
  double reach = 0;   ///< in samples along the rows and columns
};
std::map<uint16_t, Inside> WidestPlaces(const Plane& plane);

}  // namespace tuckerseg
