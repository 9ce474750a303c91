/// A span of a trace, and whoever takes spans.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace tuckerseg {

using SpanValue = std::variant<std::string, int64_t, double>;

struct SpanAttribute {
  std::string key;
  SpanValue value;
};

/// OTLP's numbers.
enum class SpanKind { kInternal = 1, kServer = 2 };

/// Ids are lower-case hexadecimal: 32 digits of a trace, 16 of a span. No word of a client's but the ids of its trace, nothing of a patient.
struct Span {
  std::string trace_id;
  std::string span_id;
  std::string parent_id;  ///< empty: the trace begins with this one
  std::string name;
  SpanKind kind = SpanKind::kInternal;
  int64_t begin_ns = 0;  ///< since 1970, UTC
  int64_t end_ns = 0;
  std::vector<SpanAttribute> attributes;
  bool failed = false;
};

class SpanSink {
 public:
  virtual ~SpanSink() = default;
  /// Takes the spans of one request. Never waits, never throws. Thread-safe.
  virtual void Take(std::vector<Span> spans) = 0;
};

}  // namespace tuckerseg
