#include "compression/cli/evaluate_display.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

namespace tuckerseg {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr auto kClearLine = "\r\033[K";
constexpr size_t kBarWidth = 40;
constexpr auto kNone = "-";

template <typename... Values>
std::string Printed(const char* format, Values... values) {
  char text[64];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

std::string Decimals(std::optional<double> value, int decimals) { return value ? Printed("%.*f", decimals, *value) : kNone; }

double Share(int64_t part, int64_t whole) { return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0; }

double SecondsOfACase(const VariantScores& scores) {
  double sum = 0;
  for (const ScoredCase& one : scores.cases) sum += one.seconds;
  return scores.cases.empty() ? 0 : sum / static_cast<double>(scores.cases.size());
}

/// Columns as wide as their widest cell; the first `left` begin, the others end at one place.
std::string Table(const std::vector<std::vector<std::string>>& rows, size_t left) {
  std::vector<size_t> widths(rows.front().size(), 0);
  for (const auto& row : rows)
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  std::string text;
  for (const auto& row : rows) {
    for (size_t c = 0; c < row.size(); ++c) {
      const std::string padding(widths[c] - row[c].size(), ' ');
      text += (c == 0 ? "" : "  ") + (c < left ? row[c] + padding : padding + row[c]);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    text += "\n";
  }
  return text;
}

std::string IntervalText(const ScoreSummary& summary) {
  if (summary.cases == 0) return kNone;
  if (!summary.dice_ci95) return "n too small";
  return Printed("[%.4f, %.4f]", summary.dice_ci95->low, summary.dice_ci95->high);
}

std::string EvidenceText(const VariantSummary& summary) {
  if (!summary.differences) return kNone;
  if (summary.differences->tested == 0) return "n too small";
  return Printed("%d of %d", summary.differences->no_evidence_of_a_difference, summary.differences->tested);
}

std::string StructureTable(const ScoreSummary& summary) {
  std::vector<std::vector<std::string>> rows{{"structure", "cases", "Dice", "surface Dice", "HD95 mm"}};
  for (const StructureSummary& one : summary.structures)
    rows.push_back({one.name, std::to_string(one.cases), Decimals(one.dice, 4), Decimals(one.surface_dice, 4), Decimals(one.hd95_mm, 2)});
  rows.push_back({"mean over structures", std::to_string(summary.cases), Decimals(summary.mean_dice, 4), "", ""});
  return Table(rows, 1);
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
          {"parameters", scores.parameters},
          {"parameters_share", Share(scores.parameters, original.parameters)},
          {"multiply_adds_per_patch", scores.multiply_adds_per_patch},
          {"multiply_adds_share", Share(scores.multiply_adds_per_patch, original.multiply_adds_per_patch)},
          {"weight_bytes", scores.weight_bytes},
          {"dice_to_reference", DiceJson(summary.to_reference)},
          {"dice_to_original", DiceJson(summary.to_original)},
          {"equal_share", OrNull(summary.to_original.equal_share)},
          {"differences", DifferencesJson(summary.differences)},
          {"seconds_per_case", SecondsOfACase(scores)}};
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
  std::vector<std::vector<std::string>> rows{{"level", "method", "parameters", "multiply-adds", "Dice to reference", "to original", "95 % interval",
                                              "equal voxels", "no evidence of a difference", "s a case"}};
  for (size_t i = 0; i < scores.size(); ++i) {
    const VariantScores& one = scores[i];
    const VariantSummary& summary = summaries[i];
    rows.push_back({one.name, one.method, Printed("%.4f", Share(one.parameters, original.parameters)),
                    Printed("%.4f", Share(one.multiply_adds_per_patch, original.multiply_adds_per_patch)), Decimals(summary.to_reference.mean_dice, 4),
                    Decimals(summary.to_original.mean_dice, 4), IntervalText(summary.to_original), Decimals(summary.to_original.equal_share, 4),
                    EvidenceText(summary), Printed("%.2f", SecondsOfACase(one))});
  }
  return Table(rows, 2);
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
