/// What a user reads after a segmentation, word for word.
#include "client/cli/segment_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

namespace tuckerseg {
namespace {

void AddVolume(v1::Summary& summary, const std::string& name, uint32_t value, uint64_t voxels, double ml) {
  v1::StructureVolume& volume = *summary.add_volumes();
  volume.set_name(name);
  volume.set_value(value);
  volume.set_voxels(voxels);
  volume.set_volume_ml(ml);
}

SegmentReport Report() {
  SegmentReport report;
  report.accepted.set_reason(v1::LEVEL_REASON_ONLY);
  report.accepted.set_device("cpu");
  for (int i = 0; i < 3; ++i) report.label_map.add_labels();
  AddVolume(report.summary, "spleen", 1, 5000, 135);
  AddVolume(report.summary, "liver", 5, 50000, 1350);
  report.summary.set_variant("original");
  report.summary.set_peak_memory_bytes(uint64_t{1} << 30);
  v1::StageTime& time = *report.summary.add_stages();
  time.set_stage(v1::STAGE_INFER);
  time.set_seconds(1.5);
  return report;
}

TEST(PrintReport, ShowsTheLargestStructureFirst) {
  std::ostringstream out;
  PrintReport(Report(), out);
  EXPECT_EQ(out.str(),
            "LABEL  STRUCTURE      ML  VOXELS\n"
            "    5  liver      1350.0   50000\n"
            "    1  spleen      135.0    5000\n"
            "2 of 3 structures found by level original (only) on cpu\n"
            "server time 1.50 s: infer 1.50; peak memory 1024 MiB\n");
}

TEST(PrintReport, SaysThatNothingWasFound) {
  SegmentReport report = Report();
  report.summary.clear_volumes();
  std::ostringstream out;
  PrintReport(report, out);
  EXPECT_THAT(out.str(), testing::StartsWith("no structure was found\n"));
}

TEST(PrintReportAsJson, HoldsTheSame) {
  std::ostringstream out;
  PrintReportAsJson(Report(), out);
  const auto json = nlohmann::json::parse(out.str());
  EXPECT_EQ(json.at("variant"), "original");
  EXPECT_EQ(json.at("reason"), "only");
  EXPECT_EQ(json.at("stages").at("infer"), 1.5);
  EXPECT_EQ(json.at("structures").size(), 2U);
  EXPECT_EQ(json.at("structures")[1].at("name"), "liver");
  EXPECT_EQ(json.at("peak_memory_bytes"), uint64_t{1} << 30);
}

}  // namespace
}  // namespace tuckerseg
