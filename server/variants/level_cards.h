/// The cards that lie beside weights which a server has loaded.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/model/card.h"
#include "server/observe/log.h"

namespace tuckerseg {

/// The cards in `directory`, by level; none where it has no card.json. A card that cannot be read, or is of other weights, says nothing
/// of these: it is left out, with a line in `log` that calls it `place`. One with an empty checksum does not say of which it is, and stays.
/// Errors: kUnavailable if it may be read another time: nobody should choose by what a card does not say meanwhile.
std::map<std::string, Card> ReadLevelCards(const std::filesystem::path& directory, const std::string& weights_sha256, const std::string& place, std::vector<LogLine>& log);

}  // namespace tuckerseg
