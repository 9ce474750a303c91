#include "engine/segment/patch_grid.h"

#include <algorithm>
#include <cmath>

#include "engine/half.h"

namespace tuckerseg {

std::vector<int64_t> PatchOrigins(int64_t length, int64_t patch, double step) {
  const auto room = static_cast<double>(length - patch);
  const auto count = static_cast<int64_t>(std::ceil(room / (static_cast<double>(patch) * step))) + 1;
  std::vector<int64_t> origins(static_cast<size_t>(count), 0);
  if (count == 1) return origins;
  const double distance = room / static_cast<double>(count - 1);
  for (int64_t i = 0; i < count; ++i) {
    origins[static_cast<size_t>(i)] = std::lrint(distance * static_cast<double>(i));  // lrint: half to even
  }
  return origins;
}

PatchGrid MakePatchGrid(const ArrayShape& image, const Size3& patch, double step) {
  PatchGrid grid{.image = image, .padded = {}, .padding = {}, .patch = patch, .origins = {}};
  for (size_t a = 0; a < 3; ++a) {
    grid.padded[a] = std::max(image[a], patch[a]);
    grid.padding[a] = (grid.padded[a] - image[a]) / 2;
    grid.origins[a] = PatchOrigins(grid.padded[a], patch[a], step);
  }
  return grid;
}

namespace {

/// Computed in double, each weight rounded once to T.
template <typename T>
std::vector<T> Gaussian(const Size3& patch) {
  std::array<std::vector<double>, 3> along;
  for (size_t a = 0; a < 3; ++a) {
    const double sigma = static_cast<double>(patch[a]) / 8.0;
    const auto radius = static_cast<int64_t>(4.0 * sigma + 0.5);  // scipy's kernel ends here
    for (int64_t i = 0; i < patch[a]; ++i) {
      const int64_t distance = i - patch[a] / 2;
      const double scaled = static_cast<double>(distance) / sigma;
      along[a].push_back(std::abs(distance) <= radius ? std::exp(-0.5 * scaled * scaled) : 0.0);
    }
  }
  std::vector<T> weights(along[0].size() * along[1].size() * along[2].size());
  auto weight = weights.begin();
  for (const double x : along[0])
    for (const double y : along[1])
      for (const double z : along[2]) *weight++ = static_cast<T>(10.0 * x * y * z);
  return weights;
}

}  // namespace

std::vector<double> GaussianWeights(const Size3& patch) { return Gaussian<double>(patch); }

std::vector<float> FloatGaussianWeights(const Size3& patch) { return Gaussian<float>(patch); }

std::vector<float> HalfGaussianWeights(const Size3& patch) {
  const std::vector<double> exact = GaussianWeights(patch);
  std::vector<float> weights(exact.size());
  std::transform(exact.begin(), exact.end(), weights.begin(),
                 [](double weight) { return RoundToHalf(static_cast<float>(weight)); });
  float smallest = 10;
  for (const float weight : weights)
    if (weight > 0) smallest = std::min(smallest, weight);
  for (float& weight : weights)
    if (weight == 0) weight = smallest;
  return weights;
}

}  // namespace tuckerseg
