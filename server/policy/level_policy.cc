#include "server/policy/level_policy.h"

#include <algorithm>

#include "engine/error.h"

namespace tuckerseg {

LevelChoiceMade ChooseLevel(const LevelWish& wish, const std::vector<std::string>& variants) {
  // The original meets any condition on quality by definition, and is the only form that is always there.
  if (wish.name.empty() || wish.name == "auto") return {variants.front(), LevelReason::kOnly};
  if (std::find(variants.begin(), variants.end(), wish.name) == variants.end()) {
    std::string known;
    for (const std::string& name : variants) known += ", " + name;
    throw Error(ErrorCode::kNotFound, "level = " + wish.name + ": must be one of auto" + known);
  }
  return {wish.name, LevelReason::kAsked};
}

}  // namespace tuckerseg
