#include "server/variants/level_cards.h"

#include <utility>

#include "engine/error.h"
#include "engine/model/card_file.h"
#include "server/variants/shown_text.h"

namespace tuckerseg {
namespace {

LogLine Ignored(const std::string& place, const std::string& reason) { return {LogLevel::kWarning, "card_ignored", {{"card", place}, {"reason", reason}}}; }

}  // namespace

std::map<std::string, Card> ReadLevelCards(const std::filesystem::path& directory, const std::string& weights_sha256, const std::string& place, std::vector<LogLine>& log) {
  std::map<std::string, Card> cards;
  bool of_others = false;
  try {
    for (Card& card : ReadCards(directory)) {
      const bool of_these = card.weights_sha256.empty() || card.weights_sha256 == weights_sha256;
      of_others = of_others || !of_these;
      if (of_these) cards.insert_or_assign(card.variant, std::move(card));
    }
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kUnavailable) throw;
    log.push_back(Ignored(place, ShownText(error.what())));
  }
  if (of_others) log.push_back(Ignored(place, "is of other weights"));
  return cards;
}

}  // namespace tuckerseg
