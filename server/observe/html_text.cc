#include "server/observe/html_text.h"

#include <array>
#include <cmath>

#include "engine/text_table.h"

namespace tuckerseg {

std::string HtmlText(std::string_view text) {
  std::string html;
  html.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&': html += "&amp;"; break;
      case '<': html += "&lt;"; break;
      case '>': html += "&gt;"; break;
      case '"': html += "&quot;"; break;
      case '\'': html += "&#39;"; break;
      default: html += c;
    }
  }
  return html;
}

std::string SecondsText(double seconds) {
  const double size = std::abs(seconds);
  return Fixed(seconds, size < 1 ? 4 : size < 10 ? 2 : 1) + " s";
}

std::string BytesText(int64_t bytes) {
  constexpr std::array<const char*, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  constexpr double kStep = 1024;
  auto size = static_cast<double>(bytes);
  size_t unit = 0;
  while (std::abs(size) >= kStep && unit + 1 < kUnits.size()) {
    size /= kStep;
    ++unit;
  }
  return Fixed(size, unit == 0 ? 0 : 1) + " " + kUnits[unit];
}

}  // namespace tuckerseg
