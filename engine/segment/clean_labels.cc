#include "engine/segment/clean_labels.h"

#include <algorithm>

#include "engine/segment/components.h"

namespace tuckerseg {
namespace {

double VoxelVolume(const CaseLabels& map) { return map.spacing_mm[0] * map.spacing_mm[1] * map.spacing_mm[2]; }

/// Components that `keep` refuses become background.
template <typename Keep>
void FilterComponents(uint16_t label, const CaseLabels& map, const Keep& keep) {
  const Components found = FindComponents(map.labels, map.shape, [label](uint16_t value) { return value == label; });
  std::vector<bool> kept(found.all.size() + 1, true);
  for (size_t i = 0; i < found.all.size(); ++i) kept[i + 1] = keep(found, i);
  for (size_t v = 0; v < map.labels.size(); ++v)
    if (!kept[static_cast<size_t>(found.ids[v])]) map.labels[v] = 0;
}

void KeepLargest(uint16_t label, const CaseLabels& map) {
  FilterComponents(label, map, [](const Components& found, size_t i) {
    // The first of equals, in scan order.
    const auto largest = std::max_element(found.all.begin(), found.all.end(),
                                          [](const Component& a, const Component& b) { return a.voxels < b.voxels; });
    return static_cast<size_t>(largest - found.all.begin()) == i;
  });
}

void DropSmall(uint16_t label, double volume_mm3, const CaseLabels& map) {
  const double most = volume_mm3 / VoxelVolume(map);
  FilterComponents(label, map, [most](const Components& found, size_t i) { return static_cast<double>(found.all[i].voxels) > most; });
}

}  // namespace

void CleanLabels(const std::vector<CleaningStep>& steps, const std::vector<Label>& names, const CaseLabels& map) {
  for (const CleaningStep& step : steps) {
    const auto label = static_cast<uint16_t>(step.label);
    switch (step.kind) {
      case CleaningKind::kKeepLargest: KeepLargest(label, map); break;
      case CleaningKind::kDropSmall: DropSmall(label, step.volume_mm3, map); break;
      case CleaningKind::kOrderVertebrae: OrderVertebrae(names, map); break;
    }
  }
}

void DropSmallComponents(const std::vector<Label>& names, double volume_mm3, const CaseLabels& map) {
  for (const Label& label : names) DropSmall(static_cast<uint16_t>(label.value), volume_mm3, map);
}

}  // namespace tuckerseg
