#include "compression/report/report_html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "tests/compression/report/sample_report.h"

namespace tuckerseg {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using nlohmann::json;

size_t CountOf(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

/// The figures as a browser would read them out of the page.
json FiguresOf(const std::string& page) {
  const std::string open = "<script type=\"application/json\" id=\"report\">";
  const size_t begin = page.find(open) + open.size();
  return json::parse(page.substr(begin, page.find("</script", begin) - begin));
}

Report SmallReport() {
  Report report;
  report.title = "Title";
  report.data = {.description = "three cases", .cases = 3, .labelled_cases = 3};
  report.variants.push_back({.name = "original", .method = "original"});
  report.variants.push_back({.name = "a", .method = "hosvd", .level = 0.3});
  return report;
}

TEST(ReportHtml, HoldsTheFiguresAsJsonThatParsesAgain) {
  const Report report = SampleReport();
  const json figures = FiguresOf(ReportHtml(report));
  EXPECT_EQ(figures["title"], report.title);
  EXPECT_EQ(figures["data"]["cases"], 20);
  EXPECT_EQ(figures["data"]["phantoms"], true);
  ASSERT_EQ(figures["variants"].size(), 16U);
  const json& variant = figures["variants"][3];
  EXPECT_EQ(variant["name"], "hosvd-0.3-tuned");
  EXPECT_EQ(variant["parameters"], 1'981'600);
  EXPECT_EQ(variant["multiply_adds"], 54'925'000'000);
  EXPECT_DOUBLE_EQ(variant["dice_to_original"]["mean"], report.variants[3].dice_to_original->mean);
  EXPECT_DOUBLE_EQ(variant["dice_to_original"]["interval"][1], report.variants[3].dice_to_original->interval->high);
  EXPECT_EQ(variant["structures"].size(), 117U);
  EXPECT_DOUBLE_EQ(variant["statistics"][0]["tests"]["tost_p"], report.variants[3].statistics[0].tests->tost_p);
  ASSERT_EQ(figures["worst_cases"].size(), 5U);
  EXPECT_THAT(figures["worst_cases"][1]["png"].get<std::string>(), ::testing::StartsWith("iVBORw0KGgo")) << "a PNG's first bytes";
}

TEST(ReportHtml, WritesWhatIsMissingAsNullAndNeverAsZero) {
  const json figures = FiguresOf(ReportHtml(SmallReport()));
  const json& variant = figures["variants"][1];
  for (const char* key : {"parameters", "multiply_adds", "weight_bytes", "latency", "seconds_per_case", "peak_bytes", "dice_to_reference", "dice_to_original",
                          "surface_dice", "hd95_mm"}) {
    EXPECT_TRUE(variant[key].is_null()) << key;
  }
  EXPECT_TRUE(variant["statistics"].empty());
  EXPECT_TRUE(figures["variants"][0]["level"].is_null());
}

TEST(ReportHtml, HoldsHowManyCasesAVariantHasSeen) {
  Report report = SmallReport();
  report.variants[1].seen_cases = 2;
  const json figures = FiguresOf(ReportHtml(report));
  EXPECT_EQ(figures["variants"][0]["seen_cases"], 0);
  EXPECT_EQ(figures["variants"][1]["seen_cases"], 2);
}

TEST(ReportHtml, CountsWhatIsNotFiniteAsMissing) {
  Report report = SmallReport();
  report.variants[1].hd95_mm = std::numeric_limits<double>::infinity();
  report.variants[1].surface_dice = std::numeric_limits<double>::quiet_NaN();
  report.variants[1].dice_to_original = ReportDice{0.9, DiceInterval{std::numeric_limits<double>::quiet_NaN(), 1}};
  report.variants[1].dice_to_reference = ReportDice{0.8, DiceInterval{0, std::numeric_limits<double>::infinity()}};
  const json figures = FiguresOf(ReportHtml(report));
  EXPECT_TRUE(figures["variants"][1]["hd95_mm"].is_null());
  EXPECT_TRUE(figures["variants"][1]["surface_dice"].is_null());
  EXPECT_TRUE(figures["variants"][1]["dice_to_original"]["interval"].is_null()) << "half an interval is none";
  EXPECT_TRUE(figures["variants"][1]["dice_to_reference"]["interval"].is_null());
  EXPECT_EQ(figures["variants"][1]["dice_to_reference"]["mean"], 0.8);
}

TEST(ReportHtml, GivesNoPValueForFewerThanSixCases) {
  Report report = SmallReport();
  report.variants[1].statistics.push_back({.name = "five", .cases = 5, .difference = -0.1, .tests = StructureTests{.wilcoxon_p = 0.0625}});
  report.variants[1].statistics.push_back({.name = "six", .cases = 6, .difference = -0.1, .tests = StructureTests{.wilcoxon_p = 0.03125}});
  const json rows = FiguresOf(ReportHtml(report))["variants"][1]["statistics"];
  EXPECT_TRUE(rows[0]["tests"].is_null());
  EXPECT_DOUBLE_EQ(rows[0]["difference"], -0.1);
  EXPECT_DOUBLE_EQ(rows[1]["tests"]["wilcoxon_p"], 0.03125);
}

TEST(ReportHtml, MakesNamesThatHoldTagsInert) {
  const std::string hostile = "</script><b>\"'&{{report}}{{title}}<!--<script>alert(1)</script>";
  Report report = SampleReport(20, 3);
  report.title = hostile;
  report.machine = hostile;
  report.variants[1].name = hostile;
  report.variants[1].structures[0].name = hostile;
  report.worst_cases[0].case_name = hostile;
  const std::string page = ReportHtml(report);
  const std::string harmless = ReportHtml(SampleReport(20, 3));
  for (const char* part : {"<script", "</script", "<!--", "<b>", "</title"}) EXPECT_EQ(CountOf(page, part), CountOf(harmless, part)) << part;
  EXPECT_EQ(FiguresOf(page)["worst_cases"][0]["case"], hostile);
  EXPECT_EQ(FiguresOf(page)["variants"][1]["name"], hostile);
  EXPECT_THAT(page, HasSubstr("<title>&lt;/script&gt;&lt;b&gt;\"'&amp;{{report}}"));
}

TEST(ReportHtml, ReplacesBytesThatAreNoUtf8) {
  Report report = SmallReport();
  report.machine = "caf\xE9";
  EXPECT_EQ(FiguresOf(ReportHtml(report))["machine"], "caf\xEF\xBF\xBD");
}

TEST(ReportHtml, LoadsNothingAndForbidsTheBrowserTo) {
  std::string page = ReportHtml(SampleReport());
  EXPECT_THAT(page, HasSubstr("Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'sha256-"));
  EXPECT_THAT(page, Not(HasSubstr("unsafe-inline")));
  EXPECT_EQ(CountOf(page, "http://www.w3.org/2000/svg"), CountOf(page, "http://")) << "the namespace of SVG alone, which names and loads nothing";
  for (const char* part : {"https://", "src=", "@import", "url(", "fetch(", "XMLHttpRequest", "WebSocket", "innerHTML", "eval("}) {
    EXPECT_THAT(page, Not(HasSubstr(part)));
  }
}

TEST(ReportHtml, LeavesNoMarkOfThePageUnfilled) { EXPECT_THAT(ReportHtml(SmallReport()), Not(HasSubstr("{{"))); }

TEST(ReportHtml, TakesAReportWithoutVariantsStatisticsOrPictures) {
  const json figures = FiguresOf(ReportHtml(Report{}));
  EXPECT_TRUE(figures["variants"].is_array() && figures["variants"].empty());
  EXPECT_TRUE(figures["worst_cases"].is_array() && figures["worst_cases"].empty());
}

TEST(ReportHtml, RefusesAPictureWithoutPixels) {
  Report report = SmallReport();
  report.worst_cases.push_back({.variant = "a"});
  EXPECT_THROW(ReportHtml(report), Error);
}

TEST(ReportJson, IsPureAsciiWithoutTagsAndRoundsOutlinesToAHundredthOfAPixel) {
  Report report = SmallReport();
  report.machine = "<\xC3\xA9&>";
  report.worst_cases.push_back({.variant = "a", .picture = {.width = 1, .height = 1, .grey = {7}, .found = {{{0.123456, 1}, {0.5, 0.25}}}}});
  const std::string text = ReportJson(report);
  EXPECT_THAT(text, HasSubstr("\\u003c\\u00e9\\u0026\\u003e"));
  EXPECT_EQ(text.find_first_of("<>&"), std::string::npos);
  EXPECT_THAT(text, HasSubstr("\"found\":[[0.12,1.0,0.5,0.25]]"));
}

}  // namespace
}  // namespace tuckerseg
