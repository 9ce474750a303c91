#include "server/nearest_word.h"

#include <algorithm>
#include <vector>

namespace tuckerseg {
namespace {

/// Longer ones are no mistyped key, and the table below would grow with their square.
constexpr size_t kLongest = 64;

/// Optimal string alignment: Levenshtein's distance, with swapped neighbours as one mistake.
size_t Mistakes(const std::string& a, const std::string& b) {
  std::vector<std::vector<size_t>> least(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        least[i][j] = i + j;
        continue;
      }
      least[i][j] = std::min({least[i - 1][j] + 1, least[i][j - 1] + 1, least[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) least[i][j] = std::min(least[i][j], least[i - 2][j - 2] + 1);
    }
  }
  return least[a.size()][b.size()];
}

}  // namespace

std::optional<std::string> NearestWord(const std::string& written, std::span<const std::string> words) {
  if (written.size() > kLongest) return {};
  std::optional<std::string> nearest;
  size_t fewest = 0;
  for (const std::string& word : words) {
    const size_t mistakes = Mistakes(written, word);
    if (mistakes * 3 > std::max(written.size(), word.size()) || (nearest && mistakes >= fewest)) continue;
    nearest = word;
    fewest = mistakes;
  }
  return nearest;
}

}  // namespace tuckerseg
