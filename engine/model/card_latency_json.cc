#include "engine/model/card_latency_json.h"

#include "engine/model/card_fields.h"

namespace tuckerseg {
namespace {

constexpr int64_t kMostThreads = 65536;
constexpr int64_t kLongestAxis = 4096;  // of a patch; of a volume too, longer ones are not read

std::array<double, 3> ParseSpacing(const JsonField& field) {
  const std::array<double, 3> spacing_mm = field.Numbers3();
  for (size_t a = 0; a < 3; ++a)
    if (!(spacing_mm[a] > 0)) field.At(a).Refuse("must be above 0 mm");
  return spacing_mm;
}

/// What every time was measured with.
template <typename Latency>
Latency ParseSetting(const JsonField& field) {
  Latency latency;
  latency.device = field.At("device").Text();
  latency.executor = field.At("executor").Text();
  latency.precision = field.At("precision").Text();
  latency.threads = field.At("threads").Integer(1, kMostThreads);
  return latency;
}

}  // namespace

Json CardLatencyJson(const CardLatency& latency) {
  return {{"device", latency.device},       {"executor", latency.executor}, {"precision", latency.precision},
          {"threads", latency.threads},     {"patch", latency.patch},       {"min_s", latency.min_s},
          {"median_s", latency.median_s},   {"peak_bytes", OrNull(latency.peak_bytes)}};
}

CardLatency ParseCardLatency(const JsonField& field) {
  auto latency = ParseSetting<CardLatency>(field);
  latency.patch = field.At("patch").Integers3(1, kLongestAxis);
  latency.min_s = NotNegative(field.At("min_s"));
  latency.median_s = NotNegative(field.At("median_s"));
  latency.peak_bytes = OptionalOf(field, "peak_bytes", CountOf);
  return latency;
}

Json CardVolumeLatencyJson(const CardVolumeLatency& latency) {
  Json json{{"device", latency.device},   {"executor", latency.executor}, {"precision", latency.precision},
            {"threads", latency.threads}, {"shape", latency.shape},       {"spacing_mm", latency.spacing_mm}};
  if (latency.patches) json["patches"] = *latency.patches;
  json["seconds"] = latency.seconds;
  json["peak_bytes"] = OrNull(latency.peak_bytes);
  return json;
}

CardVolumeLatency ParseCardVolumeLatency(const JsonField& field) {
  auto latency = ParseSetting<CardVolumeLatency>(field);
  latency.shape = field.At("shape").Integers3(1, kLongestAxis);
  latency.spacing_mm = ParseSpacing(field.At("spacing_mm"));
  if (field.Has("patches")) latency.patches = CountOf(field.At("patches"));
  latency.seconds = NotNegative(field.At("seconds"));
  latency.peak_bytes = OptionalOf(field, "peak_bytes", CountOf);
  return latency;
}

}  // namespace tuckerseg
