#include "server/observe/trace_context.h"

#include <algorithm>

namespace tuckerseg {
namespace {

/// version-trace_id-parent_id-flags
constexpr size_t kTraceId = 3;
constexpr size_t kTraceIdDigits = 32;
constexpr size_t kParentId = kTraceId + kTraceIdDigits + 1;
constexpr size_t kParentIdDigits = 16;
constexpr size_t kFlags = kParentId + kParentIdDigits + 1;
constexpr size_t kLength = kFlags + 2;

bool IsHexadecimal(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsId(std::string_view text) { return IsHexadecimal(text) && text.find_first_not_of('0') != std::string_view::npos; }

/// Of a hexadecimal digit; letters begin at an odd code, as 'a' is 10.
bool IsOdd(char digit) { return digit <= '9' ? (digit - '0') % 2 == 1 : (digit - 'a') % 2 == 1; }

bool HasLengthOfItsVersion(std::string_view text) {
  if (text.starts_with("00")) return text.size() == kLength;
  return text.size() == kLength || text[kLength] == '-';
}

}  // namespace

std::optional<TraceContext> ParseTraceparent(std::string_view text) {
  if (text.size() < kLength || !HasLengthOfItsVersion(text)) return std::nullopt;
  if (text[kTraceId - 1] != '-' || text[kParentId - 1] != '-' || text[kFlags - 1] != '-') return std::nullopt;
  const std::string_view version = text.substr(0, 2);
  const std::string_view trace_id = text.substr(kTraceId, kTraceIdDigits);
  const std::string_view parent_id = text.substr(kParentId, kParentIdDigits);
  const std::string_view flags = text.substr(kFlags, 2);
  if (!IsHexadecimal(version) || version == "ff" || !IsHexadecimal(flags) || !IsId(trace_id) || !IsId(parent_id)) return std::nullopt;
  return TraceContext{std::string(trace_id), std::string(parent_id), IsOdd(flags[1])};
}

}  // namespace tuckerseg
