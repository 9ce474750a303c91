#include "compression/report/report_html.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

#include "compression/report/base64.h"
#include "compression/report/page_text.h"
#include "compression/report/png.h"

namespace tuckerseg {
namespace {

using OrderedJson = nlohmann::ordered_json;

/// Null where there is no figure; the JSON library writes what is not finite as null too.
template <typename Value>
OrderedJson Optional(const std::optional<Value>& value) {
  return value ? OrderedJson(*value) : OrderedJson(nullptr);
}

OrderedJson MeanJson(const std::optional<ReportDice>& dice) {
  if (!dice) return nullptr;
  OrderedJson json{{"mean", dice->mean}, {"interval", nullptr}};
  if (dice->interval && std::isfinite(dice->interval->low) && std::isfinite(dice->interval->high)) json["interval"] = {dice->interval->low, dice->interval->high};
  return json;
}

OrderedJson LatencyJson(const std::optional<PatchLatency>& latency) {
  if (!latency) return nullptr;
  return {{"seconds", latency->seconds}, {"device", latency->device}};
}

OrderedJson StructureJson(const StructureQuality& structure) {
  return {{"name", structure.name},
          {"cases_to_reference", structure.cases_to_reference},
          {"cases_to_original", structure.cases_to_original},
          {"dice_to_reference", Optional(structure.dice_to_reference)},
          {"dice_to_original", Optional(structure.dice_to_original)},
          {"surface_dice", Optional(structure.surface_dice)},
          {"hd95_mm", Optional(structure.hd95_mm)},
          {"volume_error", Optional(structure.volume_error)},
          {"volume_bias", Optional(structure.volume_bias)}};
}

OrderedJson ComparisonJson(const StructureComparison& comparison) {
  OrderedJson json{{"name", comparison.name}, {"cases", comparison.cases}, {"difference", Optional(comparison.difference)}, {"tests", nullptr}};
  if (comparison.cases < kFewestCasesTested || !comparison.tests) return json;
  const StructureTests& tests = *comparison.tests;
  json["tests"] = {{"wilcoxon_p", tests.wilcoxon_p}, {"wilcoxon_adjusted", tests.wilcoxon_adjusted}, {"no_evidence", tests.no_evidence},
                   {"tost_p", tests.tost_p},         {"tost_adjusted", tests.tost_adjusted},         {"equivalent", tests.equivalent}};
  return json;
}

OrderedJson VariantJson(const ReportVariant& variant) {
  OrderedJson json{{"name", variant.name},
                   {"method", variant.method},
                   {"level", Optional(variant.level)},
                   {"tuned", variant.tuned},
                   {"seen_cases", variant.seen_cases},
                   {"parameters", Optional(variant.parameters)},
                   {"multiply_adds", Optional(variant.multiply_adds)},
                   {"weight_bytes", Optional(variant.weight_bytes)},
                   {"latency", LatencyJson(variant.latency)},
                   {"seconds_per_case", Optional(variant.seconds_per_case)},
                   {"peak_bytes", Optional(variant.peak_bytes)},
                   {"dice_to_reference", MeanJson(variant.dice_to_reference)},
                   {"dice_to_original", MeanJson(variant.dice_to_original)},
                   {"surface_dice", Optional(variant.surface_dice)},
                   {"hd95_mm", Optional(variant.hd95_mm)},
                   {"structures", OrderedJson::array()},
                   {"statistics", OrderedJson::array()}};
  for (const StructureQuality& structure : variant.structures) json["structures"].push_back(StructureJson(structure));
  for (const StructureComparison& comparison : variant.statistics) json["statistics"].push_back(ComparisonJson(comparison));
  return json;
}

/// As flat lists of coordinates, to a hundredth of a pixel: a third of the length that pairs of full precision take.
OrderedJson LoopsJson(const std::vector<Loop>& loops) {
  OrderedJson json = OrderedJson::array();
  for (const Loop& loop : loops) {
    OrderedJson line = OrderedJson::array();
    for (const Point& point : loop)
      for (const double coordinate : point) line.push_back(std::round(coordinate * 100) / 100);
    json.push_back(std::move(line));
  }
  return json;
}

OrderedJson WorstCaseJson(const WorstCase& worst) {
  const SlicePicture& picture = worst.picture;
  return {{"variant", worst.variant},
          {"case", worst.case_name},
          {"structure", worst.structure},
          {"dice", worst.dice},
          {"against", worst.against},
          {"width", picture.width},
          {"height", picture.height},
          {"pixel_mm", picture.pixel_mm},
          {"png", EncodeBase64(EncodePng(picture.width, picture.height, picture.grey))},
          {"found", LoopsJson(picture.found)},
          {"expected", LoopsJson(picture.expected)}};
}

OrderedJson Json(const Report& report) {
  OrderedJson json{{"title", report.title},
                   {"model", report.model},
                   {"task", report.task},
                   {"date", report.date},
                   {"machine", report.machine},
                   {"version", TUCKERSEG_VERSION},
                   {"data",
                    {{"description", report.data.description},
                     {"phantoms", report.data.phantoms},
                     {"cases", report.data.cases},
                     {"labelled_cases", report.data.labelled_cases}}},
                   {"fewest_cases_tested", kFewestCasesTested},
                   {"surface_tolerance_mm", report.surface_tolerance_mm},
                   {"significance", report.significance},
                   {"equivalence_margin", report.equivalence_margin},
                   {"variants", OrderedJson::array()},
                   {"worst_cases", OrderedJson::array()}};
  for (const ReportVariant& variant : report.variants) json["variants"].push_back(VariantJson(variant));
  for (const WorstCase& worst : report.worst_cases) json["worst_cases"].push_back(WorstCaseJson(worst));
  return json;
}

std::string EscapedForHtml(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      default: escaped += c;
    }
  }
  return escaped;
}

/// Replaces a mark that the page holds once, and looks for it in the page alone: what is put in may hold anything.
struct Split {
  std::string_view before, after;
};
Split SplitAt(std::string_view page, std::string_view mark) {
  const size_t at = page.find(mark);
  return {page.substr(0, at), page.substr(at + mark.size())};
}

}  // namespace

std::string ReportJson(const Report& report) {
  // ASCII alone: a page that is saved in another encoding stays right.
  const std::string text = Json(report).dump(-1, ' ', true, OrderedJson::error_handler_t::replace);
  std::string escaped;
  escaped.reserve(text.size());
  // They occur within strings only, where they may be written as their numbers: the browser's parser then finds no tag in the block.
  for (const char c : text) {
    switch (c) {
      case '<': escaped += "\\u003c"; break;
      case '>': escaped += "\\u003e"; break;
      case '&': escaped += "\\u0026"; break;
      default: escaped += c;
    }
  }
  return escaped;
}

std::string ReportHtml(const Report& report) {
  const Split title = SplitAt(kPageText, "{{title}}");
  const Split figures = SplitAt(title.after, "{{report}}");
  std::string page(title.before);
  page += EscapedForHtml(report.title);
  page += figures.before;
  page += ReportJson(report);
  page += figures.after;
  return page;
}

}  // namespace tuckerseg
