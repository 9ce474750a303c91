#include "engine/volume/label_overlap.h"

#include <vector>

namespace tuckerseg {

std::map<int64_t, Overlap> CountOverlaps(std::span<const uint16_t> predicted, std::span<const uint16_t> reference) {
  std::vector<Overlap> by_value(size_t{1} << 16);
  for (size_t v = 0; v < predicted.size(); ++v) {
    ++by_value[predicted[v]].predicted;
    ++by_value[reference[v]].reference;
    if (predicted[v] == reference[v]) ++by_value[predicted[v]].both;
  }
  std::map<int64_t, Overlap> result;
  for (size_t value = 1; value < by_value.size(); ++value) {
    if (by_value[value].predicted + by_value[value].reference > 0) result[static_cast<int64_t>(value)] = by_value[value];
  }
  return result;
}

double EqualShare(std::span<const uint16_t> a, std::span<const uint16_t> b) {
  int64_t equal = 0;
  for (size_t v = 0; v < a.size(); ++v) equal += a[v] == b[v] ? 1 : 0;
  return static_cast<double>(equal) / static_cast<double>(a.size());
}

}  // namespace tuckerseg
