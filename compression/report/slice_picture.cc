#include "compression/report/slice_picture.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "engine/error.h"

namespace tuckerseg {
namespace {

constexpr double kWindowLowHu = -160;
constexpr double kWindowHighHu = 240;

void Check(const SlicePlane& plane) {
  if (plane.width < 1 || plane.height < 1) {
    throw Error(ErrorCode::kInvalidArgument, "slice = " + std::to_string(plane.width) + " x " + std::to_string(plane.height) +
                                                 " pixels: must be at least 1 x 1");
  }
  for (const double mm : plane.pixel_mm) {
    if (!(mm > 0) || !std::isfinite(mm)) {
      throw Error(ErrorCode::kInvalidArgument, "slice.pixel_mm = " + std::to_string(mm) + ": must be positive and finite");
    }
  }
  const auto count = static_cast<size_t>(plane.width * plane.height);
  for (const size_t size : {plane.hu.size(), plane.found.size(), plane.expected.size()}) {
    if (size != count) {
      throw Error(ErrorCode::kInvalidArgument, "slice holds " + std::to_string(size) + " values: must be " + std::to_string(count) +
                                                   ", one for each pixel");
    }
  }
}

/// Half-open ranges of u and v.
struct Box {
  std::array<int64_t, 2> begin{}, end{};
};

Box BoxOfBoth(const SlicePlane& plane) {
  Box box{{plane.width, plane.height}, {0, 0}};
  for (int64_t v = 0; v < plane.height; ++v)
    for (int64_t u = 0; u < plane.width; ++u) {
      const auto at = static_cast<size_t>(v * plane.width + u);
      if (plane.found[at] == 0 && plane.expected[at] == 0) continue;
      box.begin = {std::min(box.begin[0], u), std::min(box.begin[1], v)};
      box.end = {std::max(box.end[0], u + 1), std::max(box.end[1], v + 1)};
    }
  return box;
}

Box Shown(const SlicePlane& plane, double margin_mm) {
  const Box both = BoxOfBoth(plane);
  const std::array<int64_t, 2> size{plane.width, plane.height};
  if (both.begin[0] >= both.end[0]) return {{0, 0}, size};
  Box shown;
  for (size_t axis = 0; axis < 2; ++axis) {
    // Clamped before it becomes a whole number: a margin may be larger than any plane.
    const double pixels = std::ceil(std::max(0.0, margin_mm) / plane.pixel_mm[axis]);
    const auto margin = static_cast<int64_t>(std::min(pixels, static_cast<double>(size[axis])));
    shown.begin[axis] = std::max<int64_t>(0, both.begin[axis] - margin);
    shown.end[axis] = std::min(size[axis], both.end[axis] + margin);
  }
  return shown;
}

uint8_t Grey(float hu) {
  const double share = (static_cast<double>(hu) - kWindowLowHu) / (kWindowHighHu - kWindowLowHu);
  if (!(share > 0)) return 0;  // NaN too
  return static_cast<uint8_t>(std::lround(255 * std::min(1.0, share)));
}

std::vector<Loop> Outlines(std::span<const uint8_t> voxels, int64_t width, const Box& box) {
  std::vector<uint16_t> labels;
  for (int64_t v = box.begin[1]; v < box.end[1]; ++v)
    for (int64_t u = box.begin[0]; u < box.end[0]; ++u) labels.push_back(voxels[static_cast<size_t>(v * width + u)] != 0 ? 1 : 0);
  auto contours = Contours({box.end[0] - box.begin[0], box.end[1] - box.begin[1], labels});
  return std::move(contours[1]);
}

}  // namespace

SlicePicture DrawSlice(const SlicePlane& plane, double margin_mm) {
  Check(plane);
  const Box box = Shown(plane, margin_mm);
  SlicePicture picture;
  picture.width = box.end[0] - box.begin[0];
  picture.height = box.end[1] - box.begin[1];
  picture.pixel_mm = plane.pixel_mm;
  for (int64_t v = box.begin[1]; v < box.end[1]; ++v)
    for (int64_t u = box.begin[0]; u < box.end[0]; ++u) picture.grey.push_back(Grey(plane.hu[static_cast<size_t>(v * plane.width + u)]));
  picture.found = Outlines(plane.found, plane.width, box);
  picture.expected = Outlines(plane.expected, plane.width, box);
  return picture;
}

}  // namespace tuckerseg
