#include "compression/cli/grouped_number.h"

#include <algorithm>

#include "engine/text_table.h"

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

std::string Grouped(int64_t number) { return WithCommas(std::to_string(number)); }

std::string Grouped(double number, int decimals) { return WithCommas(Fixed(number, decimals)); }

}  // namespace tuckerseg
