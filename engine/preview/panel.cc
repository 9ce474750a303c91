#include "engine/preview/panel.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "engine/contour.h"

namespace tuckerseg {
namespace {

constexpr double kOutline = 1.6;
constexpr double kFillAlpha = 0.22;
/// Above this, labels change almost everywhere: outlines would hide the CT, and take cairo a minute. Whole planes of a body have
/// a tenth of it.
constexpr size_t kMostOutlinePoints = 100'000;
constexpr double kLetterFont = 15;
constexpr double kNumberFont = 10;

/// Fills the loops thinly, and draws their lines inside them, so that neighbours' lines lie side by side.
void DrawStructure(const Canvas& canvas, const std::vector<Loop>& loops, const Plane& plane, const PixelBox& image, const Rgb& colour) {
  cairo_t* const context = canvas.context();
  const double across = image.width / static_cast<double>(plane.width);
  const double down = image.height / static_cast<double>(plane.height);
  cairo_save(context);
  for (const Loop& loop : loops) {
    cairo_new_sub_path(context);
    for (const Point& point : loop) cairo_line_to(context, image.x + point[0] * across, image.y + point[1] * down);
    cairo_close_path(context);
  }
  cairo_set_fill_rule(context, CAIRO_FILL_RULE_EVEN_ODD);
  canvas.SetColour(colour, kFillAlpha);
  cairo_fill_preserve(context);
  cairo_clip_preserve(context);
  canvas.SetColour(colour);
  cairo_set_line_width(context, 2 * kOutline);
  cairo_stroke(context);
  cairo_restore(context);
}

void DrawGrey(const Canvas& canvas, const Plane& plane, const PixelBox& image) {
  std::vector<uint32_t> argb;
  argb.reserve(plane.grey.size());
  for (const uint8_t grey : plane.grey) argb.push_back(0xFF000000U | 0x010101U * grey);
  canvas.DrawSamples(argb, static_cast<int>(plane.width), static_cast<int>(plane.height), image);
}

/// Structures as thinly coloured samples, without outlines.
void DrawLabels(const Canvas& canvas, const Plane& plane, std::span<const Entry> entries, const PixelBox& image) {
  constexpr uint32_t kAlpha = 110;
  std::map<uint16_t, uint32_t> colours{{uint16_t{0}, 0}};
  for (const Entry& entry : entries) {
    uint32_t argb = kAlpha;
    for (const uint8_t component : entry.colour) argb = argb << 8 | component * kAlpha / 255;
    colours[entry.value] = argb;
  }
  std::vector<uint32_t> argb;
  argb.reserve(plane.labels.size());
  for (const uint16_t label : plane.labels) argb.push_back(colours[label]);
  canvas.DrawSamples(argb, static_cast<int>(plane.width), static_cast<int>(plane.height), image);
}

void DrawOutlines(const Canvas& canvas, const Plane& plane, std::span<const Entry> entries, const PixelBox& image) {
  const auto contours = Contours(plane.LabelsOnly());
  size_t points = 0;
  for (const auto& [label, loops] : contours)
    for (const Loop& loop : loops) points += loop.size();
  if (points > kMostOutlinePoints) return DrawLabels(canvas, plane, entries, image);
  for (const Entry& entry : entries) {
    const auto loops = contours.find(entry.value);
    if (loops != contours.end()) DrawStructure(canvas, loops->second, plane, image, entry.colour);
  }
}

/// The structure's number, where there is room for it.
void DrawNumber(const Canvas& canvas, const Entry& entry, const Inside& inside, const Plane& plane, const PixelBox& image) {
  const double across = image.width / static_cast<double>(plane.width);
  const double down = image.height / static_cast<double>(plane.height);
  const std::string number = std::to_string(entry.number);
  if (inside.reach * std::min(across, down) < kNumberFont) return;
  canvas.SetColour({255, 255, 255});
  canvas.Write(number, image.x + inside.centre[0] * across, image.y + inside.centre[1] * down + 0.36 * kNumberFont, kNumberFont, 0.5, true);
}

void DrawDirections(const Canvas& canvas, const Plane& plane, const PixelBox& frame) {
  const double middle_x = frame.x + frame.width / 2;
  const double middle_y = frame.y + frame.height / 2 + 0.36 * kLetterFont;
  canvas.SetColour({255, 230, 120});
  canvas.Write({plane.directions[0]}, frame.x + 6, middle_y, kLetterFont, 0, true);
  canvas.Write({plane.directions[1]}, frame.x + frame.width - 6, middle_y, kLetterFont, 1, true);
  canvas.Write({plane.directions[2]}, middle_x, frame.y + 6 + 0.75 * kLetterFont, kLetterFont, 0.5, true);
  canvas.Write({plane.directions[3]}, middle_x, frame.y + frame.height - 6, kLetterFont, 0.5, true);
}

std::string LengthText(double mm) {
  char text[32];
  mm >= 10 ? std::snprintf(text, sizeof(text), "%g cm", mm / 10) : std::snprintf(text, sizeof(text), "%g mm", mm);
  return text;
}

void DrawScale(const Canvas& canvas, double pixels_per_mm, const PixelBox& frame) {
  const double mm = ScaleBarMm(0.3 * frame.width / pixels_per_mm);
  const double length = mm * pixels_per_mm;
  const double right = frame.x + frame.width - 10;
  const double y = frame.y + frame.height - 10;
  canvas.SetColour({0, 0, 0}, 0.8);
  cairo_rectangle(canvas.context(), right - length - 1, y - 3, length + 2, 5);
  cairo_fill(canvas.context());
  canvas.SetColour({255, 255, 255});
  cairo_rectangle(canvas.context(), right - length, y - 2, length, 3);
  cairo_fill(canvas.context());
  canvas.Write(LengthText(mm), right, y - 8, 11, 1, true);
}

}  // namespace

double ScaleBarMm(double longest_mm) {
  const double power = std::pow(10.0, std::floor(std::log10(longest_mm)));
  for (const double factor : {5.0, 2.0})
    if (factor * power <= longest_mm) return factor * power;
  return power;
}

void DrawPanel(const Canvas& canvas, const Plane& plane, std::span<const Entry> entries, size_t marked, double pixels_per_mm,
               const PixelBox& frame) {
  canvas.SetColour({0, 0, 0});
  cairo_rectangle(canvas.context(), frame.x, frame.y, frame.width, frame.height);
  cairo_fill(canvas.context());
  PixelBox image;
  image.width = std::max(1.0, plane.width_mm * pixels_per_mm);
  image.height = std::max(1.0, plane.height_mm * pixels_per_mm);
  image.x = frame.x + (frame.width - image.width) / 2;
  image.y = frame.y + (frame.height - image.height) / 2;
  DrawGrey(canvas, plane, image);
  DrawOutlines(canvas, plane, entries, image);
  const auto places = WidestPlaces(plane.LabelsOnly());
  for (const Entry& entry : entries.first(marked)) {
    const auto inside = places.find(entry.value);
    if (inside != places.end()) DrawNumber(canvas, entry, inside->second, plane, image);
  }
  DrawDirections(canvas, plane, frame);
  DrawScale(canvas, pixels_per_mm, frame);
}

}  // namespace tuckerseg
