#include "engine/segment/clean_labels.h"

#include <algorithm>

#include "engine/segment/components.h"

namespace tuckerseg {
namespace {

double VoxelVolume(const CaseLabels& map) { return map.spacing_mm[0] * map.spacing_mm[1] * map.spacing_mm[2]; }

/// Components that `keep` refuses become background.
template <typename Keep>
void FilterComponents(const Components& found, const CaseLabels& map, const Keep& keep) {
  std::vector<bool> kept(found.all.size() + 1, true);
  for (size_t i = 0; i < found.all.size(); ++i) kept[i + 1] = keep(found.all[i]);
  for (size_t v = 0; v < map.labels.size(); ++v)
    if (!kept[static_cast<size_t>(found.ids[v])]) map.labels[v] = 0;
}

Components ComponentsOf(uint16_t label, const CaseLabels& map) {
  return FindComponents(map.labels, map.shape, [label](uint16_t value) { return value == label ? value : uint16_t{0}; }, map.stop);
}

void KeepLargest(uint16_t label, const CaseLabels& map) {
  const Components found = ComponentsOf(label, map);
  // The first of equals, in scan order.
  const auto largest = std::max_element(found.all.begin(), found.all.end(),
                                        [](const Component& a, const Component& b) { return a.voxels < b.voxels; });
  FilterComponents(found, map, [&](const Component& component) { return &component == &*largest; });
}

void DropSmall(const Components& found, double volume_mm3, const CaseLabels& map) {
  const double most = volume_mm3 / VoxelVolume(map);
  FilterComponents(found, map, [most](const Component& component) { return static_cast<double>(component.voxels) > most; });
}

}  // namespace

void CleanLabels(const std::vector<CleaningStep>& steps, const std::vector<Label>& names, const CaseLabels& map) {
  for (const CleaningStep& step : steps) {
    const auto label = static_cast<uint16_t>(step.label);
    switch (step.kind) {
      case CleaningKind::kKeepLargest: KeepLargest(label, map); break;
      case CleaningKind::kDropSmall: DropSmall(ComponentsOf(label, map), step.volume_mm3, map); break;
      case CleaningKind::kOrderVertebrae: OrderVertebrae(names, map); break;
    }
  }
}

void DropSmallComponents(double volume_mm3, const CaseLabels& map) {
  DropSmall(FindComponents(map.labels, map.shape, [](uint16_t label) { return label; }, map.stop), volume_mm3, map);
}

}  // namespace tuckerseg
