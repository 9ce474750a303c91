#include "engine/execute/torch/norm_rule.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace tuckerseg {

NormRule NormRuleOf(const ChannelSums& sums, int64_t voxels, const at::Tensor& weight, const at::Tensor& bias, double epsilon) {
  NormRule rule;
  const auto count = static_cast<double>(voxels);
  for (size_t c = 0; c < sums.sum.size(); ++c) {
    const double rest = sums.sum[c] / count;
    const double mean = sums.shift[c] + rest;
    const double variance = std::max(sums.squares[c] / count - rest * rest, 0.0);  // rounding may leave a little below 0
    const double factor = static_cast<double>(weight.const_data_ptr<float>()[c]) / std::sqrt(variance + epsilon);
    const auto rounded = static_cast<float>(mean);
    rule.mean.push_back(rounded);
    rule.scale.push_back(static_cast<float>(factor));
    rule.offset.push_back(static_cast<float>(static_cast<double>(bias.const_data_ptr<float>()[c]) - (mean - static_cast<double>(rounded)) * factor));
  }
  return rule;
}

}  // namespace tuckerseg
