#include <algorithm>
#include <cmath>
#include <string>

#include "engine/error.h"
#include "engine/parallel.h"
#include "engine/volume/line_resampler.h"
#include "engine/volume/resample.h"

namespace tuckerseg {
namespace {

int64_t Count(const ArrayShape& shape) { return shape[0] * shape[1] * shape[2]; }

std::string Text(const ArrayShape& shape) {
  return std::to_string(shape[0]) + " x " + std::to_string(shape[1]) + " x " + std::to_string(shape[2]);
}

struct Range {
  double low;
  double high;
};

/// Range of each plane across `axis`, or of the whole array without one.
std::vector<Range> Ranges(std::span<const float> input, const ArrayShape& shape, std::optional<int> axis) {
  if (!axis) {
    const auto [low, high] = std::minmax_element(input.begin(), input.end());
    return {{*low, *high}};
  }
  std::vector<Range> ranges(static_cast<size_t>(shape[static_cast<size_t>(*axis)]), {HUGE_VAL, -HUGE_VAL});
  size_t v = 0;
  ArrayShape at;
  for (at[0] = 0; at[0] < shape[0]; ++at[0])
    for (at[1] = 0; at[1] < shape[1]; ++at[1])
      for (at[2] = 0; at[2] < shape[2]; ++at[2], ++v) {
        Range& range = ranges[static_cast<size_t>(at[static_cast<size_t>(*axis)])];
        range.low = std::min<double>(range.low, input[v]);
        range.high = std::max<double>(range.high, input[v]);
      }
  return ranges;
}

void CheckShapes(std::span<const float> input, const ArrayShape& input_shape, std::span<float> output,
                 const ArrayShape& output_shape) {
  for (size_t a = 0; a < 3; ++a) {
    if (input_shape[a] < 1 || output_shape[a] < 1) {
      throw Error(ErrorCode::kInvalidArgument,
                  "shape " + Text(input_shape) + " to " + Text(output_shape) + ": every axis must have a voxel");
    }
  }
  if (static_cast<int64_t>(input.size()) != Count(input_shape) || static_cast<int64_t>(output.size()) != Count(output_shape)) {
    throw Error(ErrorCode::kInvalidArgument, "array of " + std::to_string(input.size()) + " voxels to one of " +
                                                 std::to_string(output.size()) + ": must be " + Text(input_shape) + " and " +
                                                 Text(output_shape));
  }
}

}  // namespace

std::optional<int> SeparateAxis(const Spacing3& current_mm, const Spacing3& wanted_mm, std::optional<bool> force) {
  constexpr double kAnisotropy = 3.0;  // nnU-Net's ANISO_THRESHOLD, exceeded strictly
  const auto lowest_resolution = [](const Spacing3& spacing) -> std::optional<int> {
    const double largest = *std::max_element(spacing.begin(), spacing.end());
    if (std::count(spacing.begin(), spacing.end(), largest) != 1) return std::nullopt;
    return static_cast<int>(std::find(spacing.begin(), spacing.end(), largest) - spacing.begin());
  };
  const auto anisotropic = [](const Spacing3& spacing) {
    const auto [low, high] = std::minmax_element(spacing.begin(), spacing.end());
    return *high / *low > kAnisotropy;
  };
  if (force) return *force ? lowest_resolution(current_mm) : std::nullopt;
  if (anisotropic(current_mm)) return lowest_resolution(current_mm);
  if (anisotropic(wanted_mm)) return lowest_resolution(wanted_mm);
  return std::nullopt;
}

void ResampleHalfPixel(std::span<const float> input, const ArrayShape& input_shape, const HalfPixelRule& rule,
                       std::span<float> output, const ArrayShape& output_shape, const Threads& threads) {
  CheckShapes(input, input_shape, output, output_shape);
  if (rule.separate_axis && (*rule.separate_axis < 0 || *rule.separate_axis > 2)) {
    throw Error(ErrorCode::kInvalidArgument, "separate axis = " + std::to_string(*rule.separate_axis) + ": must be 0, 1 or 2");
  }
  const std::vector<Range> ranges = Ranges(input, input_shape, rule.separate_axis);

  // The separate axis keeps its length here: in-plane first, then nearest planes below.
  ArrayShape shape = input_shape;
  std::vector<double> values;
  for (int axis = 2; axis >= 0; --axis) {
    if (rule.separate_axis == axis) continue;
    const auto a = static_cast<size_t>(axis);
    const LineResampler line = HalfPixelLine(shape[a], output_shape[a], rule.order);
    if (shape[a] != output_shape[a] || values.empty()) {
      values = values.empty() ? ResampleAlong(input, shape, axis, line, threads)
                              : ResampleAlong(std::span<const double>(values), shape, axis, line, threads);
    }
    shape[a] = output_shape[a];
  }

  std::vector<int64_t> planes;  // of the separate axis: the source of each output plane
  if (rule.separate_axis) {
    const auto a = static_cast<size_t>(*rule.separate_axis);
    const double zoom = static_cast<double>(shape[a]) / static_cast<double>(output_shape[a]);
    for (int64_t k = 0; k < output_shape[a]; ++k) {
      const double t = std::clamp(zoom * (static_cast<double>(k) + 0.5) - 0.5, 0.0, static_cast<double>(shape[a] - 1));
      planes.push_back(static_cast<int64_t>(std::floor(t + 0.5)));
    }
  }
  ParallelFor(threads, output_shape[0], [&](int64_t begin, int64_t end) {
    for (int64_t x = begin; x < end; ++x)
      for (int64_t y = 0; y < output_shape[1]; ++y) {
        float* target = output.data() + (x * output_shape[1] + y) * output_shape[2];
        for (int64_t z = 0; z < output_shape[2]; ++z) {
          ArrayShape at{x, y, z};
          size_t plane = 0;
          if (rule.separate_axis) {
            const auto a = static_cast<size_t>(*rule.separate_axis);
            at[a] = planes[static_cast<size_t>(at[a])];
            plane = static_cast<size_t>(at[a]);
          }
          const double value = values[static_cast<size_t>((at[0] * shape[1] + at[1]) * shape[2] + at[2])];
          // Not std::clamp: a plane of NaN alone has no range.
          target[z] = static_cast<float>(std::max(ranges[plane].low, std::min(ranges[plane].high, value)));
        }
      }
  });
}

}  // namespace tuckerseg
