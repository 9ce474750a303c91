/// How fast something grows that is looked at again and again: the median of the slopes between all pairs of looks (Theil and Sen). A leak grows from each look to the next; an allocator or a thread pool
/// grows by a step, whenever the machine happens to be busy, which hardly moves the median.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace tuckerseg {

/// A look. `values`: at least two.
inline double SteadyGrowth(const std::vector<int64_t>& values) {
  std::vector<double> slopes;
  for (size_t i = 0; i < values.size(); ++i)
    for (size_t j = i + 1; j < values.size(); ++j) slopes.push_back(static_cast<double>(values[j] - values[i]) / static_cast<double>(j - i));
  const auto middle = slopes.begin() + static_cast<std::ptrdiff_t>(slopes.size() / 2);
  std::nth_element(slopes.begin(), middle, slopes.end());
  return *middle;
}

}  // namespace tuckerseg
