#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "engine/error.h"
#include "engine/parallel.h"
#include "engine/volume/line_resampler.h"
#include "engine/volume/resample.h"
#include "engine/volume/voxel_type.h"

namespace tuckerseg {
namespace {

/// Two samples of a line and their weights; scipy takes the second weight as 1 minus the first.
struct LinearTaps {
  std::vector<int64_t> low;   // offsets in elements
  std::vector<int64_t> high;
  std::vector<double> low_weight;
  std::vector<double> high_weight;
};

/// scipy's factor between indices: (n_in - 1) / (n_out - 1); a single output voxel lies on the first.
double CornerStep(int64_t in, int64_t out) {
  return out > 1 ? static_cast<double>(in - 1) / static_cast<double>(out - 1) : 0.0;
}

LinearTaps CornerAlignedTaps(int64_t in, int64_t out, int64_t stride) {
  const double step = CornerStep(in, out);
  LinearTaps taps;
  for (int64_t k = 0; k < out; ++k) {
    // The last product may pass the last index by a rounding error.
    const double x = std::min(step * static_cast<double>(k), static_cast<double>(in - 1));
    const double floor = std::floor(x);
    const auto low = static_cast<int64_t>(floor);
    taps.low.push_back(low * stride);
    taps.high.push_back(std::min(low + 1, in - 1) * stride);
    taps.low_weight.push_back(1.0 - (x - floor));
    taps.high_weight.push_back(1.0 - taps.low_weight.back());
  }
  return taps;
}

float Cast(double value, IntensityCast cast) {
  if (cast == IntensityCast::kNone) return static_cast<float>(value);
  constexpr double kTooLarge = 2147483648.0;
  // x86 turns what does not fit (NaN too) into the smallest integer; numpy's astype(int32) does the same.
  const bool fits = value > -kTooLarge - 1.0 && value < kTooLarge;
  return static_cast<float>(fits ? static_cast<int32_t>(value) : std::numeric_limits<int32_t>::min());
}

/// Order 1 with scipy's order of operations: the eight neighbours with axis 0 outermost, each v * w0 * w1 * w2, summed from 0.
/// The integers that follow come from a truncation, so that the last bit counts: 99.999... would become 99.
template <typename T>
void ResampleLinear(const VolumeView& view, const Index3& shape, IntensityCast cast, std::span<float> output, const Threads& threads) {
  const T* voxels = reinterpret_cast<const T*>(view.first);
  const LinearTaps x = CornerAlignedTaps(view.shape[0], shape[0], view.strides[0]);
  const LinearTaps y = CornerAlignedTaps(view.shape[1], shape[1], view.strides[1]);
  const LinearTaps z = CornerAlignedTaps(view.shape[2], shape[2], view.strides[2]);
  const double slope = view.slope;
  const double intercept = view.intercept;
  const auto value = [=](const T* voxel) { return static_cast<double>(*voxel) * slope + intercept; };
  ParallelFor(threads, shape[1] * shape[2], [&](int64_t begin, int64_t end) {
    for (int64_t line = begin; line < end; ++line) {
      const auto k = static_cast<size_t>(line / shape[1]);
      const auto j = static_cast<size_t>(line % shape[1]);
      const std::array<const T*, 4> rows{voxels + y.low[j] + z.low[k], voxels + y.low[j] + z.high[k],
                                         voxels + y.high[j] + z.low[k], voxels + y.high[j] + z.high[k]};
      const std::array<double, 4> y_weights{y.low_weight[j], y.low_weight[j], y.high_weight[j], y.high_weight[j]};
      const std::array<double, 4> z_weights{z.low_weight[k], z.high_weight[k], z.low_weight[k], z.high_weight[k]};
      float* target = output.data() + line * shape[0];
      for (size_t i = 0; i < static_cast<size_t>(shape[0]); ++i) {
        double sum = 0;
        for (size_t r = 0; r < 4; ++r) sum += value(rows[r] + x.low[i]) * x.low_weight[i] * y_weights[r] * z_weights[r];
        for (size_t r = 0; r < 4; ++r) sum += value(rows[r] + x.high[i]) * x.high_weight[i] * y_weights[r] * z_weights[r];
        target[i] = Cast(sum, cast);
      }
    }
  });
}

/// Orders 0 and 3, axis after axis in double: [axis 2][axis 1][axis 0] as the view is counted.
void ResampleSeparably(const VolumeView& view, const Index3& shape, int order, IntensityCast cast, std::span<float> output,
                       const Threads& threads) {
  ArrayShape size{view.shape[2], view.shape[1], view.shape[0]};
  std::vector<double> values = ToDouble(view, threads);
  for (int axis = 2; axis >= 0; --axis) {
    const auto a = static_cast<size_t>(axis);
    const int64_t out = shape[2 - a];
    const double step = CornerStep(size[a], out);
    const LineResampler line(size[a], out, order, [step](int64_t k) { return step * static_cast<double>(k); });
    values = ResampleAlong(std::span<const double>(values), size, axis, line, threads);
    size[a] = out;
  }
  ParallelFor(threads, static_cast<int64_t>(values.size()), [&](int64_t begin, int64_t end) {
    std::transform(values.begin() + begin, values.begin() + end, output.begin() + begin, [cast](double value) { return Cast(value, cast); });
  });
}

}  // namespace

int64_t ResampledLength(int64_t length, double spacing_mm, double target_mm) {
  return static_cast<int64_t>(std::nearbyint(static_cast<double>(length) * (spacing_mm / target_mm)));
}

std::vector<float> ResampleCornerAligned(const VolumeView& view, const Index3& shape, int order, IntensityCast cast,
                                         const Threads& threads) {
  if (order != 0 && order != 1 && order != 3) {
    throw Error(ErrorCode::kInvalidArgument, "order = " + std::to_string(order) + ": must be 0, 1 or 3");
  }
  for (size_t a = 0; a < 3; ++a) {
    if (view.shape[a] < 1 || shape[a] < 1) {
      throw Error(ErrorCode::kInvalidArgument, "axis " + std::to_string(a) + ": " + std::to_string(view.shape[a]) +
                                                   " voxels to " + std::to_string(shape[a]) + ": both must be at least 1");
    }
  }
  std::vector<float> output(static_cast<size_t>(shape[0] * shape[1] * shape[2]));
  if (order == 1) {
    VisitVoxelType(view.type, [&]<typename T>() { ResampleLinear<T>(view, shape, cast, output, threads); });
  } else {
    ResampleSeparably(view, shape, order, cast, output, threads);
  }
  return output;
}

}  // namespace tuckerseg
