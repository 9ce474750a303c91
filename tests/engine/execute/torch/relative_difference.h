/// How far the numbers of one computation are from those of another that rounds otherwise.
#pragma once

#include <ATen/ATen.h>

#include <cmath>
#include <cstddef>
#include <vector>

namespace tuckerseg {

/// The root of the mean squared difference, as a share of the reference's own.
inline double RelativeDifference(const std::vector<float>& values, const std::vector<float>& reference) {
  double difference = 0, size = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    difference += std::pow(static_cast<double>(values[i]) - static_cast<double>(reference[i]), 2);
    size += std::pow(static_cast<double>(reference[i]), 2);
  }
  return std::sqrt(difference / size);
}

inline double LargestDifference(const at::Tensor& a, const at::Tensor& b) { return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>(); }

}  // namespace tuckerseg
