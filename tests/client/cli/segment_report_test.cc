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
  report.summary.set_network_seconds(1.4);
  report.summary.mutable_provenance()->set_model("demo");
  report.summary.mutable_provenance()->set_source("phantoms, no patient");
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
            "model demo (phantoms, no patient)\n"
            "server time 1.50 s: infer 1.50 (networks 1.40); peak memory 1024 MiB\n");
}

TEST(PrintReport, SaysHowGoodTheLevelIsThatRan) {
  SegmentReport report = Report();
  report.summary.set_variant("tucker-0.3");
  report.accepted.set_reason(v1::LEVEL_REASON_ASKED);
  report.summary.set_quality_statement("mean Dice 0.930 (at least 0.910) against the original, on 40 phantoms, no patient");
  std::ostringstream out;
  PrintReport(report, out);
  EXPECT_THAT(out.str(), testing::HasSubstr("structures found by level tucker-0.3 (asked) on cpu\n"
                                            "quality: mean Dice 0.930 (at least 0.910) against the original, on 40 phantoms, no patient\n"));
}

TEST(PrintReport, SaysThatNothingWasFound) {
  SegmentReport report = Report();
  report.summary.clear_volumes();
  std::ostringstream out;
  PrintReport(report, out);
  EXPECT_THAT(out.str(), testing::StartsWith("no structure was found\n"));
}

void AddStatistics(v1::Summary& summary, const std::string& name, uint32_t value, double mm3, double hu, bool border) {
  v1::StructureStatistics& structure = *summary.add_statistics();
  structure.set_name(name);
  structure.set_value(value);
  structure.set_volume_mm3(mm3);
  structure.set_mean_hu(hu);
  structure.set_touches_border(border);
}

SegmentReport ReportWithStatistics() {
  SegmentReport report = Report();
  AddStatistics(report.summary, "spleen", 1, 135000, 101.26, false);
  AddStatistics(report.summary, "liver", 5, 1350000, 98.5, true);
  AddStatistics(report.summary, "colon", 7, 0, 0, false);
  return report;
}

TEST(PrintReport, ShowsMeanIntensitiesAndMarksStructuresAtTheBorderWhereThereAreStatistics) {
  std::ostringstream out;
  PrintReport(ReportWithStatistics(), out);
  EXPECT_THAT(out.str(), testing::StartsWith("LABEL  STRUCTURE      ML  VOXELS  MEAN HU\n"
                                             "    5  liver      1350.0   50000     98.5  *\n"
                                             "    1  spleen      135.0    5000    101.3\n"
                                             "* touches the border of the volume: may be incomplete\n"));
}

TEST(PrintReport, ShowsNoMeanOfAStructureThatTheBorderRuleLeavesOut) {
  SegmentReport report = ReportWithStatistics();
  report.summary.mutable_statistics(1)->set_volume_mm3(0);
  std::ostringstream out;
  PrintReport(report, out);
  EXPECT_THAT(out.str(), testing::HasSubstr("    5  liver      1350.0   50000        -  *\n"));
}

/// Of a call with `--structures liver,spleen`.
SegmentReport Cropped() {
  SegmentReport report = Report();
  report.summary.set_crop_task("total_fastest");
  for (const uint64_t voxel : {10, 0, 5}) report.summary.mutable_crop_box()->add_begin(voxel);
  for (const uint64_t voxel : {90, 70, 65}) report.summary.mutable_crop_box()->add_end(voxel);
  return report;
}

TEST(PrintReport, WarnsWhereTheRoughModelHasFoundNothing) {
  SegmentReport report = Report();
  report.summary.clear_volumes();
  report.summary.set_crop_found_nothing(true);
  std::ostringstream out;
  PrintReport(report, out);
  EXPECT_THAT(out.str(), testing::HasSubstr("0 of 3 structures found by level original (only) on cpu\n"
                                            "warning: the rough model found none of the structures to crop to: the label map is empty "
                                            "(--crop robust misses less; --crop none looks at the whole volume, where the task may be run without a crop)\n"));
}

TEST(PrintReport, WarnsOfStructuresThatTheCropMayHaveCutOff) {
  SegmentReport report = Cropped();
  std::ostringstream none, one, two;
  PrintReport(report, none);
  EXPECT_THAT(none.str(), testing::Not(testing::HasSubstr("warning")));
  report.summary.add_structures_at_crop_border("spleen");
  PrintReport(report, one);
  EXPECT_THAT(one.str(), testing::HasSubstr("\nwarning: spleen touches the border of the crop: it may be cut off (--crop robust misses less; --crop none looks at the whole volume"));
  report.summary.add_structures_at_crop_border("liver");
  PrintReport(report, two);
  EXPECT_THAT(two.str(), testing::HasSubstr("\nwarning: spleen, liver touch the border of the crop: they may be cut off (--crop robust misses less; --crop none looks at the whole volume"));
}

TEST(PrintReport, WarnsOfStructuresThatTheRoughModelDidNotFind) {
  SegmentReport report = Cropped();
  std::ostringstream one, two;
  report.summary.add_crop_structures_not_found("lung_left");
  PrintReport(report, one);
  EXPECT_THAT(one.str(), testing::HasSubstr("\nwarning: the rough model did not find lung_left: if the CT shows it, what lies there may be missing "
                                            "(--crop robust misses less; --crop none looks at the whole volume"));
  report.summary.add_crop_structures_not_found("vertebrae_T4");
  report.summary.add_structures_at_crop_border("liver");
  PrintReport(report, two);
  EXPECT_THAT(two.str(), testing::HasSubstr("\nwarning: the rough model did not find lung_left, vertebrae_T4: if the CT shows them, what lies there may be missing "
                                            "(--crop robust misses less; --crop none looks at the whole volume"));
  EXPECT_THAT(two.str(), testing::HasSubstr("\nwarning: liver touches the border of the crop")) << "each has its line";
}

TEST(PrintReport, WarnsOfStructuresThatARefinementErased) {
  SegmentReport report = Report();
  std::ostringstream one, two;
  report.summary.add_structures_lost_in_refinement("vertebrae_C1");
  PrintReport(report, one);
  EXPECT_THAT(one.str(), testing::HasSubstr("\nwarning: vertebrae_C1 was found, then erased: the refining model did not confirm it\n")) << "no crop helps";
  report.summary.add_structures_lost_in_refinement("vertebrae_T4");
  PrintReport(report, two);
  EXPECT_THAT(two.str(), testing::HasSubstr("\nwarning: vertebrae_C1, vertebrae_T4 were found, then erased: the refining model did not confirm them\n"));
}

TEST(PrintReportAsJson, HoldsWhatARefinementErased) {
  SegmentReport report = Report();
  report.summary.add_structures_lost_in_refinement("vertebrae_C1");
  std::ostringstream out;
  PrintReportAsJson(report, out);
  const auto json = nlohmann::json::parse(out.str());
  EXPECT_EQ(json.at("structures_lost_in_refinement"), nlohmann::json::parse(R"(["vertebrae_C1"])"));
  EXPECT_EQ(json.at("warnings"), nlohmann::json::parse(R"(["vertebrae_C1 was found, then erased: the refining model did not confirm it"])"));
}

TEST(PrintReportAsJson, HoldsTheCropAndItsWarnings) {
  SegmentReport report = Cropped();
  report.summary.add_structures_at_crop_border("spleen");
  report.summary.add_crop_structures_not_found("lung_left");
  std::ostringstream out;
  PrintReportAsJson(report, out);
  const auto json = nlohmann::json::parse(out.str());
  EXPECT_EQ(json.at("crop_task"), "total_fastest");
  EXPECT_EQ(json.at("crop_box"), nlohmann::json::parse(R"({"begin": [10, 0, 5], "end": [90, 70, 65]})"));
  EXPECT_EQ(json.at("crop_found_nothing"), false);
  EXPECT_EQ(json.at("structures_at_crop_border"), nlohmann::json::parse(R"(["spleen"])"));
  EXPECT_EQ(json.at("crop_structures_not_found"), nlohmann::json::parse(R"(["lung_left"])"));
  ASSERT_EQ(json.at("warnings").size(), 2U);
  EXPECT_THAT(json.at("warnings")[0].get<std::string>(), testing::StartsWith("the rough model did not find lung_left"));
  EXPECT_THAT(json.at("warnings")[1].get<std::string>(), testing::StartsWith("spleen touches the border of the crop: it may be cut off"));
}

TEST(PrintReportAsJson, SaysThatThereWasNoCrop) {
  std::ostringstream out;
  PrintReportAsJson(Report(), out);
  const auto json = nlohmann::json::parse(out.str());
  EXPECT_TRUE(json.at("crop_box").is_null());
  EXPECT_EQ(json.at("crop_found_nothing"), false);
  EXPECT_EQ(json.at("crop_structures_not_found"), nlohmann::json::array());
  EXPECT_TRUE(json.at("structures_at_crop_border").empty());
  EXPECT_EQ(json.at("structures_lost_in_refinement"), nlohmann::json::array());
  EXPECT_TRUE(json.at("warnings").is_array());
  EXPECT_TRUE(json.at("warnings").empty());
}

TEST(PrintReportAsJson, HoldsStatisticsWhereTheyWereAskedFor) {
  std::ostringstream with, without;
  PrintReportAsJson(ReportWithStatistics(), with);
  PrintReportAsJson(Report(), without);
  const auto json = nlohmann::json::parse(with.str());
  EXPECT_EQ(json.at("statistics").at("liver").at("intensity"), 98.5);
  EXPECT_EQ(json.at("statistics").at("liver").at("touches_border"), true);
  EXPECT_EQ(json.at("statistics").size(), 3U);
  EXPECT_FALSE(nlohmann::json::parse(without.str()).contains("statistics"));
}

TEST(PrintReportAsJson, HoldsTheSame) {
  std::ostringstream out;
  SegmentReport report = Report();
  report.summary.set_variant_weights_sha256("1234");
  report.summary.set_precision("bf16");
  report.summary.set_part_overlap_voxels(17);
  PrintReportAsJson(report, out);
  const auto json = nlohmann::json::parse(out.str());
  EXPECT_EQ(json.at("variant"), "original");
  EXPECT_EQ(json.at("variant_weights_sha256"), "1234");
  EXPECT_EQ(json.at("precision"), "bf16");
  EXPECT_EQ(json.at("reason"), "only");
  EXPECT_EQ(json.at("stages").at("infer"), 1.5);
  EXPECT_EQ(json.at("structures").size(), 2U);
  EXPECT_EQ(json.at("structures")[1].at("name"), "liver");
  EXPECT_EQ(json.at("peak_memory_bytes"), uint64_t{1} << 30);
  EXPECT_EQ(json.at("part_overlap_voxels"), 17);
}

TEST(PrintReportAsJson, SaysThatNoPartsOverlap) {
  std::ostringstream out;
  PrintReportAsJson(Report(), out);
  EXPECT_EQ(nlohmann::json::parse(out.str()).at("part_overlap_voxels"), 0);
}

}  // namespace
}  // namespace tuckerseg
