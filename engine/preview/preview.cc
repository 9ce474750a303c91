#include "engine/preview/preview.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "engine/error.h"
#include "engine/preview/canvas.h"
#include "engine/preview/legend.h"
#include "engine/preview/panel.h"
#include "engine/preview/plane.h"

namespace tuckerseg {
namespace {

constexpr double kMargin = 16;
constexpr double kGap = 10;
constexpr double kTitleHeight = 26;
constexpr double kLineHeight = 28;
constexpr double kPanelMaxHeight = 760;
/// Room for the letters and the scale bar of a plane that is narrower than they are.
constexpr double kPanelMinWidth = 170;
constexpr double kPanelMinHeight = 130;
/// A volume of a few voxels is not blown up beyond this.
constexpr double kMaxPixelsPerVoxel = 32;
constexpr double kMinWidth = 640;
constexpr Rgb kBackground{24, 26, 30};

/// Where everything stands, in pixels of the picture at full size.
struct Layout {
  double pixels_per_mm = 1;
  std::array<PixelBox, 3> panels;
  LegendGrid legend;
  double width = 0, legend_y = 0, height = 0;
};

double PanelWidth(const Plane& plane, double pixels_per_mm) { return std::max(kPanelMinWidth, plane.width_mm * pixels_per_mm); }
double PanelHeight(const Plane& plane, double pixels_per_mm) { return std::max(kPanelMinHeight, plane.height_mm * pixels_per_mm); }

double RowWidth(const std::array<Plane, 3>& planes, double pixels_per_mm) {
  double width = 2 * kMargin + 2 * kGap;
  for (const Plane& plane : planes) width += PanelWidth(plane, pixels_per_mm);
  return width;
}

/// One scale for all planes, so that they can be compared: as large as the picture's width and the panels' height allow.
double PixelsPerMm(const std::array<Plane, 3>& planes) {
  double scale = 1e9;
  for (const Plane& plane : planes) {
    scale = std::min(scale, kPanelMaxHeight / plane.height_mm);
    scale = std::min(scale, kMaxPixelsPerVoxel * static_cast<double>(plane.width) / plane.width_mm);
    scale = std::min(scale, kMaxPixelsPerVoxel * static_cast<double>(plane.height) / plane.height_mm);
  }
  // Planes below the least width take no part in the sum, so the scale is approached from above.
  while (RowWidth(planes, scale) > kPreviewMaxWidth) scale *= 0.99;
  return scale;
}

Layout LayoutFor(const std::array<Plane, 3>& planes, size_t entries) {
  Layout layout;
  layout.pixels_per_mm = PixelsPerMm(planes);
  const double row_width = RowWidth(planes, layout.pixels_per_mm);
  layout.width = std::ceil(std::max(kMinWidth, row_width));
  double x = kMargin + (layout.width - row_width) / 2;
  double panel_height = 0;
  for (const Plane& plane : planes) panel_height = std::max(panel_height, PanelHeight(plane, layout.pixels_per_mm));
  for (size_t p = 0; p < 3; ++p) {
    const double width = PanelWidth(planes[p], layout.pixels_per_mm);
    layout.panels[p] = {x, kMargin + kTitleHeight, width, panel_height};
    x += width + kGap;
  }
  layout.legend = LegendFor(entries, layout.width - 2 * kMargin);
  layout.legend_y = kMargin + kTitleHeight + panel_height + kGap;
  layout.height = std::ceil(layout.legend_y + kLineHeight + static_cast<double>(layout.legend.rows) * kLegendRowHeight + kMargin);
  return layout;
}

/// Whether an axis of the volume lies clearly off the patient's direction that its letters name.
bool IsOblique(const Geometry& geometry, const Orientation& orientation) {
  constexpr double kCosine = 0.9986;  // 3 degrees
  const Affine affine = CanonicalGeometry(geometry, orientation).affine_ras;
  for (size_t c = 0; c < 3; ++c) {
    const double norm = std::hypot(affine.linear[0][c], affine.linear[1][c], affine.linear[2][c]);
    if (affine.linear[c][c] < kCosine * norm) return true;
  }
  return false;
}

std::string Statement(size_t found, size_t visible) {
  if (found == 0) return "Nothing was found in this volume: the planes go through its centre.";
  const std::string structures = std::to_string(found) + (found == 1 ? " structure" : " structures") + " found, ";
  if (visible == 0) return structures + "none of them in these planes";
  return structures + std::to_string(visible) + " in these planes; the largest first:";
}

Canvas Draw(const std::array<Plane, 3>& planes, const std::vector<Entry>& entries, const Layout& layout, const std::string& statement,
            double zoom) {
  Canvas canvas(layout.width, layout.height, zoom, kBackground);
  for (size_t p = 0; p < 3; ++p) {
    const PixelBox& panel = layout.panels[p];
    canvas.SetColour({230, 230, 230});
    canvas.Write(planes[p].name, panel.x + 2, panel.y - 8, 14);
    DrawPanel(canvas, planes[p], entries, layout.legend.shown, layout.pixels_per_mm, panel);
  }
  canvas.SetColour({190, 200, 210});
  canvas.Write(statement, kMargin, layout.legend_y + 16, 14);
  DrawLegend(canvas, entries, layout.legend, {kMargin, layout.legend_y + kLineHeight, layout.width - 2 * kMargin, 0});
  return canvas;
}

void CheckShapes(const Volume& ct, const LabelMap& labels) {
  const Geometry& geometry = ct.geometry;
  if (*std::min_element(geometry.shape.begin(), geometry.shape.end()) < 1) {
    throw Error(ErrorCode::kInvalidArgument, "volume: every axis must have a voxel");
  }
  if (labels.shape != geometry.shape || static_cast<int64_t>(labels.labels.size()) != geometry.VoxelCount()) {
    throw Error(ErrorCode::kInvalidArgument, "label map: must have the shape of its volume");
  }
  if (ct.voxels.size() != static_cast<size_t>(geometry.VoxelCount()) * BytesPerVoxel(ct.type)) {
    throw Error(ErrorCode::kInvalidArgument, "voxels = " + std::to_string(ct.voxels.size()) + " bytes: must fill the volume's shape");
  }
}

}  // namespace

std::vector<std::byte> RenderPreview(const Volume& ct, const LabelMap& labels, std::span<const Label> names) {
  CheckShapes(ct, labels);
  const Orientation orientation = ClosestCanonical(ct.geometry.affine_ras);
  const Found found = FindLabels(labels);
  const auto planes = SamplePlanes(ct, labels, orientation, ChooseCentre(found, orientation));
  const std::vector<Entry> entries = VisibleStructures(planes, names);
  const Layout layout = LayoutFor(planes, entries.size());
  std::string statement = Statement(found.values.size(), entries.size());
  if (IsOblique(ct.geometry, orientation)) statement += "    (oblique volume: letters name the nearest directions)";
  for (double zoom = 1;; zoom *= 0.85) {
    std::vector<std::byte> png = Draw(planes, entries, layout, statement, zoom).Png();
    if (png.size() < kPreviewMaxBytes) return png;
  }
}

}  // namespace tuckerseg
