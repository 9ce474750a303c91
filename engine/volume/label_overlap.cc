#include "engine/volume/label_overlap.h"

#include <vector>

#include "engine/parallel.h"

namespace tuckerseg {
namespace {

/// In their order, on this thread alone: counts of all threads would have to be summed.
template <typename Visit>
void ForEachVoxel(size_t voxels, const std::stop_token& stop, const Visit& visit) {
  ParallelFor({1, stop}, static_cast<int64_t>(voxels), [&visit](int64_t begin, int64_t end) {
    for (auto v = static_cast<size_t>(begin); v < static_cast<size_t>(end); ++v) visit(v);
  });
}

}  // namespace

std::map<int64_t, Overlap> CountOverlaps(std::span<const uint16_t> predicted, std::span<const uint16_t> reference, const std::stop_token& stop) {
  std::vector<Overlap> by_value(size_t{1} << 16);
  ForEachVoxel(predicted.size(), stop, [&](size_t v) {
    ++by_value[predicted[v]].predicted;
    ++by_value[reference[v]].reference;
    if (predicted[v] == reference[v]) ++by_value[predicted[v]].both;
  });
  std::map<int64_t, Overlap> result;
  for (size_t value = 1; value < by_value.size(); ++value) {
    if (by_value[value].predicted + by_value[value].reference > 0) result[static_cast<int64_t>(value)] = by_value[value];
  }
  return result;
}

double EqualShare(std::span<const uint16_t> a, std::span<const uint16_t> b, const std::stop_token& stop) {
  int64_t equal = 0;
  ForEachVoxel(a.size(), stop, [&](size_t v) { equal += a[v] == b[v] ? 1 : 0; });
  return static_cast<double>(equal) / static_cast<double>(a.size());
}

}  // namespace tuckerseg
