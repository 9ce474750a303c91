#include "engine/segment/normalize.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/error.h"
#include "engine/segment/nonzero_crop.h"

namespace tuckerseg {
namespace {

// The smallest divisor nnU-Net allows: a constant image gives 0, not a division by zero.
constexpr double kSmallestDivisor = 1e-8;

void NormalizeCt(const Normalization& rule, std::span<float> image) {
  const auto lower = static_cast<float>(rule.lower);
  const auto upper = static_cast<float>(rule.upper);
  const auto mean = static_cast<float>(rule.mean);
  const auto divisor = static_cast<float>(std::max(rule.std_dev, kSmallestDivisor));
  for (float& value : image) value = (std::clamp(value, lower, upper) - mean) / divisor;
}

/// Over the voxels where `mask` is 1, or over all with an empty mask; the others keep their value.
void NormalizeZScore(std::span<float> image, const std::vector<uint8_t>& mask) {
  const auto counts = [&mask](size_t i) { return mask.empty() || mask[i] != 0; };
  double sum = 0;
  double count = 0;
  for (size_t i = 0; i < image.size(); ++i) {
    if (!counts(i)) continue;
    sum += image[i];
    ++count;
  }
  if (count == 0) return;
  const double mean = sum / count;
  double squares = 0;
  for (size_t i = 0; i < image.size(); ++i) {
    if (counts(i)) squares += (image[i] - mean) * (image[i] - mean);
  }
  const auto divisor = static_cast<float>(std::max(std::sqrt(squares / count), kSmallestDivisor));
  const auto shift = static_cast<float>(mean);
  for (size_t i = 0; i < image.size(); ++i) {
    if (counts(i)) image[i] = (image[i] - shift) / divisor;
  }
}

void RescaleTo01(std::span<float> image) {
  if (image.empty()) return;
  const auto [low, high] = std::minmax_element(image.begin(), image.end());
  const float shift = *low;
  const float divisor = std::max(*high - *low, static_cast<float>(kSmallestDivisor));
  for (float& value : image) value = (value - shift) / divisor;
}

void RgbTo01(std::span<float> image) {
  for (float& value : image) {
    if (!(value >= 0 && value <= 255)) {
      throw Error(ErrorCode::kInvalidArgument, "voxels: must be in [0, 255] for a model with RGB normalisation");
    }
    value /= 255.0F;
  }
}

}  // namespace

void Normalize(const Normalization& normalization, std::span<float> image, const ArrayShape& shape, const std::stop_token& stop) {
  switch (normalization.scheme) {
    case NormalizationScheme::kCt:
      return NormalizeCt(normalization, image);
    case NormalizationScheme::kZScore:
      return NormalizeZScore(image, normalization.use_mask ? FilledNonzeroMask(image, shape, stop) : std::vector<uint8_t>{});
    case NormalizationScheme::kRescaleTo01:
      return RescaleTo01(image);
    case NormalizationScheme::kRgbTo01:
      return RgbTo01(image);
    case NormalizationScheme::kNone:
      return;
  }
}

}  // namespace tuckerseg
