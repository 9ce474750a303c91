#include "server/observe/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace tuckerseg {
namespace {

using testing::HasSubstr;

class MetricsTest : public testing::Test {
 protected:
  Metrics metrics_{"1.2.3", {"cpu", "cuda:0"}, "LibTorch 2.15.0"};
};

TEST_F(MetricsTest, TellsVersionsAndTheKindsOfDevicesFromTheStart) {
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(tuckerseg_build_info{devices="cpu,cuda",torch="2.15.0",version="1.2.3"} 1)"));
  EXPECT_THAT(Metrics("1.2.3", {"cpu"}, "plain").Text(), HasSubstr(R"(tuckerseg_build_info{devices="cpu",torch="",version="1.2.3"} 1)"));
  EXPECT_THAT(Metrics("1.2.3", {"cpu", "cuda:0", "cuda:1"}).Text(), HasSubstr(R"(devices="cpu,cuda",)")) << "each kind once";
}

TEST_F(MetricsTest, TellsOfTheProcessWhatPrometheusOwnLibrariesTell) {
  const std::string text = metrics_.Text();
  for (const char* name : {"process_cpu_seconds_total", "process_start_time_seconds", "process_resident_memory_bytes", "process_virtual_memory_bytes",
                           "process_virtual_memory_max_bytes", "process_open_fds", "process_max_fds"})
    EXPECT_THAT(text, HasSubstr(std::string("\n") + name + " ")) << name;
  EXPECT_THAT(text, HasSubstr("# TYPE process_cpu_seconds_total counter"));
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

TEST_F(MetricsTest, HasBucketsOfPatchesFromAMillisecondToAMinute) {
  metrics_.ObservePatch("original", "cpu", 0.002);
  const std::string text = metrics_.Text();
  const std::string bucket = R"(tuckerseg_patch_duration_seconds_bucket{device="cpu",variant="original",le=)";
  EXPECT_THAT(text, HasSubstr(bucket + "\"0.001\"} 0"));
  EXPECT_THAT(text, HasSubstr(bucket + "\"0.0025\"} 1"));
  EXPECT_THAT(text, HasSubstr(bucket + "\"60\"} 1"));
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

TEST_F(MetricsTest, CountsStagesThatStoodStill) {
  metrics_.CountStalled("infer", "cuda:0", 0);
  metrics_.CountStalled("encode", "");
  EXPECT_THAT(metrics_.Text(), HasSubstr("# TYPE tuckerseg_stages_stalled_total counter"));
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(tuckerseg_stages_stalled_total{device="cuda:0",stage="infer"} 0)"));
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(tuckerseg_stages_stalled_total{device="",stage="encode"} 1)"));
}

TEST_F(MetricsTest, HasSeriesBeforeTheyCount) {
  metrics_.CountCancelled("infer", 0);
  metrics_.CountRejected("NOT_FOUND", 0);
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(tuckerseg_requests_cancelled_total{stage="infer"} 0)"));
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(tuckerseg_rejected_total{reason="NOT_FOUND"} 0)"));
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

TEST_F(MetricsTest, CountsSpansThatWereDropped) {
  metrics_.CountDroppedSpans("queue", 0);
  metrics_.CountDroppedSpans("collector", 9);
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(tuckerseg_spans_dropped_total{reason="queue"} 0)"));
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(tuckerseg_spans_dropped_total{reason="collector"} 9)"));
}

TEST_F(MetricsTest, SaysHowFullTheQueueIsByPriority) {
  metrics_.SetQueue("cpu", {{-1, 0}, {5, 3}}, 16, 1);
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(tuckerseg_queue_depth{device="cpu",priority="-1"} 0)"));
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(tuckerseg_queue_depth{device="cpu",priority="5"} 3)"));
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(tuckerseg_queue_capacity{device="cpu",priority="all"} 16)"));
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(tuckerseg_requests_in_flight{device="cpu"} 1)"));
  metrics_.SetQueue("cpu", {{5, 0}}, 16, 0);
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(tuckerseg_queue_depth{device="cpu",priority="5"} 0)"));
}

TEST_F(MetricsTest, TellsMemoryOfDevicesByKind) {
  metrics_.SetDeviceMemory("cuda:0", "free", 1 << 30);
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(tuckerseg_device_memory_bytes{device="cuda:0",kind="free"} 1073741824)"));
}

TEST_F(MetricsTest, TellsWhichVariantsAreLoadedAndHowLongThatTook) {
  metrics_.SetVariantState("total", "original", "cpu", LevelState::kLoaded);
  metrics_.SetVariantState("total", "tucker-0.3", "cpu", LevelState::kFailed);
  metrics_.ObserveVariantLoad("total", "original", "cpu", 0.2);
  const std::string text = metrics_.Text();
  EXPECT_THAT(text, HasSubstr(R"(tuckerseg_variant_loaded{device="cpu",model="total",variant="original"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(tuckerseg_variant_loaded{device="cpu",model="total",variant="tucker-0.3"} 0)"));
  EXPECT_THAT(text, HasSubstr(R"(tuckerseg_variant_failed{device="cpu",model="total",variant="original"} 0)"));
  EXPECT_THAT(text, HasSubstr(R"(tuckerseg_variant_failed{device="cpu",model="total",variant="tucker-0.3"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(tuckerseg_variant_load_duration_seconds_bucket{device="cpu",model="total",variant="original",le="0.25"} 1)"));
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

TEST_F(MetricsTest, ForgetsVariantsThatAreNoLongerThere) {
  metrics_.SetVariant("total", "original", 2000, 3e9, 1);
  metrics_.SetVariantState("total", "original", "cpu", LevelState::kLoaded);
  metrics_.SetVariantState("total", "original", "cuda:0", LevelState::kLoaded);
  metrics_.ForgetVariantState("total", "original", "cpu");
  EXPECT_THAT(metrics_.Text(), testing::Not(HasSubstr(R"(tuckerseg_variant_loaded{device="cpu")")));
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(tuckerseg_variant_loaded{device="cuda:0")"));
  metrics_.ForgetVariant("total", "original");
  for (const char* name : {"parameters", "flops", "quality_dice"}) EXPECT_THAT(metrics_.Text(), testing::Not(HasSubstr(std::string("tuckerseg_variant_") + name + "{")));
}

TEST_F(MetricsTest, ForgetsAQualityThatNoCardSaysAnyMore) {
  metrics_.SetVariant("total", "tucker-0.3", 500, 1e9, 0.9);
  metrics_.SetVariant("total", "tucker-0.3", 500, 1e9, std::nullopt);
  EXPECT_THAT(metrics_.Text(), testing::Not(HasSubstr("tuckerseg_variant_quality_dice{")));
}

TEST_F(MetricsTest, NeverTellsAQualityThatNobodyHasMeasured) {
  const std::jthread setter([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) metrics_.SetVariant("total", "third", 1, 2, std::nullopt);
  });
  for (int page = 0; page < 300; ++page) ASSERT_THAT(metrics_.Text(), testing::Not(HasSubstr("tuckerseg_variant_quality_dice{")));
}

TEST_F(MetricsTest, RefreshesGaugesForEachPage) {
  int64_t depth = 0;
  metrics_.RefreshWith([&] { metrics_.SetQueue("cpu", {{0, ++depth}}, 16, 0); });
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(tuckerseg_queue_depth{device="cpu",priority="0"} 1)"));
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(tuckerseg_queue_depth{device="cpu",priority="0"} 2)"));
}

}  // namespace
}  // namespace tuckerseg
