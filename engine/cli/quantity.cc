#include "engine/cli/quantity.h"

#include <charconv>
#include <cmath>
#include <map>
#include <optional>

#include "engine/error.h"

namespace tuckerseg {
namespace {

/// The number at the begin of the text times the factor of the unit behind it.
std::optional<double> Scaled(const std::string& text, const std::map<std::string, double>& units) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc()) return {};
  const auto unit = units.find(std::string(end, text.data() + text.size()));
  if (unit == units.end() || !std::isfinite(number)) return {};
  return number * unit->second;
}

}  // namespace

std::chrono::milliseconds ParseDuration(const std::string& text) {
  constexpr double kLongestMs = 7 * 24 * 3600e3;
  const auto ms = Scaled(text, {{"", 1e3}, {"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"min", 60e3}, {"h", 3600e3}});
  if (!ms || *ms < 1 || *ms > kLongestMs) {
    throw Error(ErrorCode::kInvalidArgument, "duration = " + text + ": must be like 500ms, 30s, 5m or 1h, from 1ms to 168h");
  }
  return std::chrono::milliseconds(std::llround(*ms));
}

uint64_t ParseBytes(const std::string& text) {
  constexpr double kMost = 1125899906842624.0;  // 2^50
  const auto bytes = Scaled(text, {{"", 1}, {"B", 1}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12},
                                   {"KiB", 1024.0}, {"MiB", 1048576.0}, {"GiB", 1073741824.0}, {"TiB", 1099511627776.0}});
  if (!bytes || *bytes < 1 || *bytes > kMost) {
    throw Error(ErrorCode::kInvalidArgument, "size = " + text + ": must be like 4GiB, 512MiB or 2GB, from 1 byte to 1024 TiB");
  }
  return static_cast<uint64_t>(std::llround(*bytes));
}

}  // namespace tuckerseg
