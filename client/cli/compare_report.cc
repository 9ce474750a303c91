#include "client/cli/compare_report.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "client/cli/result_warnings.h"
#include "client/lib/contract_words.h"
#include "engine/text_table.h"

namespace tuckerseg {
namespace {

using Json = nlohmann::ordered_json;

/// Of a level's structures, in the table.
constexpr size_t kWorst = 3;

/// Nothing where the first level took no time that could be measured.
std::optional<double> TimeRatio(const v1::LevelResult& level, const v1::LevelResult& first) {
  if (!(first.seconds() > 0)) return std::nullopt;
  return level.seconds() / first.seconds();
}

std::string OrDash(std::optional<double> number, int decimals) { return number ? Fixed(*number, decimals) : "-"; }

std::optional<double> MeanDice(const v1::LevelResult& level) { return level.has_mean_dice() ? std::optional(level.mean_dice()) : std::nullopt; }

/// "spleen 0.712, colon 0.801": of those that agree less than whole.
std::string WorstStructures(const v1::LevelResult& level) {
  std::vector<v1::StructureDice> worst;
  std::copy_if(level.dice().begin(), level.dice().end(), std::back_inserter(worst), [](const v1::StructureDice& dice) { return dice.dice() < 1; });
  std::stable_sort(worst.begin(), worst.end(), [](const auto& a, const auto& b) { return a.dice() < b.dice(); });
  std::string text;
  for (size_t i = 0; i < std::min(kWorst, worst.size()); ++i) text += (i > 0 ? ", " : "") + worst[i].name() + " " + Fixed(worst[i].dice(), 3);
  return text.empty() ? "-" : text;
}

/// The first level's that was held against a reference; null where there is none.
const ReferenceAgreement* FirstAgreement(const CompareReport& report) {
  for (const ReportedLevel& level : report.levels)
    if (level.reference) return &*level.reference;
  return nullptr;
}

/// What follows the table.
void PrintNotes(const CompareReport& report, std::ostream& out) {
  const v1::LevelResult& first = report.levels.front().result;
  const auto elsewhere = [&](const ReportedLevel& level) { return level.result.device() != first.device(); };
  if (std::any_of(report.levels.begin(), report.levels.end(), elsewhere)) out << "the levels ran on several devices: their times do not compare\n";
  for (const ReportedLevel& level : report.levels)
    if (level.result.dice().empty()) out << "neither " << first.variant() << " nor " << level.result.variant() << " found any structure\n";
  for (const ReportedLevel& level : report.levels)
    for (const std::string& warning : WarningsOf(level.result)) out << "warning: " << level.result.variant() << ": " << warning << "\n";
  const ReferenceAgreement* agreement = FirstAgreement(report);  // what it holds beside the task's labels is the same for all
  if (agreement == nullptr || agreement->unknown_values.empty()) return;
  std::string values;
  for (const int64_t value : agreement->unknown_values) values += (values.empty() ? "" : ", ") + std::to_string(value);
  out << "labels of the reference that are no structure of the task, and were left out: " << values << "\n";
}

Json StructuresJson(const v1::LevelResult& level) {
  Json structures = Json::array();
  for (const v1::StructureDice& dice : level.dice()) {
    structures.push_back({{"name", dice.name()}, {"value", dice.value()}, {"dice", dice.dice()}, {"voxels", dice.voxels()}, {"first_voxels", dice.first_voxels()}});
  }
  return structures;
}

Json ReferenceJson(const ReferenceAgreement& reference) {
  Json structures = Json::array();
  for (const ReferenceAgreement::Structure& structure : reference.structures) {
    structures.push_back({{"name", structure.name},
                          {"value", structure.value},
                          {"dice", structure.dice},
                          {"voxels", structure.voxels},
                          {"reference_voxels", structure.reference_voxels}});
  }
  return {{"mean_dice", reference.mean_dice}, {"structures", structures}, {"unknown_values", reference.unknown_values}};
}

Json OrNull(std::optional<double> number) { return number ? Json(*number) : Json(nullptr); }

}  // namespace

void PrintComparison(const CompareReport& report, std::ostream& out) {
  using Align = TextTable::Align;
  const bool has_reference = FirstAgreement(report) != nullptr;
  std::vector<TextTable::Column> columns{{"LEVEL"}, {"SECONDS", Align::kRight}, {"TIME RATIO", Align::kRight}, {"EQUAL VOXELS", Align::kRight},
                                         {"MEAN DICE", Align::kRight}, {"WORST STRUCTURES"}};
  if (has_reference) columns.push_back({"DICE TO REFERENCE", Align::kRight});
  columns.push_back({"DEVICE"});
  TextTable table(columns, 0);
  for (const ReportedLevel& level : report.levels) {
    const v1::LevelResult& result = level.result;
    const std::optional<double> ratio = TimeRatio(result, report.levels.front().result);
    std::vector<std::string> cells{result.variant(), Fixed(result.seconds(), 2), OrDash(ratio, 2), Fixed(100 * result.equal_share(), 2) + " %",
                                   OrDash(MeanDice(result), 4), WorstStructures(result)};
    if (has_reference) cells.push_back(level.reference ? Fixed(level.reference->mean_dice, 4) : "-");
    cells.push_back(result.device());
    table.Add(cells);
  }
  out << table.Text();
  PrintNotes(report, out);
}

void PrintComparisonAsJson(const CompareReport& report, std::ostream& out) {
  Json json{{"request_id", report.request_id}, {"levels", Json::array()}};
  for (const ReportedLevel& level : report.levels) {
    const v1::LevelResult& result = level.result;
    Json entry{{"level", result.variant()},
               {"variant_weights_sha256", result.variant_weights_sha256()},
               {"device", result.device()},
               {"precision", result.precision()},
               {"seconds", result.seconds()},
               {"time_ratio", OrNull(TimeRatio(result, report.levels.front().result))},
               {"stages", Json::object()},
               {"network_seconds", result.network_seconds()},
               {"peak_memory_bytes", result.peak_memory_bytes()},
               {"quality", result.quality_statement()},
               {"equal_share", result.equal_share()},
               {"mean_dice", OrNull(MeanDice(result))},
               {"structures", StructuresJson(result)},
               {"part_overlap_voxels", result.part_overlap_voxels()}};
    for (const v1::StageTime& stage : result.stages()) entry["stages"][NameOf(stage.stage())] = stage.seconds();
    AddCropAndRefinement(result, entry);
    if (level.reference) entry["reference"] = ReferenceJson(*level.reference);
    json["levels"].push_back(std::move(entry));
  }
  out << json.dump(1) << "\n";
}

}  // namespace tuckerseg
