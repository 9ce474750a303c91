#include "server/policy/level_quality.h"

#include <algorithm>
#include <set>

#include "engine/model/variant.h"

namespace tuckerseg {

std::optional<double> LevelQuality(const ServedLevel& level, std::span<const std::string> structures, bool phantoms_count) {
  if (level.name == kOriginal) return 1;
  if (!level.card || !level.card->dice_to_original) return {};
  if (level.card->data.phantoms && !phantoms_count) return {};
  const CardDice& dice = *level.card->dice_to_original;
  if (dice.n_too_small || !dice.quality) return {};
  if (structures.empty()) return dice.quality;
  const std::set<std::string> asked(structures.begin(), structures.end());
  double sum = 0;
  for (const std::string& name : asked) {
    const auto measured = std::find_if(dice.structures.begin(), dice.structures.end(), [&](const CardStructure& structure) { return structure.name == name; });
    sum += measured != dice.structures.end() && measured->dice_ci95 ? measured->dice_ci95->front() : *dice.quality;
  }
  return sum / static_cast<double>(asked.size());
}

}  // namespace tuckerseg
