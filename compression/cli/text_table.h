/// Tables for a terminal: columns as wide as their widest text.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tuckerseg {

/// The number with so many decimals: "0.1235".
std::string Fixed(double number, int decimals);

/// 1234567 as "1,234,567".
std::string Grouped(int64_t number);

/// The number with so many decimals, grouped too: "1,387.3".
std::string Grouped(double number, int decimals);

class TextTable {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };

  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// As many texts as there are columns.
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  /// Titles, then the rows, each indented by two blanks and ended by a line break; no blanks at the ends of lines.
  std::string Text() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace tuckerseg
