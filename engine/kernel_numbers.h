/// Numbers in the texts in which the kernel tells of itself: a file of one number, and one of a word and a number a line.
#pragma once

#include <cstdint>
#include <optional>
#include <sstream>
#include <string>

namespace tuckerseg {

/// The whole number that the text begins with; nothing for any other text ("max", say).
inline std::optional<int64_t> NumberOf(const std::string& text) {
  std::istringstream stream(text);
  int64_t number = 0;
  return stream >> number ? std::optional(number) : std::nullopt;
}

/// The number behind `word`, which stands at the beginning of a line; 0 where there is none.
inline int64_t NumberBehind(const std::string& word, const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(word + " ")) return NumberOf(line.substr(word.size())).value_or(0);
  return 0;
}

}  // namespace tuckerseg
