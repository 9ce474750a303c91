/// Prints rows of text in columns as wide as their widest cell.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace tuckerseg {

class TextTable {
 public:
  /// Numbers are read best when their right ends meet: columns in `right_aligned` (indices) are.
  TextTable(std::vector<std::string> heading, std::vector<size_t> right_aligned);
  /// `cells`: one for each column.
  void Add(std::vector<std::string> cells);
  void Print(std::ostream& out) const;

 private:
  std::vector<std::vector<std::string>> rows_;  // the heading first
  std::vector<size_t> right_aligned_;
};

}  // namespace tuckerseg
