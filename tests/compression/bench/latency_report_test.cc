#include "compression/bench/latency_report.h"

#include <gmock/gmock.h>

#include "engine/model/json_text.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;
using testing::Not;

LatencyReport Sample() {
  LatencyReport report{.setting = {"cpu Sample", "torch", "fp32", 2}, .peak_flops = 64e9};
  report.variants.push_back({"original", {96, 96, 64}, 4'000'000'000, {.min_s = 2, .median_s = 2.5, .peak_bytes = 3 << 20}, {}});
  report.variants.push_back({"small", {96, 96, 64}, 1'000'000'000, {.min_s = 1, .median_s = 1.25, .peak_bytes = {}}, {}});
  return report;
}

TEST(EncodeReport, HasTheFieldsThatOthersRead) {
  const Json json = Json::parse(EncodeReport(Sample()));
  EXPECT_EQ(json, Json::parse(R"({"device": "cpu Sample", "threads": 2, "on_device": false, "results": [
    {"variant": "original", "executor": "torch", "precision": "fp32",
     "patch": [96, 96, 64], "min_s": 2.0, "median_s": 2.5, "gmac": 4.0, "peak_bytes": 3145728},
    {"variant": "small", "executor": "torch", "precision": "fp32",
     "patch": [96, 96, 64], "min_s": 1.0, "median_s": 1.25, "gmac": 1.0, "peak_bytes": null}]})"));
}

TEST(EncodeReport, SaysHowLongAVolumeTookAndHowMuchMemoryWhereOneWasSegmented) {
  LatencyReport report = Sample();
  report.variants[0].volume = VolumeTime{.seconds = 30, .peak_bytes = 7};
  const Json json = Json::parse(EncodeReport(report));
  EXPECT_EQ(json["results"][0]["volume_s"], 30.0);
  EXPECT_EQ(json["results"][0]["volume_peak_bytes"], 7);
  EXPECT_FALSE(json["results"][1].contains("volume_s"));
  EXPECT_FALSE(json["results"][1].contains("volume_peak_bytes"));
  report.variants[0].volume->peak_bytes.reset();
  EXPECT_TRUE(Json::parse(EncodeReport(report))["results"][0]["volume_peak_bytes"].is_null()) << "asked, and there is none";
}

TEST(ReportTable, ShowsSharesOfTheOriginalAndWhatTheDeviceCanDo) {
  const std::string table = ReportTable(Sample());
  EXPECT_THAT(table, HasSubstr("cpu Sample, executor torch, fp32, 2 threads; patch 96 x 96 x 64\n64.0 GFLOP/s in a large matrix product\n"));
  EXPECT_THAT(table, HasSubstr("original                 2.0000     2.5000    1.000       4.000    1.000       4.0       3.0\n"));
  // Half of the time for a quarter of the work: as many operations for a multiply-add as its two.
  EXPECT_THAT(table, HasSubstr("small                    1.0000     1.2500    0.500       1.000    0.250       2.0         -\n"));
}

TEST(ReportTable, ShowsTimeAndMemoryOfAVolumeWhereOneWasSegmented) {
  LatencyReport report = Sample();
  report.variants[0].volume = VolumeTime{.seconds = 30.5, .peak_bytes = 1 << 30};
  EXPECT_THAT(ReportTable(report), HasSubstr("peak MiB  volume s volume MiB\n"));
  EXPECT_THAT(ReportTable(report), HasSubstr("       3.0     30.50     1024.0\n"));
  EXPECT_THAT(ReportTable(report), HasSubstr("         -         -          -\n"));
  report.variants[0].volume->peak_bytes.reset();
  EXPECT_THAT(ReportTable(report), HasSubstr("       3.0     30.50          -\n"));
}

TEST(ReportTable, SaysWhenTheWayToTheDeviceIsLeftOut) {
  LatencyReport report = Sample();
  EXPECT_THAT(ReportTable(report), Not(HasSubstr("without the way")));
  report.on_device = true;
  EXPECT_THAT(ReportTable(report), HasSubstr("patch 96 x 96 x 64\nwithout the way to the device and back\n"));
  EXPECT_EQ(Json::parse(EncodeReport(report))["on_device"], true);
}

TEST(ReportTable, HasNoSharesWithoutTheOriginal) {
  LatencyReport report = Sample();
  report.variants.erase(report.variants.begin());
  EXPECT_THAT(ReportTable(report), HasSubstr("small                    1.0000     1.2500        -       1.000        -       2.0         -\n"));
  EXPECT_THAT(ReportTable(report), Not(HasSubstr("volume s")));
}

}  // namespace
}  // namespace tuckerseg
