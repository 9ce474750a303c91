/// W3C Trace Context: where a call stands in a trace that its client has begun (https://www.w3.org/TR/trace-context, section 3.2).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tuckerseg {

struct TraceContext {
  std::string trace_id;   ///< 32 lower-case hexadecimal digits, not all of them 0
  std::string parent_id;  ///< 16: the client's span
  bool sampled = false;   ///< the client records this trace
  bool operator==(const TraceContext&) const = default;
};

/// Reads the value of a `traceparent`. Nothing for one that the recommendation calls invalid: upper-case digits, ids of zeros, version ff, another
/// length than version 00 has. A later version is read as far as 00 goes. Pure; takes any bytes.
std::optional<TraceContext> ParseTraceparent(std::string_view text);

}  // namespace tuckerseg
