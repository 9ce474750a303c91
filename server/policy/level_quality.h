/// What a level's card promises for a request.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "server/variants/served_level.h"

namespace tuckerseg {

/// The low end of the 95 % interval of the mean Dice against the original's label maps: over all structures, or, where a request asks for
/// `structures`, the mean of their own low ends, each counted once, which is never above that of their mean; one that was never measured, or on too few cases, counts as all do. 1 for
/// the original, by definition. Nothing where the card bears no such figure: no card, too few cases; nor where it was measured on phantoms alone, unless
/// `phantoms_count`.
std::optional<double> LevelQuality(const ServedLevel& level, std::span<const std::string> structures, bool phantoms_count);

}  // namespace tuckerseg
