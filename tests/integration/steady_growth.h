/// How fast something grows that is looked at again and again, steps left out.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tuckerseg {

/// A look: of the slopes between all pairs of looks, as Theil and Sen have them, the one that three of ten are below. A leak grows from each look to the next: all of its slopes are alike. An allocator or a
/// thread pool grows by a step or two, whenever the machine happens to be busy: a third of the pairs at least has none between them, and no slope. `values`: at least two.
inline double SteadyGrowth(const std::vector<int64_t>& values) {
  std::vector<double> slopes;
  for (size_t i = 0; i < values.size(); ++i)
    for (size_t j = i + 1; j < values.size(); ++j) slopes.push_back(static_cast<double>(values[j] - values[i]) / static_cast<double>(j - i));
  const auto place = slopes.begin() + static_cast<std::ptrdiff_t>(slopes.size() * 3 / 10);
  std::nth_element(slopes.begin(), place, slopes.end());
  return *place;
}

}  // namespace tuckerseg
