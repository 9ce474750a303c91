/// One plane as it is drawn: the CT, outlines, directions, a scale bar.
#pragma once

#include <map>
#include <span>

#include "engine/preview/canvas.h"
#include "engine/preview/legend.h"
#include "engine/preview/plane.h"

namespace tuckerseg {

/// Draws `plane` at `pixels_per_mm` into the middle of `frame`. `marked`: entries whose numbers are written into them.
void DrawPanel(const Canvas& canvas, const Plane& plane, std::span<const Entry> entries, size_t marked, double pixels_per_mm,
               const PixelBox& frame);

/// The length in mm of a bar that is a round number and at most `longest_mm`: 1, 2 or 5 times a power of ten.
double ScaleBarMm(double longest_mm);

}  // namespace tuckerseg
