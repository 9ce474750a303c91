#include "compression/train/augmentation.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "compression/train/intensity_transforms.h"

namespace tuckerseg {
namespace {

using Matrix3 = std::array<std::array<double, 3>, 3>;

constexpr Matrix3 kIdentity{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};

Matrix3 Product(const Matrix3& a, const Matrix3& b) {
  Matrix3 product{};
  for (size_t i = 0; i < 3; ++i)
    for (size_t j = 0; j < 3; ++j)
      for (size_t k = 0; k < 3; ++k) product[i][j] += a[i][k] * b[k][j];
  return product;
}

Matrix3 RotationAbout(size_t axis, double angle) {
  Matrix3 rotation = kIdentity;
  const size_t a = (axis + 1) % 3;
  const size_t b = (axis + 2) % 3;
  rotation[a][a] = rotation[b][b] = std::cos(angle);
  rotation[a][b] = -std::sin(angle);
  rotation[b][a] = std::sin(angle);
  return rotation;
}

double DrawFrom(const Range& range, RandomStream& random) { return random.Uniform(range.low, range.high); }

/// nnU-Net's rule for gamma: below and above 1 are equally likely.
double DrawAroundOne(const Range& range, RandomStream& random) {
  const bool below = random.Chance(0.5);
  if (below && range.low < 1) return random.Uniform(range.low, std::min(1.0, range.high));
  return random.Uniform(std::max(range.low, 1.0), std::max(range.high, 1.0));
}

/// Along an axis with few voxels, which are far apart, nothing is rotated or scaled.
std::array<bool, 3> AxesThatMove(const Size3& patch) {
  constexpr double kMostAnisotropic = 3;  // nnU-Net's ANISO_THRESHOLD
  const auto longest = static_cast<double>(*std::max_element(patch.begin(), patch.end()));
  std::array<bool, 3> moves{};
  for (size_t axis = 0; axis < 3; ++axis) moves[axis] = longest <= kMostAnisotropic * static_cast<double>(patch[axis]);
  return moves;
}

}  // namespace

AugmentationOptions AugmentationOptions::None() {
  AugmentationOptions options;
  for (double* probability : {&options.rotation_probability, &options.scaling_probability, &options.noise_probability,
                              &options.blur_probability, &options.brightness_probability, &options.contrast_probability,
                              &options.low_resolution_probability, &options.inverted_gamma_probability, &options.gamma_probability,
                              &options.mirror_probability}) {
    *probability = 0;
  }
  return options;
}

bool PatchPose::IsPlainCrop(const Size3& patch) const {
  if (linear != kIdentity) return false;
  for (size_t a = 0; a < 3; ++a) {
    const double begin = centre[a] - static_cast<double>(patch[a] - 1) / 2;
    if (begin != std::floor(begin)) return false;
  }
  return true;
}

PatchPose DrawPose(const AugmentationOptions& options, const Size3& patch, RandomStream& random) {
  const std::array<bool, 3> moves = AxesThatMove(patch);
  PatchPose pose;
  if (random.Chance(options.rotation_probability)) {
    for (size_t axis = 0; axis < 3; ++axis) {
      // The plane that an axis is normal to turns where both of its axes may move.
      if (!moves[(axis + 1) % 3] || !moves[(axis + 2) % 3]) continue;
      const double most = (moves[axis] ? options.rotation_degrees : options.plane_rotation_degrees) * std::numbers::pi / 180;
      pose.linear = Product(pose.linear, RotationAbout(axis, random.Uniform(-most, most)));
    }
  }
  if (random.Chance(options.scaling_probability)) {
    const double scale = DrawFrom(options.scaling, random);
    for (size_t row = 0; row < 3; ++row)
      for (double& value : pose.linear[row]) value *= moves[row] ? scale : 1;
  }
  for (size_t axis = 0; axis < 3; ++axis) {
    if (!random.Chance(options.mirror_probability)) continue;
    for (auto& row : pose.linear) row[axis] = -row[axis];
  }
  return pose;
}

void AugmentIntensities(const AugmentationOptions& options, RandomStream& random, std::span<float> image, const Size3& shape) {
  if (random.Chance(options.noise_probability)) AddNoise(image, DrawFrom(options.noise_variance, random), random);
  if (random.Chance(options.blur_probability)) Blur(image, shape, DrawFrom(options.blur_sigma, random));
  if (random.Chance(options.brightness_probability)) {
    const auto factor = static_cast<float>(DrawFrom(options.brightness, random));
    for (float& value : image) value *= factor;
  }
  if (random.Chance(options.contrast_probability)) ScaleContrast(image, DrawAroundOne(options.contrast, random));
  if (random.Chance(options.low_resolution_probability)) SimulateLowResolution(image, shape, DrawFrom(options.low_resolution, random));
  if (random.Chance(options.inverted_gamma_probability)) CorrectGamma(image, DrawAroundOne(options.gamma, random), /*inverted=*/true);
  if (random.Chance(options.gamma_probability)) CorrectGamma(image, DrawAroundOne(options.gamma, random), /*inverted=*/false);
}

}  // namespace tuckerseg
