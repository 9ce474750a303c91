/// Texts, numbers and sizes as they stand in a page.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tuckerseg {

/// `text` as HTML shows it, in an element or between the quotes of an attribute: it can begin and end nothing.
std::string HtmlText(std::string_view text);

/// "0.3152 s", "12.3 s": four digits below a second, one decimal from ten on.
std::string SecondsText(double seconds);

/// "1.5 GiB", "320.0 MiB", "12 B".
std::string BytesText(int64_t bytes);

}  // namespace tuckerseg
