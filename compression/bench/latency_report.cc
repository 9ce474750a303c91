#include "compression/bench/latency_report.h"

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>

#include "engine/model/json_text.h"
#include "engine/model/variant.h"

namespace tuckerseg {
namespace {

constexpr double kGiga = 1e9;
constexpr double kMebibyte = 1 << 20;

[[gnu::format(printf, 1, 2)]] std::string Text(const char* format, ...) {
  std::array<char, 256> text{};
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text.data(), text.size(), format, arguments);
  va_end(arguments);
  return text.data();
}

Json BytesJson(const std::optional<int64_t>& bytes) { return bytes ? Json(*bytes) : Json(nullptr); }

Json VariantJson(const VariantReport& variant, const TimingSetting& setting) {
  Json json{{"variant", variant.variant},
            {"executor", setting.executor},
            {"precision", setting.precision},
            {"patch", variant.patch},
            {"min_s", variant.latency.min_s},
            {"median_s", variant.latency.median_s},
            {"gmac", static_cast<double>(variant.multiply_adds) / kGiga},
            {"peak_bytes", BytesJson(variant.latency.peak_bytes)}};
  if (variant.volume) json["volume_s"] = variant.volume->seconds;
  if (variant.volume) json["volume_peak_bytes"] = BytesJson(variant.volume->peak_bytes);
  return json;
}

/// Operations a second, from the least time.
double Flops(const VariantReport& variant) { return 2 * static_cast<double>(variant.multiply_adds) / variant.latency.min_s; }

std::string Header(const LatencyReport& report) {
  const TimingSetting& setting = report.setting;
  const Size3& patch = report.variants.front().patch;
  std::string text = Text("%s, executor %s, %s, %lld thread%s; patch %lld x %lld x %lld\n", setting.device.c_str(), setting.executor.c_str(),
                          setting.precision.c_str(), static_cast<long long>(setting.threads), setting.threads == 1 ? "" : "s",
                          static_cast<long long>(patch[0]), static_cast<long long>(patch[1]), static_cast<long long>(patch[2]));
  if (report.on_device) text += "without the way to the device and back\n";
  if (report.peak_flops) text += Text("%.1f GFLOP/s in a large matrix product\n", *report.peak_flops / kGiga);
  return text;
}

std::string MebibytesCell(const std::optional<int64_t>& bytes) {
  return bytes ? Text(" %9.1f", static_cast<double>(*bytes) / kMebibyte) : Text(" %9s", "-");
}

/// Of a variant beside others with which a volume was segmented.
std::string VolumeCells(const std::optional<VolumeTime>& volume) {
  if (!volume) return Text(" %9s %10s", "-", "-");
  return Text(" %9.2f ", volume->seconds) + MebibytesCell(volume->peak_bytes);
}

std::string Line(const VariantReport& variant, const VariantReport* original, bool with_volume) {
  std::string text = Text("%-20s %10.4f %10.4f", variant.variant.c_str(), variant.latency.min_s, variant.latency.median_s);
  if (original != nullptr) {
    text += Text(" %8.3f", variant.latency.min_s / original->latency.min_s);
  } else {
    text += Text(" %8s", "-");
  }
  text += Text(" %11.3f", static_cast<double>(variant.multiply_adds) / kGiga);
  if (original != nullptr) {
    text += Text(" %8.3f", static_cast<double>(variant.multiply_adds) / static_cast<double>(original->multiply_adds));
  } else {
    text += Text(" %8s", "-");
  }
  text += Text(" %9.1f", Flops(variant) / kGiga);
  text += MebibytesCell(variant.latency.peak_bytes);
  if (with_volume) text += VolumeCells(variant.volume);
  return text + "\n";
}

}  // namespace

std::string EncodeReport(const LatencyReport& report) {
  Json json{{"device", report.setting.device}, {"threads", report.setting.threads}, {"on_device", report.on_device}, {"results", Json::array()}};
  for (const VariantReport& variant : report.variants) json["results"].push_back(VariantJson(variant, report.setting));
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string ReportTable(const LatencyReport& report) {
  const auto& variants = report.variants;
  const auto found = std::find_if(variants.begin(), variants.end(), [](const VariantReport& v) { return v.variant == kOriginal; });
  const VariantReport* original = found != variants.end() ? &*found : nullptr;
  const bool with_volume = std::any_of(variants.begin(), variants.end(), [](const VariantReport& v) { return v.volume.has_value(); });
  std::string text = Header(report);
  text += Text("%-20s %10s %10s %8s %11s %8s %9s %9s", "variant", "min s", "median s", "of orig.", "G mul.-adds", "of orig.", "GFLOP/s", "peak MiB");
  text += with_volume ? Text(" %9s %10s\n", "volume s", "volume MiB") : "\n";
  for (const VariantReport& variant : variants) text += Line(variant, original, with_volume);
  return text;
}

}  // namespace tuckerseg
