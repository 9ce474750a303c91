#include "server/variants/level_cards.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "engine/error.h"
#include "engine/model/card_file.h"
#include "server/observe/log.h"
#include "server/variants/shown_text.h"

namespace tuckerseg {
namespace {

void LogIgnored(const std::string& place, const std::string& reason) {
  Log(LogLevel::kWarning, "card_ignored", {{"card", place}, {"reason", reason}});
}

}  // namespace

std::map<std::string, Card> ReadLevelCards(const std::filesystem::path& directory, const std::string& weights_sha256, const std::string& place) {
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
    LogIgnored(place, ShownText(error.what()));
  }
  if (of_others) LogIgnored(place, "is of other weights");
  return cards;
}

}  // namespace tuckerseg
