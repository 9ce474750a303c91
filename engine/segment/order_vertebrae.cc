#include <algorithm>
#include <set>

#include "engine/segment/clean_labels.h"
#include "engine/segment/components.h"
#include "engine/segment/dilation.h"

namespace tuckerseg {
namespace {

constexpr double kLeastVolumeMm3 = 100;
constexpr double kGrowthMm = 3;

/// Whether two different structures touch by a face: only then is one vertebra in two numbers.
bool AnyTwoTouch(const CaseLabels& map) {
  const ArrayShape strides{map.shape[1] * map.shape[2], map.shape[2], 1};
  ArrayShape at;
  size_t v = 0;
  for (at[0] = 0; at[0] < map.shape[0]; ++at[0])
    for (at[1] = 0; at[1] < map.shape[1]; ++at[1])
      for (at[2] = 0; at[2] < map.shape[2]; ++at[2], ++v) {
        const uint16_t label = map.labels[v];
        if (label == 0) continue;
        for (size_t a = 0; a < 3; ++a) {
          if (at[a] + 1 >= map.shape[a]) continue;
          const uint16_t neighbour = map.labels[v + static_cast<size_t>(strides[a])];
          if (neighbour != 0 && neighbour != label) return true;
        }
      }
  return false;
}

int64_t ValueOf(const std::vector<Label>& names, const std::string& name) {
  const auto found = std::find_if(names.begin(), names.end(), [&](const Label& label) { return label.name == name; });
  return found == names.end() ? 0 : found->value;
}

/// A new number for each component (1 + place), 0 for those that are dropped.
std::vector<uint16_t> Numbers(const Components& found, const std::vector<bool>& kept, const std::set<int64_t>& present,
                              const std::vector<Label>& names) {
  std::vector<size_t> order;
  for (size_t i = 0; i < found.all.size(); ++i)
    if (kept[i + 1]) order.push_back(i);
  const auto height = [&](size_t i) { return found.all[i].axis0_sum / static_cast<double>(found.all[i].voxels); };
  const int64_t first = ValueOf(names, "vertebrae_C1");
  const bool from_above = !present.contains(ValueOf(names, "vertebrae_L5")) && present.contains(first);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return from_above ? height(a) > height(b) : height(a) < height(b); });
  std::vector<uint16_t> numbers(found.all.size() + 1, 0);
  int64_t number = from_above ? first : *present.rbegin();
  for (const size_t i : order) {
    // Fewer numbers than pieces: what is left over is none of them.
    const bool known = number >= names.front().value && number <= names.back().value;
    numbers[i + 1] = known ? static_cast<uint16_t>(number) : uint16_t{0};
    number += from_above ? 1 : -1;
  }
  return numbers;
}

void Renumber(const std::vector<Label>& names, const CaseLabels& map) {
  const Components found = FindComponents(map.labels, map.shape, [](uint16_t label) { return label != 0; }, map.stop);
  const double least = kLeastVolumeMm3 / (map.spacing_mm[0] * map.spacing_mm[1] * map.spacing_mm[2]);
  std::vector<bool> kept(found.all.size() + 1, false);
  for (size_t i = 0; i < found.all.size(); ++i) kept[i + 1] = static_cast<double>(found.all[i].voxels) >= least;
  std::set<int64_t> present;
  for (size_t v = 0; v < map.labels.size(); ++v)
    if (kept[static_cast<size_t>(found.ids[v])]) present.insert(map.labels[v]);
  const std::vector<uint16_t> numbers =
      present.empty() ? std::vector<uint16_t>(found.all.size() + 1, 0) : Numbers(found, kept, present, names);
  for (size_t v = 0; v < map.labels.size(); ++v) map.labels[v] = numbers[static_cast<size_t>(found.ids[v])];
}

}  // namespace

void OrderVertebrae(const std::vector<Label>& names, const CaseLabels& map) {
  if (AnyTwoTouch(map)) Renumber(names, map);
  DilateLabels(map.labels, map.shape, map.spacing_mm, kGrowthMm, map.stop);
}

}  // namespace tuckerseg
