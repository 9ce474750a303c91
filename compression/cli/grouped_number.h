/// Large numbers with commas between their thousands.
#pragma once

#include <cstdint>
#include <string>

namespace tuckerseg {

/// 1234567 as "1,234,567".
std::string Grouped(int64_t number);

/// The number with so many decimals, grouped too: "1,387.3".
std::string Grouped(double number, int decimals);

}  // namespace tuckerseg
