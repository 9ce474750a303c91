/// Chooses the variant for a request, and says why.
#pragma once

#include <string>
#include <vector>

namespace tuckerseg {

/// What the client wishes: a name, or (empty) the server's choice.
struct LevelWish {
  std::string name;
};

enum class LevelReason { kAsked, kOnly };

struct LevelChoiceMade {
  std::string variant;
  LevelReason reason = LevelReason::kOnly;
};

/// `variants`: those of the model that can run, `original` among them; never empty.
/// Errors: kNotFound if the wish names another, listing those there are.
LevelChoiceMade ChooseLevel(const LevelWish& wish, const std::vector<std::string>& variants);

}  // namespace tuckerseg
