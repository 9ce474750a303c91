/// card.json on disk, beside the weights that it is of (docs/card.md).
#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "engine/model/card.h"

namespace tuckerseg {

inline constexpr auto kCardFile = "card.json";

/// The cards in `directory`; none where it has no card.json.
/// Errors: kInvalidArgument if there is one that is no file or cannot be read, kUnavailable where it may be another time; as ParseCards.
std::vector<Card> ReadCards(const std::filesystem::path& directory);

/// Writes card.json into `directory`, whole or not at all: one card by itself, several as `levels`. Errors: as WriteWholeFile.
void WriteCards(const std::filesystem::path& directory, std::span<const Card> cards);

}  // namespace tuckerseg
