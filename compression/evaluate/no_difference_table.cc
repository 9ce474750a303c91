#include "compression/evaluate/no_difference_table.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include "compression/evaluate/paired_statistics.h"

namespace tuckerseg {
namespace {

struct PairedDice {
  std::vector<double> original;
  std::vector<double> variant;
};

PairedDice Pairs(const VariantScores& original, const VariantScores& variant, const std::string& name) {
  std::map<std::string, double> known;
  const CaseValues original_dice = DiceByCase(original, name, ComparedTo::kReference);
  for (size_t i = 0; i < original_dice.size(); ++i)
    if (original_dice[i]) known[original.cases[i].name] = *original_dice[i];
  PairedDice pairs;
  const CaseValues variant_dice = DiceByCase(variant, name, ComparedTo::kReference);
  for (size_t i = 0; i < variant_dice.size(); ++i) {
    const auto found = known.find(variant.cases[i].name);
    if (!variant_dice[i] || found == known.end()) continue;
    pairs.original.push_back(found->second);
    pairs.variant.push_back(*variant_dice[i]);
  }
  return pairs;
}

NoDifferenceRow MakeRow(const std::string& name, const PairedDice& pairs, double margin) {
  NoDifferenceRow row{.name = name, .cases = static_cast<int>(pairs.original.size())};
  std::vector<double> differences;
  for (size_t i = 0; i < pairs.original.size(); ++i) {
    row.original_dice += pairs.original[i] / row.cases;
    row.variant_dice += pairs.variant[i] / row.cases;
    differences.push_back(pairs.variant[i] - pairs.original[i]);
  }
  row.difference = row.variant_dice - row.original_dice;
  row.wilcoxon_p = WilcoxonSignedRank(differences);
  row.tost_p = EquivalenceTest(differences, margin);
  return row;
}

void Adjust(NoDifferenceTable& table, std::optional<double> NoDifferenceRow::*p, std::optional<double> NoDifferenceRow::*adjusted) {
  std::vector<std::optional<double>> p_values;
  for (const NoDifferenceRow& row : table.rows) p_values.push_back(row.*p);
  const std::vector<std::optional<double>> holm = HolmAdjusted(p_values);
  for (size_t i = 0; i < holm.size(); ++i) table.rows[i].*adjusted = holm[i];
}

void Decide(NoDifferenceTable& table) {
  for (NoDifferenceRow& row : table.rows) {
    if (!row.wilcoxon_adjusted_p || !row.tost_adjusted_p) continue;
    row.no_evidence_of_a_difference = *row.wilcoxon_adjusted_p >= table.options.alpha;
    row.equivalent = *row.tost_adjusted_p < table.options.alpha;
    ++table.tested;
    table.no_evidence_of_a_difference += *row.no_evidence_of_a_difference ? 1 : 0;
    table.equivalent += *row.equivalent ? 1 : 0;
  }
}

template <typename... Values>
std::string Printed(const char* format, Values... values) {
  char text[256];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

std::string PText(double p) { return p < 0.0001 ? "<0.0001" : Printed("%.4f", p); }

std::string RowText(const NoDifferenceRow& row) {
  std::string line = Printed("%-32s %5d %8.4f %8.4f %+8.4f ", row.name.c_str(), row.cases, row.original_dice, row.variant_dice, row.difference);
  if (!row.no_evidence_of_a_difference || !row.equivalent) return line + "n too small\n";
  line += Printed("%8s %8s %-11s ", PText(*row.wilcoxon_p).c_str(), PText(*row.wilcoxon_adjusted_p).c_str(), *row.no_evidence_of_a_difference ? "yes" : "no");
  return line + Printed("%8s %8s %s\n", PText(*row.tost_p).c_str(), PText(*row.tost_adjusted_p).c_str(), *row.equivalent ? "yes" : "no");
}

}  // namespace

NoDifferenceTable CompareToOriginal(const VariantScores& original, const VariantScores& variant, const std::vector<std::string>& names,
                                    const NoDifferenceOptions& options) {
  NoDifferenceTable table{.options = options};
  for (const std::string& name : names) {
    const PairedDice pairs = Pairs(original, variant, name);
    if (!pairs.original.empty()) table.rows.push_back(MakeRow(name, pairs, options.margin));
  }
  Adjust(table, &NoDifferenceRow::wilcoxon_p, &NoDifferenceRow::wilcoxon_adjusted_p);
  Adjust(table, &NoDifferenceRow::tost_p, &NoDifferenceRow::tost_adjusted_p);
  Decide(table);
  return table;
}

std::string NoDifferenceText(const NoDifferenceTable& table) {
  std::string text = Printed("%-32s %5s %8s %8s %8s %8s %8s %-11s %8s %8s %s\n", "structure", "n", "original", "variant", "change", "Wilcoxon", "Holm",
                             "no evidence", "TOST", "Holm", "equivalent");
  for (const NoDifferenceRow& row : table.rows) text += RowText(row);
  if (table.tested == 0) return text + Printed("n too small: no structure occurs in %d cases\n", kFewestCases);
  const int untested = static_cast<int>(table.rows.size()) - table.tested;
  text += Printed("no evidence of a difference for %d of %d structures\n", table.no_evidence_of_a_difference, table.tested);
  text += Printed("equivalent within %g for %d of %d structures\n", table.options.margin, table.equivalent, table.tested);
  if (untested > 0) text += Printed("n too small for %d more\n", untested);
  return text;
}

}  // namespace tuckerseg
