#include "client/cli/text_table.h"

#include <algorithm>
#include <utility>

namespace tuckerseg {

TextTable::TextTable(std::vector<std::string> heading, std::vector<size_t> right_aligned) : right_aligned_(std::move(right_aligned)) {
  Add(std::move(heading));
}

void TextTable::Add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

void TextTable::Print(std::ostream& out) const {
  std::vector<size_t> widths(rows_.front().size(), 0);
  for (const auto& row : rows_)
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  for (const auto& row : rows_) {
    std::string line;
    for (size_t c = 0; c < row.size(); ++c) {
      const std::string fill(widths[c] - row[c].size(), ' ');
      const bool right = std::find(right_aligned_.begin(), right_aligned_.end(), c) != right_aligned_.end();
      if (c > 0) line += "  ";
      line += right ? fill + row[c] : row[c] + fill;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << "\n";
  }
}

}  // namespace tuckerseg
