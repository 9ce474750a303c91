/// Text as one cell of a CSV file.
#pragma once

#include <string>

namespace tuckerseg {

/// RFC 4180: what holds a comma, a quote or a line's end is put in quotes.
std::string CsvCell(const std::string& text);

}  // namespace tuckerseg
