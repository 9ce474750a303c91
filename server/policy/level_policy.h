/// Chooses the level for a request, and says why.
#pragma once

#include <string>
#include <vector>

#include "server/variants/served_level.h"

namespace tuckerseg {

/// What the client wishes: a level's name, its number ("0.3"), or (empty or "auto") the server's choice.
struct LevelWish {
  std::string level;
};

enum class LevelReason {
  kAsked,    ///< the client named it
  kQuality,  ///< the most accurate one
  kOnly,     ///< there is no other
};

/// "asked", "quality", "only": as metrics name it.
const char* NameOf(LevelReason reason);

struct LevelChoiceMade {
  const ServedLevel* level = nullptr;
  LevelReason reason = LevelReason::kOnly;
};

/// `levels`: those of the model, the original first, which is always ready; they must outlive the choice. Names go before numbers. A
/// number is that of the level that is its default, or of the only level that has it; numbers compare as such: 0.30 is 0.3.
/// Errors: kNotFound if no level has the name or the number, listing those there are; kFailedPrecondition if several have the number,
/// listing them, or if the level could not be loaded.
LevelChoiceMade ChooseLevel(const LevelWish& wish, const std::vector<ServedLevel>& levels);

}  // namespace tuckerseg
