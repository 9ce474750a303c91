/// What a card says of a level, for people.
#pragma once

#include <string>

#include "engine/model/card.h"

namespace tuckerseg {

/// What was measured: "mean Dice 0.931 (at least 0.912) against the original, on 40 phantoms, no patient". As ShownText: the card's
/// description comes from an operator's file.
std::string MeasurementsInWords(const Card& card);

}  // namespace tuckerseg
