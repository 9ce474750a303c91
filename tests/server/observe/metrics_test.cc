#include "server/observe/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

class MetricsTest : public testing::Test {
 protected:
  Metrics metrics_{"1.2.3", {"cpu", "cuda:0"}};
};

TEST_F(MetricsTest, TellsTheVersionAndTheKindsOfDevicesFromTheStart) {
  EXPECT_THAT(metrics_.Text(), HasSubstr("tuckerseg_build_info{devices=\"cpu,cuda\",version=\"1.2.3\"} 1"));
}

TEST_F(MetricsTest, CountsRequestsAndTheirTimesByTheContractsLabels) {
  metrics_.CountRequest({"total", "original", "cpu", "OK", 3});
  metrics_.CountRequest({"total", "original", "cpu", "OK", 30});
  metrics_.CountRequest({"total", "original", "cpu", "CANCELLED", 0.001});
  const std::string text = metrics_.Text();
  const std::string labels = R"(device="cpu",method="Segment",task="total",variant="original")";
  EXPECT_THAT(text, HasSubstr("# TYPE tuckerseg_requests_total counter"));
  EXPECT_THAT(text, HasSubstr(R"(tuckerseg_requests_total{code="OK",)" + labels + "} 2"));
  EXPECT_THAT(text, HasSubstr(R"(tuckerseg_requests_total{code="CANCELLED",)" + labels + "} 1"));
  EXPECT_THAT(text, HasSubstr("# TYPE tuckerseg_request_duration_seconds histogram"));
  EXPECT_THAT(text, HasSubstr("tuckerseg_request_duration_seconds_count{" + labels + "} 3"));
  EXPECT_THAT(text, HasSubstr("tuckerseg_request_duration_seconds_bucket{" + labels + R"(,le="5"} 2)"));
}

TEST_F(MetricsTest, TellsTheDoorsApart) {
  metrics_.CountRequest({"total", "original", "cpu", "OK", 3, "ModelInfer"});
  const std::string labels = R"(device="cpu",method="ModelInfer",task="total",variant="original")";
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(tuckerseg_requests_total{code="OK",)" + labels + "} 1"));
  EXPECT_THAT(metrics_.Text(), HasSubstr("tuckerseg_request_duration_seconds_count{" + labels + "} 1"));
}

TEST_F(MetricsTest, HasBucketsFromFiveMillisecondsToFifteenMinutes) {
  metrics_.ObserveStage("infer", "original", "cpu", 1);
  const std::string text = metrics_.Text();
  const std::string bucket =
      R"(tuckerseg_stage_duration_seconds_bucket{device="cpu",stage="infer",variant="original",le=)";
  EXPECT_THAT(text, HasSubstr(bucket + "\"0.005\"} 0"));
  EXPECT_THAT(text, HasSubstr(bucket + "\"900\"} 1"));
  EXPECT_THAT(text, HasSubstr(bucket + "\"+Inf\"} 1"));
}

TEST_F(MetricsTest, ObservesPeakMemory) {
  metrics_.ObservePeakMemory("original", "cpu", 1 << 20);
  EXPECT_THAT(
      metrics_.Text(),
      HasSubstr(R"(tuckerseg_request_peak_memory_bytes_sum{device="cpu",variant="original"} 1048576)"));
}

TEST_F(MetricsTest, CountsWhatDidNotEndWell) {
  metrics_.CountCancelled("infer");
  metrics_.CountRejected("INVALID_ARGUMENT");
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(tuckerseg_requests_cancelled_total{stage="infer"} 1)"));
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(tuckerseg_rejected_total{reason="INVALID_ARGUMENT"} 1)"));
}

TEST_F(MetricsTest, CountsChoicesAndBytes) {
  metrics_.CountLevelChoice("total", "original", "only");
  metrics_.CountBytes("received", 1000);
  metrics_.CountBytes("received", 24);
  EXPECT_THAT(metrics_.Text(),
              HasSubstr(R"(tuckerseg_level_choices_total{reason="only",task="total",variant="original"} 1)"));
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(tuckerseg_bytes_total{direction="received"} 1024)"));
}

TEST_F(MetricsTest, CountsResultsThatAreUsedAgainFromTheStart) {
  EXPECT_THAT(metrics_.Text(), HasSubstr("tuckerseg_results_reused_total 0"));
  metrics_.CountResultReused();
  EXPECT_THAT(metrics_.Text(), HasSubstr("tuckerseg_results_reused_total 1"));
}

TEST_F(MetricsTest, SaysHowFullTheQueueIs) {
  metrics_.SetQueue("cpu", 3, 16, 1);
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(tuckerseg_queue_depth{device="cpu",priority="all"} 3)"));
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(tuckerseg_queue_capacity{device="cpu",priority="all"} 16)"));
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(tuckerseg_requests_in_flight{device="cpu"} 1)"));
  metrics_.SetQueue("cpu", 0, 16, 0);
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(tuckerseg_queue_depth{device="cpu",priority="all"} 0)"));
}

TEST_F(MetricsTest, TellsCostAndQualityOfVariants) {
  metrics_.SetVariant("total", "original", 2000, 3e9, 1);
  metrics_.SetVariant("total", "tucker-0.3", 500, 1e9, std::nullopt);
  const std::string text = metrics_.Text();
  EXPECT_THAT(text, HasSubstr(R"(tuckerseg_variant_parameters{model="total",variant="tucker-0.3"} 500)"));
  EXPECT_THAT(text, HasSubstr(R"(tuckerseg_variant_flops{model="total",variant="tucker-0.3"} 1000000000)"));
  EXPECT_THAT(text, HasSubstr(R"(tuckerseg_variant_quality_dice{model="total",variant="original"} 1)"));
  EXPECT_THAT(text, testing::Not(HasSubstr(R"(quality_dice{model="total",variant="tucker-0.3"})"))) << "not measured";
}

TEST_F(MetricsTest, RefreshesGaugesForEachPage) {
  int64_t depth = 0;
  metrics_.RefreshWith([&] { metrics_.SetQueue("cpu", ++depth, 16, 0); });
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(tuckerseg_queue_depth{device="cpu",priority="all"} 1)"));
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(tuckerseg_queue_depth{device="cpu",priority="all"} 2)"));
}

TEST_F(MetricsTest, ServesThePageOverHttp) {
  httplib::Client client("127.0.0.1", metrics_.Expose("127.0.0.1:0"));
  metrics_.CountRejected("NOT_FOUND");
  const httplib::Result page = client.Get("/metrics");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->status, 200);
  EXPECT_THAT(page->get_header_value("Content-Type"), HasSubstr("text/plain; version=0.0.4"));
  EXPECT_THAT(page->body, HasSubstr(R"(tuckerseg_rejected_total{reason="NOT_FOUND"} 1)"));
}

TEST_F(MetricsTest, RefusesAnAddressThatSomeoneElseHas) {
  Metrics other("1.2.3", {"cpu"});
  const std::string address = "127.0.0.1:" + std::to_string(other.Expose("127.0.0.1:0"));
  ExpectError(ErrorCode::kInternal, "metrics = " + address + ": cannot be listened at",
              [&] { metrics_.Expose(address); });
}

}  // namespace
}  // namespace tuckerseg
