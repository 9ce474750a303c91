#include "server/observe/otlp_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace tuckerseg {
namespace {

using Json = nlohmann::json;

Span FailedSpan() {
  Span span;
  span.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
  span.span_id = "00f067aa0ba902b7";
  span.parent_id = "53995c3f42cd8ad8";
  span.name = "infer";
  span.kind = SpanKind::kServer;
  span.begin_ns = 1767225600000000001;
  span.end_ns = 1767225600000000002;
  span.attributes = {{"text", "OK"}, {"whole", int64_t{1} << 60}, {"part", 0.5}};
  span.failed = true;
  return span;
}

TEST(OtlpJson, IsWhatTheSpecificationCallsAnExportRequest) {
  const std::vector<Span> spans{FailedSpan()};
  const Json request = Json::parse(OtlpJson(spans, {"1.2.3", "abc"}));
  const Json expected = Json::parse(R"({"resourceSpans": [{
    "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "tuckerseg"}},
                                {"key": "service.version", "value": {"stringValue": "1.2.3"}},
                                {"key": "service.instance.id", "value": {"stringValue": "abc"}}]},
    "scopeSpans": [{"scope": {"name": "tuckerseg", "version": "1.2.3"}, "spans": [{
      "traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": "00f067aa0ba902b7", "parentSpanId": "53995c3f42cd8ad8",
      "name": "infer", "kind": 2, "startTimeUnixNano": "1767225600000000001", "endTimeUnixNano": "1767225600000000002",
      "attributes": [{"key": "text", "value": {"stringValue": "OK"}}, {"key": "whole", "value": {"intValue": "1152921504606846976"}},
                     {"key": "part", "value": {"doubleValue": 0.5}}],
      "status": {"code": 2}}]}]}]})");
  EXPECT_EQ(request, expected) << request.dump(2);
}

TEST(OtlpJson, LeavesOutWhatASpanDoesNotHave) {
  Span span = FailedSpan();
  span.parent_id = "";
  span.failed = false;
  const std::vector<Span> spans{span};
  const Json json = Json::parse(OtlpJson(spans, {}))["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
  EXPECT_FALSE(json.contains("parentSpanId"));
  EXPECT_EQ(json["status"], Json::object());
}

TEST(OtlpJson, IsJsonWhateverTextsHold) {
  Span span = FailedSpan();
  span.name = "\xFF\"\n";
  const std::vector<Span> spans{span, span};
  EXPECT_EQ(Json::parse(OtlpJson(spans, {}))["resourceSpans"][0]["scopeSpans"][0]["spans"].size(), 2U);
}

}  // namespace
}  // namespace tuckerseg
