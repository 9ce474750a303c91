/// The list of structures below the planes.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/contour.h"
#include "engine/model/model.h"
#include "engine/preview/canvas.h"
#include "engine/preview/plane.h"

namespace tuckerseg {

/// A structure that is seen in a plane.
struct Entry {
  uint16_t value = 0;
  std::string name;
  Rgb colour{};
  int number = 0;  ///< its place, from 1: stands in the planes too, as colours alone do not tell many structures apart
};

/// The structures of the planes, those with the largest area first.
std::vector<Entry> VisibleStructures(std::span<const Plane> planes, std::span<const Label> names);

inline constexpr double kLegendRowHeight = 20;

/// How entries are spread over columns.
struct LegendGrid {
  size_t columns = 1, rows = 0;
  size_t shown = 0;  ///< entries; where that is not all, "+ N more" takes the last place
};
LegendGrid LegendFor(size_t entries, double width);

void DrawLegend(const Canvas& canvas, std::span<const Entry> entries, const LegendGrid& grid, const PixelBox& box);

}  // namespace tuckerseg
