#include "engine/preview/legend.h"

#include <algorithm>
#include <optional>

namespace tuckerseg {
namespace {

constexpr double kColumnWidth = 250;
constexpr size_t kMostRows = 12;
constexpr double kFont = 13;
constexpr double kTextOffset = 46;

/// "kidney_left" -> "kidney left".
std::string Readable(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

std::string Shortened(const Canvas& canvas, std::string text, double width) {
  if (canvas.WidthOf(text, kFont) <= width) return text;
  while (!text.empty() && canvas.WidthOf(text + "...", kFont) > width) text.pop_back();
  return text + "...";
}

}  // namespace

std::vector<Entry> VisibleStructures(std::span<const Plane> planes, std::span<const Label> names) {
  std::map<uint16_t, double> areas;
  for (const Plane& plane : planes) {
    const double sample_mm2 = plane.width_mm * plane.height_mm / static_cast<double>(plane.width * plane.height);
    for (const uint16_t label : plane.labels)
      if (label != 0) areas[label] += sample_mm2;
  }
  std::vector<std::pair<uint16_t, double>> sorted(areas.begin(), areas.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second > b.second; });

  std::vector<Entry> entries;
  std::vector<std::optional<Rgb>> own;
  for (const auto& [value, area] : sorted) {
    const auto label = std::find_if(names.begin(), names.end(), [value = value](const Label& l) { return l.value == value; });
    Entry& entry = entries.emplace_back();
    entry.value = value;
    entry.name = label == names.end() ? "label " + std::to_string(value) : Readable(label->name);
    entry.number = static_cast<int>(entries.size());
    own.push_back(label == names.end() ? std::nullopt : label->rgb);
  }
  const std::vector<Rgb> colours = TellApart(own);
  for (size_t i = 0; i < entries.size(); ++i) entries[i].colour = colours[i];
  return entries;
}

LegendGrid LegendFor(size_t entries, double width) {
  LegendGrid grid;
  grid.columns = std::max<size_t>(1, static_cast<size_t>(width / kColumnWidth));
  grid.rows = std::min(kMostRows, (entries + grid.columns - 1) / grid.columns);
  const size_t places = grid.rows * grid.columns;
  grid.shown = entries <= places ? entries : places - 1;
  return grid;
}

void DrawLegend(const Canvas& canvas, std::span<const Entry> entries, const LegendGrid& grid, const PixelBox& box) {
  const double column_width = box.width / static_cast<double>(grid.columns);
  const auto place = [&](size_t i) {
    return Point{box.x + static_cast<double>(i / grid.rows) * column_width, box.y + static_cast<double>(i % grid.rows) * kLegendRowHeight};
  };
  for (size_t i = 0; i < grid.shown; ++i) {
    const auto [x, y] = place(i);
    canvas.SetColour(entries[i].colour);
    cairo_rectangle(canvas.context(), x, y + 3, 14, 14);
    cairo_fill(canvas.context());
    canvas.SetColour({150, 150, 150});
    canvas.Write(std::to_string(entries[i].number), x + kTextOffset - 8, y + 15, kFont, 1);
    canvas.SetColour({230, 230, 230});
    canvas.Write(Shortened(canvas, entries[i].name, column_width - kTextOffset - 8), x + kTextOffset, y + 15, kFont);
  }
  if (grid.shown < entries.size()) {
    const auto [x, y] = place(grid.shown);
    canvas.SetColour({230, 230, 230});
    canvas.Write("+ " + std::to_string(entries.size() - grid.shown) + " more", x + kTextOffset, y + 15, kFont);
  }
}

}  // namespace tuckerseg
