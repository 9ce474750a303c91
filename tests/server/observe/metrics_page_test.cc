#include "server/observe/metrics_page.h"

#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::string LibrarysPage(const std::vector<MetricFamily>& families) { return prometheus::TextSerializer().Serialize(families); }

MetricFamily FamilyOf(MetricType type, std::vector<ClientMetric> metrics, std::string help = "Its help") {
  return {.name = "family_name", .help = std::move(help), .type = type, .metric = std::move(metrics)};
}

ClientMetric GaugeOf(double value, std::vector<ClientMetric::Label> labels = {}) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.gauge.value = value;
  return metric;
}

MetricFamily HistogramOf(std::vector<ClientMetric::Bucket> buckets, std::vector<ClientMetric::Label> labels = {}) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.histogram = {.sample_count = 18446744073709551615U, .sample_sum = 0.1, .bucket = std::move(buckets)};
  return FamilyOf(MetricType::Histogram, {metric});
}

TEST(MetricsPage, IsEmptyWithoutFamilies) { EXPECT_EQ(MetricsPage({}), ""); }

TEST(MetricsPage, HasHelpAndTypeBeforeTheSeries) {
  EXPECT_EQ(MetricsPage({FamilyOf(MetricType::Gauge, {GaugeOf(0.25, {{"device", "cpu"}, {"kind", "free"}})})}),
            "# HELP family_name Its help\n# TYPE family_name gauge\nfamily_name{device=\"cpu\",kind=\"free\"} 0.25\n");
}

TEST(MetricsPage, WritesNumbersAsTheLibraryDoes) {
  for (const double value : {0.0, -0.0, 1.0, -1.0, 0.1, 1.0 / 3, 100.0, 1e5, 999999.0, 1e6, 123456789.0, 1e14 + 0.5, 999999999999999.0, 1e15, 1e15 + 2, 1e16, 1e17, -1e15, 1e300,
                             1e-4, 1e-5, 5e-324, 68719476736.0, 1764295652.123456, 18446744073709551615.0, std::numeric_limits<double>::max(), kInfinity, -kInfinity,
                             std::numeric_limits<double>::quiet_NaN()}) {
    const std::vector<MetricFamily> families{FamilyOf(MetricType::Gauge, {GaugeOf(value)})};
    EXPECT_EQ(MetricsPage(families), LibrarysPage(families)) << value;
  }
}

TEST(MetricsPage, EscapesLabelsAsTheLibraryDoes) {
  const std::string bytes("a\\b\"c\nd\te\r{}=,\xc3\xa4 \x01\0", 20);
  const std::vector<MetricFamily> families{FamilyOf(MetricType::Gauge, {GaugeOf(1, {{"first", bytes}, {"second", ""}})})};
  EXPECT_EQ(MetricsPage(families), LibrarysPage(families));
}

TEST(MetricsPage, WritesCountersAndGaugesAsTheLibraryDoes) {
  ClientMetric counter;
  counter.counter.value = 7;
  ClientMetric dated = GaugeOf(2.5, {{"device", "cpu"}});
  dated.timestamp_ms = -1500;
  const std::vector<MetricFamily> families{FamilyOf(MetricType::Counter, {counter}), FamilyOf(MetricType::Gauge, {dated, GaugeOf(1)}),
                                           FamilyOf(MetricType::Gauge, {}), FamilyOf(MetricType::Gauge, {GaugeOf(1)}, "")};
  EXPECT_EQ(MetricsPage(families), LibrarysPage(families));
}

TEST(MetricsPage, WritesHistogramsAsTheLibraryDoes) {
  const std::vector<MetricFamily> families{HistogramOf({{1, 0.005}, {2, 1}, {3, kInfinity}}, {{"method", "Segment"}}), HistogramOf({{1, 0.005}, {2, 67108864}}),
                                           HistogramOf({}, {{"method", "Segment"}})};
  EXPECT_EQ(MetricsPage(families), LibrarysPage(families));
}

TEST(MetricsPage, RefusesATypeThatNoneOfOursHas) {
  for (const MetricType type : {MetricType::Summary, MetricType::Untyped})
    ExpectError(ErrorCode::kInternal, "metric family_name: must be a counter, a gauge or a histogram", [&] { MetricsPage({FamilyOf(type, {})}); });
}

}  // namespace
}  // namespace tuckerseg
