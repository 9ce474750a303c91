#include "server/observe/otlp_json.h"

#include <nlohmann/json.hpp>

namespace tuckerseg {
namespace {

using Json = nlohmann::json;

constexpr auto kService = "tuckerseg";
constexpr int kStatusError = 2;

Json ToJson(const SpanAttribute& attribute) {
  Json value = Json::object();
  if (const auto* text = std::get_if<std::string>(&attribute.value)) {
    value["stringValue"] = *text;
  } else if (const auto* number = std::get_if<int64_t>(&attribute.value)) {
    value["intValue"] = std::to_string(*number);
  } else {
    value["doubleValue"] = std::get<double>(attribute.value);
  }
  Json json = Json::object();
  json["key"] = attribute.key;
  json["value"] = std::move(value);
  return json;
}

Json ToJson(const std::vector<SpanAttribute>& attributes) {
  Json json = Json::array();
  for (const SpanAttribute& attribute : attributes) json.push_back(ToJson(attribute));
  return json;
}

Json ToJson(const Span& span) {
  Json json = Json::object();
  json["traceId"] = span.trace_id;
  json["spanId"] = span.span_id;
  if (!span.parent_id.empty()) json["parentSpanId"] = span.parent_id;
  json["name"] = span.name;
  json["kind"] = static_cast<int>(span.kind);
  json["startTimeUnixNano"] = std::to_string(span.begin_ns);
  json["endTimeUnixNano"] = std::to_string(span.end_ns);
  json["attributes"] = ToJson(span.attributes);
  json["status"] = Json::object();
  if (span.failed) json["status"]["code"] = kStatusError;
  return json;
}

}  // namespace

std::string OtlpJson(std::span<const Span> spans, const SpanSource& source) {
  Json scope_spans = Json::object();
  scope_spans["scope"]["name"] = kService;
  scope_spans["scope"]["version"] = source.version;
  scope_spans["spans"] = Json::array();
  for (const Span& span : spans) scope_spans["spans"].push_back(ToJson(span));
  Json resource_spans = Json::object();
  resource_spans["resource"]["attributes"] =
      ToJson(std::vector<SpanAttribute>{{"service.name", kService}, {"service.version", source.version}, {"service.instance.id", source.instance}});
  resource_spans["scopeSpans"] = Json::array({std::move(scope_spans)});
  Json request = Json::object();
  request["resourceSpans"] = Json::array({std::move(resource_spans)});
  return request.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace tuckerseg
