#include "engine/preview/colours.h"

#include <algorithm>
#include <cmath>

namespace tuckerseg {
namespace {

constexpr std::array<Rgb, 24> kPalette{{{230, 25, 75},  {60, 180, 75},   {255, 225, 25}, {67, 99, 216},  {245, 130, 49},  {145, 30, 180},
                                        {66, 212, 244}, {240, 50, 230},  {191, 239, 69}, {250, 190, 212}, {0, 140, 140},  {220, 190, 255},
                                        {154, 99, 36},  {255, 250, 200}, {170, 50, 50},  {170, 255, 195}, {140, 140, 0},  {255, 216, 177},
                                        {90, 110, 255}, {0, 255, 160},   {255, 110, 150}, {190, 120, 255}, {110, 190, 110}, {150, 200, 255}}};
/// Colours that are nearer than this, by Apart(), are taken for each other in an outline of two pixels.
constexpr double kTooNear = 110;
/// Of 255: anything darker vanishes on soft tissue.
constexpr double kDarkest = 70;

/// The "redmean" distance: as the eye sees differences, near enough, and without a colour space.
double Apart(const Rgb& a, const Rgb& b) {
  const double red = (a[0] + b[0]) / 2.0;
  const double dr = a[0] - b[0], dg = a[1] - b[1], db = a[2] - b[2];
  return std::sqrt((2 + red / 256) * dr * dr + 4 * dg * dg + (2 + (255 - red) / 256) * db * db);
}

double ApartFromAll(const Rgb& colour, const std::vector<Rgb>& others) {
  double nearest = 1e9;
  for (const Rgb& other : others) nearest = std::min(nearest, Apart(colour, other));
  return nearest;
}

/// Mixed with white until it is bright enough.
Rgb Lightened(const Rgb& colour) {
  const double brightness = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2];
  if (brightness >= kDarkest) return colour;
  const double white = (kDarkest - brightness) / (255 - brightness);
  Rgb light{};
  for (size_t c = 0; c < 3; ++c) light[c] = static_cast<uint8_t>(std::lround(colour[c] + white * (255 - colour[c])));
  return light;
}

}  // namespace

std::vector<Rgb> TellApart(std::span<const std::optional<Rgb>> own) {
  std::vector<Rgb> colours;
  for (const std::optional<Rgb>& wanted : own) {
    std::optional<Rgb> best;
    if (wanted) best = Lightened(*wanted);
    double apart = best ? ApartFromAll(*best, colours) : -1;
    if (apart < kTooNear) {
      for (const Rgb& candidate : kPalette) {
        const double distance = ApartFromAll(candidate, colours);
        if (distance <= apart) continue;
        best = candidate;
        apart = distance;
      }
    }
    colours.push_back(*best);
  }
  return colours;
}

}  // namespace tuckerseg
