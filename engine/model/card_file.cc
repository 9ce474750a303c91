#include "engine/model/card_file.h"

#include <optional>
#include <string>
#include <system_error>

#include "engine/error.h"
#include "engine/model/file_failure.h"
#include "engine/whole_file.h"

namespace tuckerseg {

std::vector<Card> ReadCards(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / kCardFile;
  std::error_code unknown;  // what cannot be told is not absent
  if (std::filesystem::status(path, unknown).type() == std::filesystem::file_type::not_found) return {};
  const std::optional<std::string> text = ReadWholeFile(path);
  if (!text) {
    const bool is_passing = CodeOfUnreadFile(path) == ErrorCode::kUnavailable;
    throw Error(is_passing ? ErrorCode::kUnavailable : ErrorCode::kInvalidArgument, "card.json: cannot be read: must be a file");
  }
  return ParseCards(*text);
}

void WriteCards(const std::filesystem::path& directory, std::span<const Card> cards) {
  WriteWholeFile(directory / kCardFile, cards.size() == 1 ? EncodeCard(cards.front()) : EncodeCards(cards));
}

}  // namespace tuckerseg
