#include "compression/evaluate/no_difference_table.h"

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

}  // namespace tuckerseg
