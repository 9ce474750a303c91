#include "server/serve/level_agreement.h"

#include <map>

#include "engine/volume/label_overlap.h"

namespace tuckerseg {

void FillAgreement(std::span<const uint16_t> own, std::span<const uint16_t> first, const std::vector<Label>& labels, const std::stop_token& stop,
                   v1::LevelResult& result) {
  result.set_equal_share(EqualShare(own, first, stop));
  const std::map<int64_t, Overlap> overlaps = CountOverlaps(own, first, stop);
  double sum = 0;
  for (const Label& label : labels) {
    const auto found = overlaps.find(label.value);
    if (found == overlaps.end()) continue;
    const Overlap& overlap = found->second;
    v1::StructureDice& dice = *result.add_dice();
    dice.set_name(label.name);
    dice.set_value(static_cast<uint32_t>(label.value));
    dice.set_dice(overlap.Dice());
    dice.set_voxels(static_cast<uint64_t>(overlap.predicted));
    dice.set_first_voxels(static_cast<uint64_t>(overlap.reference));
    sum += overlap.Dice();
  }
  if (result.dice_size() > 0) result.set_mean_dice(sum / result.dice_size());
}

}  // namespace tuckerseg
