#include "compression/cli/text_table.h"

#include <algorithm>
#include <iomanip>
#include <sstream>

namespace tuckerseg {
namespace {

/// Commas between thousands of the digits that begin at `first` and end before `last`.
std::string WithCommas(const std::string& text, size_t first, size_t last) {
  std::string grouped = text.substr(0, first);
  for (size_t i = first; i < last; ++i) {
    if (i > first && (last - i) % 3 == 0) grouped += ',';
    grouped += text[i];
  }
  return grouped + text.substr(last);
}

std::string WithCommas(const std::string& text) { return WithCommas(text, text.starts_with('-') ? 1 : 0, std::min(text.find('.'), text.size())); }

}  // namespace

std::string Fixed(double number, int decimals) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(decimals) << number;
  return text.str();
}

std::string Grouped(int64_t number) { return WithCommas(std::to_string(number)); }

std::string Grouped(double number, int decimals) { return WithCommas(Fixed(number, decimals)); }

std::string TextTable::Text() const {
  std::vector<std::string> titles;
  for (const Column& column : columns_) titles.push_back(column.title);
  std::vector<size_t> widths(columns_.size(), 0);
  const auto widen = [&](const std::vector<std::string>& row) {
    for (size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  };
  widen(titles);
  for (const auto& row : rows_) widen(row);

  std::string text;
  const auto print = [&](const std::vector<std::string>& row) {
    std::string line;
    for (size_t i = 0; i < widths.size(); ++i) {
      const std::string padding(widths[i] - row[i].size(), ' ');
      line += "  " + (columns_[i].align == Align::kRight ? padding + row[i] : row[i] + padding);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  };
  print(titles);
  for (const auto& row : rows_) print(row);
  return text;
}

}  // namespace tuckerseg
