/// Spans as OTLP's JSON (https://opentelemetry.io/docs/specs/otlp, "JSON Protobuf Encoding"): what collectors take over HTTP.
#pragma once

#include <span>
#include <string>

#include "server/observe/span.h"

namespace tuckerseg {

/// Who has made the spans: the resource's service.name is "tuckerseg".
struct SpanSource {
  std::string version;   ///< service.version
  std::string instance;  ///< service.instance.id: tells this process from others of the same service
};

/// An ExportTraceServiceRequest. Ids in hexadecimal, 64-bit numbers as strings, as the specification has them. Bytes that are no UTF-8 are replaced. Pure.
std::string OtlpJson(std::span<const Span> spans, const SpanSource& source);

}  // namespace tuckerseg
