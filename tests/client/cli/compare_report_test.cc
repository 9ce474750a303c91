/// What a user reads after a comparison, word for word.
#include "client/cli/compare_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

namespace tuckerseg {
namespace {

using testing::HasSubstr;
using testing::Not;

void AddDice(v1::LevelResult& result, const std::string& name, uint32_t value, double dice) {
  v1::StructureDice& entry = *result.add_dice();
  entry.set_name(name);
  entry.set_value(value);
  entry.set_dice(dice);
  entry.set_voxels(90);
  entry.set_first_voxels(100);
}

CompareReport Report() {
  CompareReport report;
  report.request_id = "0123abcd";
  report.levels.resize(2);
  v1::LevelResult& first = report.levels[0].result;
  first.set_variant("original");
  first.set_seconds(10);
  first.set_device("cpu");
  first.set_equal_share(1);
  first.set_mean_dice(1);
  v1::StageTime& stage = *first.add_stages();
  stage.set_stage(v1::STAGE_QUEUE);
  stage.set_seconds(0.5);
  for (const char* name : {"aorta", "colon", "liver", "spleen"}) AddDice(first, name, 7, 1);
  v1::LevelResult& second = report.levels[1].result;
  second.set_variant("elastic-0.3");
  second.set_variant_weights_sha256("1234");
  second.set_seconds(3.125);
  second.set_device("cpu");
  second.set_precision("bf16");
  second.set_equal_share(0.9875);
  second.set_mean_dice(0.85);
  AddDice(second, "aorta", 7, 0.9);
  AddDice(second, "colon", 6, 0.5);
  AddDice(second, "liver", 5, 1);
  AddDice(second, "spleen", 1, 0.95);
  AddDice(second, "stomach", 4, 0.99);
  return report;
}

std::string Printed(const CompareReport& report) {
  std::ostringstream out;
  PrintComparison(report, out);
  return out.str();
}

ReferenceAgreement ToReference(double mean) {
  return {.structures = {{.name = "liver", .value = 5, .dice = mean, .voxels = 90, .reference_voxels = 100}}, .mean_dice = mean, .unknown_values = {}};
}

TEST(PrintComparison, ShowsTimesAndAgreementWithTheFirstLevel) {
  EXPECT_EQ(Printed(Report()),
            "LEVEL        SECONDS  TIME RATIO  EQUAL VOXELS  MEAN DICE  WORST STRUCTURES                        DEVICE\n"
            "original       10.00        1.00      100.00 %     1.0000  -                                       cpu\n"
            "elastic-0.3     3.12        0.31       98.75 %     0.8500  colon 0.500, aorta 0.900, spleen 0.950  cpu\n");
}

TEST(PrintComparison, ShowsAgreementWithTheReferenceWhereThereIsOne) {
  CompareReport report = Report();
  report.levels[0].reference = ToReference(0.9);
  report.levels[1].reference = ToReference(0.875);
  const std::string text = Printed(report);
  EXPECT_THAT(text, HasSubstr("DICE TO REFERENCE  DEVICE\n"));
  EXPECT_THAT(text, HasSubstr("           0.9000  cpu\n"));
  EXPECT_THAT(text, HasSubstr("           0.8750  cpu\n"));
  EXPECT_THAT(text, Not(HasSubstr("left out")));
  report.levels[0].reference->unknown_values = {9, 300};
  EXPECT_THAT(Printed(report), HasSubstr("labels of the reference that are no structure of the task, and were left out: 9, 300\n"));
}

TEST(PrintComparison, SaysWhereTimesDoNotCompare) {
  CompareReport report = Report();
  EXPECT_THAT(Printed(report), Not(HasSubstr("do not compare")));
  report.levels[1].result.set_device("cuda:0");
  EXPECT_THAT(Printed(report), HasSubstr("the levels ran on several devices: their times do not compare\n"));
}

TEST(PrintComparison, HasDashesWhereThereIsNothingToSay) {
  CompareReport report = Report();
  report.levels[0].result.set_seconds(0);
  report.levels[1].result.clear_dice();
  report.levels[1].result.clear_mean_dice();
  const std::string text = Printed(report);
  EXPECT_THAT(text, HasSubstr("\nelastic-0.3     3.12           -       98.75 %          -  -                 cpu\n"));
  EXPECT_THAT(text, HasSubstr("neither original nor elastic-0.3 found any structure\n"));
}

TEST(PrintComparison, WarnsOfWhatACropMayHaveCost) {
  CompareReport report = Report();
  EXPECT_THAT(Printed(report), Not(HasSubstr("warning")));
  report.levels[0].result.set_crop_found_nothing(true);
  report.levels[1].result.add_crop_structures_not_found("spleen");
  report.levels[1].result.add_structures_at_crop_border("colon");
  const std::string text = Printed(report);
  EXPECT_THAT(text, HasSubstr("warning: original: the rough model found none of the structures to crop to: the label map is empty\n"));
  EXPECT_THAT(text, HasSubstr("warning: elastic-0.3: the rough model did not find spleen: if the CT shows it, what lies there may be missing\n"));
  EXPECT_THAT(text, HasSubstr("warning: elastic-0.3: colon touches the border of the crop: it may be cut off\n"));
}

TEST(PrintComparison, WarnsOfWhatARefinementErased) {
  CompareReport report = Report();
  report.levels[1].result.add_structures_lost_in_refinement("colon");
  EXPECT_THAT(Printed(report), HasSubstr("warning: elastic-0.3: colon was found, then erased: the refining model did not confirm it\n"));
  std::ostringstream out;
  PrintComparisonAsJson(report, out);
  const auto levels = nlohmann::json::parse(out.str()).at("levels");
  EXPECT_EQ(levels[0].at("structures_lost_in_refinement"), nlohmann::json::array());
  EXPECT_EQ(levels[1].at("structures_lost_in_refinement"), nlohmann::json::parse(R"(["colon"])"));
  ASSERT_EQ(levels[1].at("warnings").size(), 1U);
  EXPECT_EQ(levels[1].at("warnings")[0], "colon was found, then erased: the refining model did not confirm it");
}

TEST(PrintComparisonAsJson, HoldsTheCropAndItsWarnings) {
  CompareReport report = Report();
  report.levels[1].result.add_structures_at_crop_border("colon");
  report.levels[1].result.add_crop_structures_not_found("spleen");
  std::ostringstream out;
  PrintComparisonAsJson(report, out);
  const auto levels = nlohmann::json::parse(out.str()).at("levels");
  EXPECT_TRUE(levels[0].at("crop_box").is_null());
  EXPECT_TRUE(levels[0].at("warnings").empty());
  EXPECT_EQ(levels[1].at("structures_at_crop_border")[0], "colon");
  EXPECT_TRUE(levels[0].at("crop_structures_not_found").empty());
  EXPECT_EQ(levels[1].at("crop_structures_not_found")[0], "spleen");
  ASSERT_EQ(levels[1].at("warnings").size(), 2U);
  EXPECT_EQ(levels[1].at("warnings")[0], "the rough model did not find spleen: if the CT shows it, what lies there may be missing");
  EXPECT_EQ(levels[1].at("warnings")[1], "colon touches the border of the crop: it may be cut off");
}

TEST(PrintComparisonAsJson, HoldsEveryNumber) {
  CompareReport report = Report();
  report.levels[1].reference = ToReference(0.875);
  report.levels[1].result.set_part_overlap_voxels(17);
  std::ostringstream out;
  PrintComparisonAsJson(report, out);
  const auto json = nlohmann::json::parse(out.str());
  EXPECT_EQ(json.at("request_id"), "0123abcd");
  ASSERT_EQ(json.at("levels").size(), 2U);
  const auto& first = json.at("levels")[0];
  EXPECT_EQ(first.at("level"), "original");
  EXPECT_EQ(first.at("time_ratio"), 1);
  EXPECT_EQ(first.at("stages").at("queue"), 0.5);
  EXPECT_FALSE(first.contains("reference"));
  EXPECT_EQ(first.at("part_overlap_voxels"), 0);
  const auto& second = json.at("levels")[1];
  EXPECT_EQ(second.at("device"), "cpu");
  EXPECT_EQ(second.at("variant_weights_sha256"), "1234");
  EXPECT_EQ(second.at("precision"), "bf16");
  EXPECT_EQ(second.at("seconds"), 3.125);
  EXPECT_EQ(second.at("time_ratio"), 0.3125);
  EXPECT_EQ(second.at("equal_share"), 0.9875);
  EXPECT_EQ(second.at("mean_dice"), 0.85);
  EXPECT_EQ(second.at("part_overlap_voxels"), 17);
  EXPECT_EQ(second.at("structures")[1].at("name"), "colon");
  EXPECT_EQ(second.at("structures")[1].at("value"), 6);
  EXPECT_EQ(second.at("structures")[1].at("dice"), 0.5);
  EXPECT_EQ(second.at("structures")[1].at("voxels"), 90);
  EXPECT_EQ(second.at("structures")[1].at("first_voxels"), 100);
  EXPECT_EQ(second.at("reference").at("mean_dice"), 0.875);
  EXPECT_EQ(second.at("reference").at("structures")[0].at("reference_voxels"), 100);
}

}  // namespace
}  // namespace tuckerseg
