/// What a card says of a level: how good it is, and on which data that was measured (docs/bundle.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace tuckerseg {

struct LevelCard {
  std::optional<double> quality;            ///< lower 95 % bound of `dice_to_original`
  std::optional<double> dice_to_original;   ///< mean Dice against the original's label maps
  std::optional<double> dice_to_reference;  ///< mean Dice against reference labels
  std::string data;                         ///< what was measured, in words
  bool phantoms = false;                    ///< procedural cases alone: no patient was measured
  int64_t cases = 0;
  std::string weights_sha256;               ///< of the weights that were measured; empty: the card does not say
  bool operator==(const LevelCard&) const = default;
};

/// The cards in card.json's text, by level: one, or those of its `levels`.
/// Errors: kInvalidArgument that names the field (JSON path), its value and what would be right.
std::map<std::string, LevelCard> ParseLevelCards(const std::string& json);

/// The cards in `directory`, by level; none where it has no card.json. A card that cannot be read, or is of other weights, says nothing
/// of these: it is left out, with a line in the log that calls it `place`.
std::map<std::string, LevelCard> ReadLevelCards(const std::filesystem::path& directory, const std::string& weights_sha256,
                                                const std::string& place);

/// What was measured, for people: "mean Dice 0.931 (at least 0.912) against the original, on 40 phantoms, no patient".
std::string MeasurementsInWords(const LevelCard& card);

}  // namespace tuckerseg
