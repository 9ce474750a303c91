#include "compression/cli/inspection.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "compression/cli/grouped_number.h"
#include "compression/tucker/energy_kept.h"
#include "engine/error.h"
#include "engine/execute/patch_check.h"
#include "engine/model/cost.h"
#include "engine/model/layer_json.h"
#include "engine/text_table.h"

namespace tuckerseg {
namespace {

/// [out, in, kernel], transposed [in, out, kernel]; of a norm its channels.
std::vector<int64_t> WeightShape(const Layer& layer) {
  if (!IsConvolution(layer.kind)) return {layer.out_channels};
  const auto [first, second] = IsTransposed(layer.kind) ? std::pair(layer.in_channels, layer.out_channels) : std::pair(layer.out_channels, layer.in_channels);
  return {first, second, layer.kernel[0], layer.kernel[1], layer.kernel[2]};
}

Size3 PatchFor(const LayerGraph& graph, const Size3& own, const InspectedPatch& wanted) {
  if (!wanted) return own;
  CheckPatchShape(graph, *wanted, "--patch: axis ");
  return *wanted;
}

InspectedPart PartOf(const std::string& name, const LayerGraph& graph, const Size3& patch, int64_t bytes) {
  InspectedPart part{name, patch, {}, ParameterCount(graph), TotalMultiplyAdds(graph, patch), bytes};
  const std::vector<int64_t> multiply_adds = MultiplyAdds(graph, patch);
  for (size_t i = 0; i < graph.layers.size(); ++i) {
    const Layer& layer = graph.layers[i];
    const int64_t parameters = ParameterCount(layer);
    if (parameters > 0) part.layers.push_back({layer, WeightShape(layer), parameters, multiply_adds[i], {}});
  }
  return part;
}

void PutEnergyKept(const std::map<std::string, double>& kept, InspectedPart& part) {
  for (InspectedLayer& layer : part.layers)
    if (const auto found = kept.find(layer.layer.name); found != kept.end()) layer.energy_kept = found->second;
}

void AddPart(InspectedPart part, Inspection& inspection) {
  inspection.parameters += part.parameters;
  inspection.multiply_adds += part.multiply_adds;
  inspection.bytes += part.bytes;
  inspection.parts.push_back(std::move(part));
}

nlohmann::ordered_json LayerJson(const InspectedLayer& layer) {
  nlohmann::ordered_json json{{"name", layer.layer.name}, {"kind", NameOf(layer.layer.kind)}, {"shape", layer.shape}, {"rank_in", nullptr}, {"rank_out", nullptr},
                              {"parameters", layer.parameters}, {"multiply_adds", layer.multiply_adds}, {"energy_kept", nullptr}};
  if (layer.energy_kept) json["energy_kept"] = *layer.energy_kept;
  if (IsTucker(layer.layer.kind)) {
    json["rank_in"] = layer.layer.rank_in;
    json["rank_out"] = layer.layer.rank_out;
  }
  return json;
}

template <typename Summed>
void PutSums(const Summed& summed, nlohmann::ordered_json& json) {
  json["parameters"] = summed.parameters;
  json["multiply_adds_per_patch"] = summed.multiply_adds;
  json["bytes"] = summed.bytes;
}

template <typename Numbers>
std::string Joined(const Numbers& numbers, const char* separator) {
  std::string text;
  for (const auto number : numbers) text += (text.empty() ? "" : separator) + std::to_string(number);
  return text;
}

/// "32 x 16, 3 x 3 x 3": channels, then the kernel.
std::string ShapeText(const std::vector<int64_t>& shape) {
  return std::to_string(shape[0]) + " x " + std::to_string(shape[1]) + ", " + Joined(std::vector<int64_t>(shape.begin() + 2, shape.end()), " x ");
}

std::string MillionsText(int64_t number) { return Grouped(static_cast<double>(number) / 1e6, 1); }

std::string PercentText(const std::optional<double>& share) {
  return share ? Fixed(100 * *share, 2) : "";
}

template <typename Summed>
std::string SumsText(const Summed& sums) {
  return Grouped(sums.parameters) + " parameters, " + Grouped(static_cast<double>(sums.multiply_adds) / 1e9, 3) + " G multiply-adds a patch, " +
         Grouped(static_cast<double>(sums.bytes) / 1e6, 1) + " MB of weights";
}

std::string LevelsText(const std::vector<InspectedLevel>& levels) {
  using Align = TextTable::Align;
  TextTable table({{"level"}, {"number", Align::kRight}, {"default"}, {"parameters", Align::kRight}, {"M multiply-adds", Align::kRight}, {"MB", Align::kRight}});
  for (const InspectedLevel& level : levels) {
    std::ostringstream number;
    if (level.level) number << *level.level;
    table.Add({level.name, number.str(), level.is_default ? "yes" : "", Grouped(level.parameters), MillionsText(level.multiply_adds), MillionsText(level.bytes)});
  }
  return table.Text();
}

/// Convolutions line by line, and what else has parameters in one.
std::string LayersText(const InspectedPart& part) {
  using Align = TextTable::Align;
  const bool energy = std::any_of(part.layers.begin(), part.layers.end(), [](const InspectedLayer& layer) { return layer.energy_kept.has_value(); });
  std::vector<TextTable::Column> columns{{"layer"}, {"kind"}, {"weight"}, {"rank in", Align::kRight}, {"out", Align::kRight}, {"parameters", Align::kRight},
                                         {"M multiply-adds", Align::kRight}};
  if (energy) columns.push_back({"energy kept, %", Align::kRight});
  TextTable table(columns);
  const auto add = [&](std::vector<std::string> cells, const std::optional<double>& kept) {
    if (energy) cells.push_back(PercentText(kept));
    table.Add(std::move(cells));
  };
  int64_t others = 0;
  for (const InspectedLayer& layer : part.layers) {
    if (!IsConvolution(layer.layer.kind)) {
      others += layer.parameters;
      continue;
    }
    const bool tucker = IsTucker(layer.layer.kind);
    add({layer.layer.name, NameOf(layer.layer.kind), ShapeText(layer.shape), tucker ? std::to_string(layer.layer.rank_in) : "",
         tucker ? std::to_string(layer.layer.rank_out) : "", Grouped(layer.parameters), MillionsText(layer.multiply_adds)},
        layer.energy_kept);
  }
  if (others > 0) add({"norms", "", "", "", "", Grouped(others), ""}, {});
  add({"total", "", "", "", "", Grouped(part.parameters), MillionsText(part.multiply_adds)}, {});
  return table.Text();
}

std::string ListOf(const Variant& variant) {
  std::string names;
  for (const VariantLevel& level : variant.levels) {
    std::ostringstream text;
    text << level.name;
    if (level.level) text << " (" << *level.level << ")";
    names += (names.empty() ? "" : ", ") + text.str();
  }
  return names;
}

std::optional<double> NumberIn(const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  return !text.empty() && *end == '\0' ? std::optional(number) : std::nullopt;
}

}  // namespace

Inspection InspectNetwork(const Network& network, const std::string& title, const InspectedPatch& patch) {
  ModelPart part{.name = "network", .graph = network.graph, .folds = {"0"}, .patch_size = network.patch};
  return InspectModel({.parts = {std::move(part)}}, title, patch);
}

Inspection InspectModel(const Model& model, const std::string& title, const InspectedPatch& patch) {
  Inspection inspection{.title = title};
  for (const ModelPart& part : model.parts) {
    const auto bytes = ParameterCount(part.graph) * static_cast<int64_t>(part.folds.size() * sizeof(float));
    AddPart(PartOf(part.name, part.graph, PatchFor(part.graph, part.patch_size, patch), bytes), inspection);
  }
  return inspection;
}

Inspection InspectBundle(const Bundle& bundle, const std::string& title, const InspectedPatch& patch) {
  Inspection inspection{.title = title};
  for (size_t i = 0; i < bundle.model.parts.size(); ++i) {
    const ModelPart& part = bundle.model.parts[i];
    int64_t bytes = 0;
    for (const std::string& fold : part.folds)
      for (const TensorSpec& spec : RequiredTensors(part.graph)) bytes += static_cast<int64_t>(bundle.weights[i].At("fold_" + fold + "." + spec.name).bytes.size());
    AddPart(PartOf(part.name, part.graph, PatchFor(part.graph, part.patch_size, patch), bytes), inspection);
  }
  return inspection;
}

Inspection InspectVariant(const Bundle& original, const VariantFiles& files, size_t shown, const InspectedPatch& patch) {
  const Model& model = original.model;
  std::vector<InspectedLevel> levels;
  Inspection inspection;
  for (size_t i = 0; i < files.variant.levels.size(); ++i) {
    const VariantLevel& level = files.variant.levels[i];
    const Bundle compressed = BundleOf(model, files, i);
    Inspection of_level = InspectBundle(compressed, "", patch);
    levels.push_back({level.name, level.level, level.is_default, of_level.parameters, of_level.multiply_adds, of_level.bytes});
    if (i != shown) continue;
    inspection = std::move(of_level);
    for (size_t p = 0; p < model.parts.size(); ++p)
      PutEnergyKept(EnergyKept(model.parts[p], original.weights[p], level.graphs[p], compressed.weights[p]), inspection.parts[p]);
  }
  inspection.title = "variant " + files.variant.levels.at(shown).name + " of model " + model.name + ", made by " + files.variant.method;
  inspection.levels = std::move(levels);
  return inspection;
}

size_t LevelPlace(const Variant& variant, const std::string& wanted) {
  for (size_t i = 0; i < variant.levels.size(); ++i)
    if (variant.levels[i].name == wanted) return i;
  std::vector<size_t> same;
  std::vector<size_t> defaults;
  const std::optional<double> number = NumberIn(wanted);
  for (size_t i = 0; number && i < variant.levels.size(); ++i) {
    if (variant.levels[i].level != number) continue;
    same.push_back(i);
    if (variant.levels[i].is_default) defaults.push_back(i);
  }
  if (defaults.size() == 1) return defaults.front();
  if (same.size() == 1) return same.front();
  if (same.empty()) throw Error(ErrorCode::kNotFound, "--level = " + wanted + ": must be one of " + ListOf(variant));
  throw Error(ErrorCode::kFailedPrecondition, "--level = " + wanted + ": several levels have that number; must be a name of " + ListOf(variant));
}

std::string InspectionJson(const Inspection& inspection) {
  nlohmann::ordered_json json;
  PutSums(inspection, json);
  for (const InspectedLevel& level : inspection.levels) {
    nlohmann::ordered_json line{{"name", level.name}, {"level", nullptr}, {"default", level.is_default}};
    if (level.level) line["level"] = *level.level;
    PutSums(level, line);
    json["levels"].push_back(std::move(line));
  }
  const bool several = inspection.parts.size() > 1;
  json["layers"] = nlohmann::ordered_json::array();
  for (const InspectedPart& part : inspection.parts) {
    nlohmann::ordered_json sums{{"name", part.name}, {"patch", part.patch}};
    PutSums(part, sums);
    json["parts"].push_back(std::move(sums));
    for (const InspectedLayer& layer : part.layers) {
      json["layers"].push_back(LayerJson(layer));
      if (several) json["layers"].back()["part"] = part.name;
    }
  }
  return json.dump(1) + "\n";
}

std::string InspectionText(const Inspection& inspection) {
  std::ostringstream text;
  text << inspection.title << "\n";
  if (inspection.levels.size() > 1) text << "\n" << LevelsText(inspection.levels);
  for (const InspectedPart& part : inspection.parts) text << "\npart " << part.name << ", patch " << Joined(part.patch, " x ") << "\n" << LayersText(part);
  text << "\n" << SumsText(inspection) << "\n";
  return text.str();
}

}  // namespace tuckerseg
