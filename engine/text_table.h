/// Tables for a terminal: columns as wide as their widest text.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace tuckerseg {

/// The number with so many decimals: "0.1235".
std::string Fixed(double number, int decimals);

class TextTable {
 public:
  enum class Align { kLeft, kRight };  ///< numbers are read best when their right ends meet
  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };

  /// `indent`: blanks before each line.
  explicit TextTable(std::vector<Column> columns, size_t indent = 2) : columns_(std::move(columns)), indent_(indent) {}

  /// As many texts as there are columns.
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  /// Titles, then the rows, each ended by a line break; no blanks at the ends of lines.
  std::string Text() const;

 private:
  std::vector<Column> columns_;
  size_t indent_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace tuckerseg
