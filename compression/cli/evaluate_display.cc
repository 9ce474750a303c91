#include "compression/cli/evaluate_display.h"

#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "engine/text_table.h"

namespace tuckerseg {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr auto kClearLine = "\r\033[K";
constexpr size_t kBarWidth = 40;
constexpr auto kNone = "-";

constexpr auto kTooSmall = "n too small";

std::string Decimals(std::optional<double> value, int decimals) { return value ? Fixed(*value, decimals) : kNone; }

double Share(int64_t part, int64_t whole) { return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0; }

std::string Of(int part, int whole) { return std::to_string(part) + " of " + std::to_string(whole); }

/// The first `left` columns hold names, the others figures.
TextTable TableOf(const std::vector<std::string>& titles, size_t left) {
  std::vector<TextTable::Column> columns;
  for (const std::string& title : titles) columns.push_back({title, columns.size() < left ? TextTable::Align::kLeft : TextTable::Align::kRight});
  return TextTable(columns);
}

/// The mark stands beside the name: every figure of the variant is meant.
std::string NameText(const VariantScores& scores) {
  if (scores.seen_cases == 0) return scores.name;
  return scores.name + " (" + Of(scores.seen_cases, static_cast<int>(scores.cases.size())) + " cases seen when made)";
}

std::string IntervalText(const ScoreSummary& summary) {
  if (summary.cases == 0) return kNone;
  if (!summary.dice_ci95) return kTooSmall;
  std::string text = "[";
  return text.append(Fixed(summary.dice_ci95->low, 4)).append(", ").append(Fixed(summary.dice_ci95->high, 4)).append("]");
}

/// How many of the structures that could be tested have the outcome that `count` counts.
std::string OutcomeText(const VariantSummary& summary, int NoDifferenceTable::*count) {
  if (!summary.differences) return kNone;
  if (summary.differences->tested == 0) return kTooSmall;
  return Of((*summary.differences).*count, summary.differences->tested);
}

int Untested(const NoDifferenceTable& table) { return static_cast<int>(table.rows.size()) - table.tested; }

std::string StructureTable(const ScoreSummary& summary) {
  TextTable table = TableOf({"structure", "cases", "Dice", "surface Dice", "HD95 mm"}, 1);
  for (const StructureSummary& one : summary.structures)
    table.Add({one.name, std::to_string(one.cases), Decimals(one.dice, 4), Decimals(one.surface_dice, 4), Decimals(one.hd95_mm, 2)});
  table.Add({"mean over structures", std::to_string(summary.cases), Decimals(summary.mean_dice, 4), "", ""});
  return table.Text();
}

std::string PText(double p) { return p < 0.0001 ? "<0.0001" : Fixed(p, 4); }

std::string YesOrNo(bool answer) { return answer ? "yes" : "no"; }

std::vector<std::string> DifferenceCells(const NoDifferenceRow& row) {
  std::vector<std::string> cells{row.name, std::to_string(row.cases), Fixed(row.original_dice, 4), Fixed(row.variant_dice, 4),
                                 (row.difference < 0 ? "" : "+") + Fixed(row.difference, 4)};
  if (row.no_evidence_of_a_difference && row.equivalent) {
    cells.insert(cells.end(), {PText(*row.wilcoxon_p), PText(*row.wilcoxon_adjusted_p), YesOrNo(*row.no_evidence_of_a_difference), PText(*row.tost_p),
                               PText(*row.tost_adjusted_p), YesOrNo(*row.equivalent)});
  } else {
    cells.insert(cells.end(), {kTooSmall, "", "", "", "", ""});
  }
  return cells;
}

std::string CountsText(const NoDifferenceTable& table) {
  if (table.tested == 0) return "n too small: no structure occurs in " + std::to_string(kFewestCases) + " cases\n";
  std::string text = "no evidence of a difference for " + Of(table.no_evidence_of_a_difference, table.tested) + " structures\n";
  text += "equivalent within " + Fixed(table.options.margin, 2) + " for " + Of(table.equivalent, table.tested) + " structures\n";
  if (Untested(table) > 0) text += "n too small for " + std::to_string(Untested(table)) + " more\n";
  return text;
}

std::string DifferenceTable(const NoDifferenceTable& differences) {
  TextTable table = TableOf({"structure", "n", "original", "variant", "change", "Wilcoxon", "Holm", "no evidence", "TOST", "Holm", "equivalent"}, 1);
  for (const NoDifferenceRow& row : differences.rows) table.Add(DifferenceCells(row));
  return table.Text() + CountsText(differences);
}

OrderedJson OrNull(const std::optional<double>& value) { return value ? OrderedJson(*value) : OrderedJson(nullptr); }

OrderedJson DiceJson(const ScoreSummary& summary) {
  if (summary.cases == 0) return nullptr;
  OrderedJson json{{"cases", summary.cases}, {"mean", OrNull(summary.mean_dice)}, {"ci95", nullptr}};
  if (summary.dice_ci95) json["ci95"] = {summary.dice_ci95->low, summary.dice_ci95->high};
  return json;
}

OrderedJson DifferencesJson(const std::optional<NoDifferenceTable>& differences) {
  if (!differences) return nullptr;
  return {{"structures", differences->rows.size()},
          {"tested", differences->tested},
          {"no_evidence_of_a_difference", differences->no_evidence_of_a_difference},
          {"equivalent", differences->equivalent}};
}

OrderedJson VariantJson(const VariantScores& scores, const VariantScores& original, const VariantSummary& summary) {
  return {{"variant", scores.name},
          {"method", scores.method},
          {"level", OrNull(scores.level)},
          {"seen_cases", scores.seen_cases},
          {"parameters", scores.parameters},
          {"parameters_share", Share(scores.parameters, original.parameters)},
          {"multiply_adds_per_patch", scores.multiply_adds_per_patch},
          {"multiply_adds_share", Share(scores.multiply_adds_per_patch, original.multiply_adds_per_patch)},
          {"weight_bytes", scores.weight_bytes},
          {"dice_to_reference", DiceJson(summary.to_reference)},
          {"dice_to_original", DiceJson(summary.to_original)},
          {"equal_share", OrNull(summary.to_original.equal_share)},
          {"differences", DifferencesJson(summary.differences)},
          {"seconds_per_case", OrNull(SecondsPerCase(scores))}};
}

}  // namespace

EvaluateDisplay::EvaluateDisplay(bool quiet) : quiet_(quiet), terminal_(isatty(STDERR_FILENO) == 1) {}

EvaluateDisplay::~EvaluateDisplay() {
  if (!quiet_ && terminal_) std::fputs(kClearLine, stderr);
}

void EvaluateDisplay::Show(const DrawnCase& drawn) {
  if (quiet_) return;
  const size_t cases = drawn.variant.cases.size();
  const ScoredCase& scored = drawn.variant.cases.back();
  std::string line = "case " + std::to_string(cases) + "/" + std::to_string(drawn.cases) + ", " + drawn.variant.name + ": ";
  if (scored.labelled) line += "mean Dice " + Decimals(MeanDice(scored, ComparedTo::kReference), 4) + ", ";
  if (scored.equal_to_original) line += "to the original " + Decimals(MeanDice(scored, ComparedTo::kOriginal), 4) + ", ";
  std::fprintf(stderr, "%s%s%.1f s\n", terminal_ ? kClearLine : "", line.c_str(), scored.seconds);
  if (!terminal_ || drawn.done == drawn.total) return;
  const size_t filled = kBarWidth * drawn.done / drawn.total;
  std::fprintf(stderr, "[%s%s] %zu of %zu label maps", std::string(filled, '#').c_str(), std::string(kBarWidth - filled, '.').c_str(), drawn.done, drawn.total);
}

std::string ResultTable(std::span<const VariantScores> scores, std::span<const VariantSummary> summaries) {
  if (scores.size() == 1) return StructureTable(summaries.front().to_reference);
  const VariantScores& original = scores.front();
  TextTable table = TableOf({"level", "method", "parameters", "multiply-adds", "Dice to reference", "to original", "95 % interval", "equal voxels",
                             "no evidence of a difference", "equivalent", "untested", "s a case"},
                            2);
  for (size_t i = 0; i < scores.size(); ++i) {
    const VariantScores& one = scores[i];
    const VariantSummary& summary = summaries[i];
    table.Add({NameText(one), one.method, Fixed(Share(one.parameters, original.parameters), 4),
               Fixed(Share(one.multiply_adds_per_patch, original.multiply_adds_per_patch), 4), Decimals(summary.to_reference.mean_dice, 4),
               Decimals(summary.to_original.mean_dice, 4), IntervalText(summary.to_original), Decimals(summary.to_original.equal_share, 4),
               OutcomeText(summary, &NoDifferenceTable::no_evidence_of_a_difference), OutcomeText(summary, &NoDifferenceTable::equivalent),
               summary.differences ? std::to_string(Untested(*summary.differences)) : kNone, Decimals(SecondsPerCase(one), 2)});
  }
  return table.Text();
}

std::string StructureTables(std::span<const VariantScores> scores, std::span<const VariantSummary> summaries) {
  std::string text;
  for (size_t i = 1; i < scores.size(); ++i) {
    const VariantSummary& summary = summaries[i];
    text += "\n" + NameText(scores[i]) + (summary.differences ? " and the original, Dice to the reference:\n" : ", against the original's label map:\n");
    text += summary.differences ? DifferenceTable(*summary.differences) : StructureTable(summary.to_original);
  }
  return text;
}

std::string ResultJson(const Model& model, const CaseFolder& folder, std::span<const VariantScores> scores, std::span<const VariantSummary> summaries) {
  OrderedJson json{{"model", model.name},
                   {"task", model.task},
                   {"data", {{"description", folder.description}, {"phantoms", folder.phantoms}, {"cases", scores.front().cases.size()}}},
                   {"variants", OrderedJson::array()}};
  for (size_t i = 0; i < scores.size(); ++i) json["variants"].push_back(VariantJson(scores[i], scores.front(), summaries[i]));
  return json.dump(1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

}  // namespace tuckerseg
