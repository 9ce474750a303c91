#include "server/observe/metrics_page.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>

#include "engine/error.h"

namespace tuckerseg {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

template <typename Number, typename... Format>
void AppendNumber(std::string& page, Number number, Format... format) {
  std::array<char, 32> digits;  // 24 are the most that 16 digits need, with signs, point and exponent
  page.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number, format...).ptr);
}

void AppendValue(std::string& page, double value) {
  constexpr double kMostWhole = 1e15;  // below it the 16 digits of a whole number are its own
  if (std::isnan(value)) {
    page += "Nan";
  } else if (std::isinf(value)) {
    page += value > 0 ? "+Inf" : "-Inf";
  } else if (std::abs(value) < kMostWhole && value == std::floor(value) && !std::signbit(value)) {
    AppendNumber(page, static_cast<int64_t>(value));
  } else {
    AppendNumber(page, value, std::chars_format::general, std::numeric_limits<double>::max_digits10 - 1);
  }
}

void AppendEscaped(std::string& page, std::string_view text) {
  const auto is_special = [](char c) { return c == '\\' || c == '"' || c == '\n'; };
  for (auto rest = text.begin();; ++rest) {
    const auto special = std::find_if(rest, text.end(), is_special);
    page.append(rest, special);
    if (special == text.end()) return;
    (page += '\\') += *special == '\n' ? 'n' : *special;
    rest = special;
  }
}

/// One series up to its value. `bound`: of a histogram's bucket; else null.
void AppendSeries(std::string& page, const std::string& name, std::string_view suffix, const ClientMetric& metric, const double* bound = nullptr) {
  page.append(name).append(suffix);
  if (!metric.label.empty() || bound != nullptr) {
    char before = '{';
    for (const ClientMetric::Label& label : metric.label) {
      (page += before).append(label.name).append("=\"");
      AppendEscaped(page, label.value);
      page += '"';
      before = ',';
    }
    if (bound != nullptr) {
      (page += before).append("le=\"");
      AppendValue(page, *bound);
      page += '"';
    }
    page += '}';
  }
  page += ' ';
}

void EndLine(std::string& page, const ClientMetric& metric) {
  if (metric.timestamp_ms != 0) AppendNumber(page += ' ', metric.timestamp_ms);
  page += '\n';
}

void AppendLine(std::string& page, const std::string& name, const ClientMetric& metric, double value) {
  AppendSeries(page, name, "", metric);
  AppendValue(page, value);
  EndLine(page, metric);
}

void AppendHistogram(std::string& page, const std::string& name, const ClientMetric& metric) {
  const auto append_count = [&](std::string_view suffix, uint64_t count, const double* bound) {
    AppendSeries(page, name, suffix, metric, bound);
    AppendNumber(page, count);
    EndLine(page, metric);
  };
  append_count("_count", metric.histogram.sample_count, nullptr);
  AppendSeries(page, name, "_sum", metric);
  AppendValue(page, metric.histogram.sample_sum);
  EndLine(page, metric);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  double last = -kInfinity;
  for (const ClientMetric::Bucket& bucket : metric.histogram.bucket) {
    last = bucket.upper_bound;
    append_count("_bucket", bucket.cumulative_count, &last);
  }
  if (last != kInfinity) append_count("_bucket", metric.histogram.sample_count, &kInfinity);
}

std::string_view TypeName(const MetricFamily& family) {
  switch (family.type) {
    case MetricType::Counter: return "counter";
    case MetricType::Gauge: return "gauge";
    case MetricType::Histogram: return "histogram";
    default: throw Error(ErrorCode::kInternal, "metric " + family.name + ": must be a counter, a gauge or a histogram");
  }
}

void AppendFamily(std::string& page, const MetricFamily& family) {
  if (!family.help.empty()) page.append("# HELP ").append(family.name).append(" ").append(family.help).append("\n");
  page.append("# TYPE ").append(family.name).append(" ").append(TypeName(family)).append("\n");
  for (const ClientMetric& metric : family.metric) {
    if (family.type == MetricType::Histogram) {
      AppendHistogram(page, family.name, metric);
    } else {
      AppendLine(page, family.name, metric, family.type == MetricType::Counter ? metric.counter.value : metric.gauge.value);
    }
  }
}

}  // namespace

std::string MetricsPage(const std::vector<MetricFamily>& families) {
  std::string page;
  for (const MetricFamily& family : families) AppendFamily(page, family);
  return page;
}

}  // namespace tuckerseg
