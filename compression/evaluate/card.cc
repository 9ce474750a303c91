#include "compression/evaluate/card.h"

#include <cmath>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

namespace tuckerseg {
namespace {

using OrderedJson = nlohmann::ordered_json;

/// Four decimals are what so few cases can say.
double Rounded(double value) { return std::round(value * 1e4) / 1e4; }

/// RFC 4180: what holds a comma, a quote or a line's end is put in quotes.
std::string Cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

OrderedJson StructuresJson(const Evaluation& evaluation) {
  OrderedJson structures = OrderedJson::array();
  for (const StructureScore& score : evaluation.structures) {
    OrderedJson entry{{"name", score.name}, {"cases", score.cases}};
    entry["dice"] = score.cases > 0 ? OrderedJson(Rounded(score.dice)) : OrderedJson(nullptr);
    entry["found_absent"] = score.found_absent;
    structures.push_back(std::move(entry));
  }
  return structures;
}

}  // namespace

int64_t ParameterCount(const Bundle& bundle) {
  int64_t count = 0;
  for (size_t part = 0; part < bundle.weights.size(); ++part) {
    const std::string fold = "fold_" + bundle.model.parts[part].folds.front() + ".";
    for (const auto& [name, tensor] : bundle.weights[part].tensors())
      if (name.starts_with(fold)) count += tensor.ElementCount();
  }
  return count;
}

std::string EncodeCard(const Model& model, int64_t parameters, const CaseFolder& folder, const Evaluation& evaluation) {
  const OrderedJson card{
      {"format_version", 1},
      {"model", model.name},
      {"task", model.task},
      {"variant", "original"},
      {"weights_sha256", model.provenance.weights_sha256},
      {"parameters", parameters},
      {"data", {{"description", folder.description}, {"phantoms", folder.phantoms}, {"cases", evaluation.cases.size()}}},
      {"dice_to_reference", {{"mean", Rounded(evaluation.mean_dice)}, {"structures", StructuresJson(evaluation)}}}};
  return card.dump(1) + "\n";
}

std::string EncodeMetrics(const Evaluation& evaluation) {
  std::ostringstream lines;
  lines << "variant,case,structure,dice,predicted_mm3,reference_mm3\n";
  for (const CaseEvaluation& one : evaluation.cases) {
    for (const auto& [name, overlap] : one.overlaps) {
      lines << "original," << Cell(one.name) << "," << Cell(name) << ",";
      if (overlap.reference > 0) lines << std::fixed << std::setprecision(6) << overlap.Dice();
      lines << "," << std::fixed << std::setprecision(1) << static_cast<double>(overlap.predicted) * one.voxel_mm3 << ","
            << static_cast<double>(overlap.reference) * one.voxel_mm3 << "\n";
    }
  }
  return lines.str();
}

}  // namespace tuckerseg
