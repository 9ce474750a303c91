#include "compression/train/intensity_transforms.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace tuckerseg {
namespace {

constexpr double kLeastRange = 1e-7;

struct Moments {
  double mean = 0;
  double deviation = 0;
};

Moments MomentsOf(std::span<const float> image) {
  double sum = 0;
  for (const float value : image) sum += value;
  const double mean = sum / static_cast<double>(image.size());
  double squares = 0;
  for (const float value : image) squares += (value - mean) * (value - mean);
  return {mean, std::sqrt(squares / static_cast<double>(image.size()))};
}

/// `lines` x `length` x `width`: one axis with those before and behind it.
struct AxisView {
  int64_t lines = 1;
  int64_t length = 1;
  int64_t width = 1;
};

AxisView Along(const Size3& shape, size_t axis) {
  AxisView view;
  view.length = shape[axis];
  for (size_t a = 0; a < axis; ++a) view.lines *= shape[a];
  for (size_t a = axis + 1; a < 3; ++a) view.width *= shape[a];
  return view;
}

std::vector<float> GaussianTaps(double sigma) {
  const auto radius = static_cast<int64_t>(std::max(1.0, std::ceil(3 * sigma)));
  std::vector<double> taps;
  double sum = 0;
  for (int64_t i = -radius; i <= radius; ++i) {
    taps.push_back(std::exp(-0.5 * static_cast<double>(i * i) / (sigma * sigma)));
    sum += taps.back();
  }
  std::vector<float> result;
  for (const double tap : taps) result.push_back(static_cast<float>(tap / sum));
  return result;
}

void BlurAlong(std::span<float> image, const AxisView& view, const std::vector<float>& taps, std::vector<float>& copy) {
  const auto radius = static_cast<int64_t>(taps.size() / 2);
  copy.assign(image.begin(), image.end());
  std::fill(image.begin(), image.end(), 0.0F);
  for (int64_t line = 0; line < view.lines; ++line)
    for (int64_t k = 0; k < view.length; ++k) {
      float* target = image.data() + (line * view.length + k) * view.width;
      for (int64_t t = -radius; t <= radius; ++t) {
        const float* source = copy.data() + (line * view.length + std::clamp<int64_t>(k + t, 0, view.length - 1)) * view.width;
        const float tap = taps[static_cast<size_t>(t + radius)];
        for (int64_t w = 0; w < view.width; ++w) target[w] += tap * source[w];
      }
    }
}

/// Along one axis: sample k of the coarse grid is the nearest voxel to its centre, and each voxel is interpolated between the two
/// coarse samples around it.
void CoarsenAlong(std::span<float> image, const AxisView& view, int64_t coarse, std::vector<float>& copy) {
  copy.assign(image.begin(), image.end());
  const double ratio = static_cast<double>(view.length) / static_cast<double>(coarse);
  const auto voxel_of = [&](int64_t sample) {
    return std::clamp<int64_t>(static_cast<int64_t>((static_cast<double>(sample) + 0.5) * ratio), 0, view.length - 1);
  };
  for (int64_t k = 0; k < view.length; ++k) {
    const double place = std::clamp((static_cast<double>(k) + 0.5) / ratio - 0.5, 0.0, static_cast<double>(coarse - 1));
    const auto below = static_cast<int64_t>(place);
    const auto share = static_cast<float>(place - static_cast<double>(below));
    const int64_t from = voxel_of(below);
    const int64_t to = voxel_of(std::min(below + 1, coarse - 1));
    for (int64_t line = 0; line < view.lines; ++line) {
      const float* a = copy.data() + (line * view.length + from) * view.width;
      const float* b = copy.data() + (line * view.length + to) * view.width;
      float* target = image.data() + (line * view.length + k) * view.width;
      for (int64_t w = 0; w < view.width; ++w) target[w] = a[w] + share * (b[w] - a[w]);
    }
  }
}

}  // namespace

void AddNoise(std::span<float> image, double variance, RandomStream& random) {
  const double deviation = std::sqrt(variance);
  for (float& value : image) value += static_cast<float>(deviation * random.Normal());
}

void Blur(std::span<float> image, const Size3& shape, double sigma) {
  const std::vector<float> taps = GaussianTaps(sigma);
  std::vector<float> copy;
  for (size_t axis = 0; axis < 3; ++axis) BlurAlong(image, Along(shape, axis), taps, copy);
}

void ScaleContrast(std::span<float> image, double factor) {
  const double mean = MomentsOf(image).mean;
  const auto [low, high] = std::minmax_element(image.begin(), image.end());
  const float least = *low;
  const float most = *high;
  for (float& value : image) value = std::clamp(static_cast<float>((value - mean) * factor + mean), least, most);
}

void SimulateLowResolution(std::span<float> image, const Size3& shape, double zoom) {
  std::vector<float> copy;
  for (size_t axis = 0; axis < 3; ++axis) {
    const int64_t coarse = std::max<int64_t>(1, std::llround(static_cast<double>(shape[axis]) * zoom));
    if (coarse < shape[axis]) CoarsenAlong(image, Along(shape, axis), coarse, copy);
  }
}

void CorrectGamma(std::span<float> image, double gamma, bool inverted) {
  const float sign = inverted ? -1.0F : 1.0F;
  for (float& value : image) value *= sign;
  const Moments before = MomentsOf(image);
  const auto [low, high] = std::minmax_element(image.begin(), image.end());
  const float least = *low;
  const double range = static_cast<double>(*high) - least;
  if (range > kLeastRange) {
    for (float& value : image) {
      value = static_cast<float>(std::pow((static_cast<double>(value) - least) / range, gamma) * range + least);
    }
    const Moments after = MomentsOf(image);
    const double scale = before.deviation / std::max(after.deviation, kLeastRange);
    for (float& value : image) value = static_cast<float>((value - after.mean) * scale + before.mean);
  }
  for (float& value : image) value *= sign;
}

}  // namespace tuckerseg
