/// What a client is told whose request no level can serve: what stands in the way, and what would be possible.
#pragma once

#include <span>
#include <vector>

#include "server/policy/judged_offer.h"

namespace tuckerseg {

/// `judged`: JudgeOffers of the rest, none of which can serve now. As ChooseOffer promises of its refusals.
ChoiceRefusal RefuseOffers(const std::vector<Judged>& judged, std::span<const LevelOffer> offers, const LevelPromises& promises, const PolicySettings& settings);

}  // namespace tuckerseg
