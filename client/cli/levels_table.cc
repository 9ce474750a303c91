#include "client/cli/levels_table.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "engine/text_table.h"

namespace tuckerseg {
namespace {

using Json = nlohmann::ordered_json;

constexpr auto kOriginal = "original";

std::string NameOf(v1::VariantState state) {
  switch (state) {
    case v1::VARIANT_STATE_AVAILABLE: return "available";
    case v1::VARIANT_STATE_LOADING: return "loading";
    case v1::VARIANT_STATE_LOADED: return "loaded";
    case v1::VARIANT_STATE_FAILED: return "failed";
    case v1::VARIANT_STATE_GONE: return "gone";
    default: return "unknown";
  }
}

std::string Formatted(const char* format, double value) {
  char text[48];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

/// Two or three digits, whatever the size: 293, 29.3, 2.93, 0.29.
std::string Digits(double value) {
  return Formatted(value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : value >= 1 ? "%.2f" : "%.2g", value);
}

/// "0.35 M (12 %)": in units of `unit`, and as a share of the original's.
std::string Cost(uint64_t value, double unit, const char* unit_name, std::optional<uint64_t> original) {
  if (value == 0) return "-";
  std::string text = Digits(static_cast<double>(value) / unit) + " " + unit_name;
  if (original && *original > 0) text += " (" + Digits(100 * static_cast<double>(value) / static_cast<double>(*original)) + " %)";
  return text;
}

/// Whether `--level NUMBER` runs this level: the default of its number, or the only one that has it. Levels that have failed count, as they do for the server: a number is not another level's for that.
bool RunsByNumber(const v1::Variant& variant, const v1::ListVariantsResponse& response) {
  return std::none_of(response.variants().begin(), response.variants().end(), [&](const v1::Variant& other) {
    const bool same_number = other.task() == variant.task() && other.has_level() && other.level() == variant.level();
    const bool goes_first = other.default_() || !variant.default_();
    return same_number && goes_first && other.name() != variant.name();
  });
}

/// In brackets where the number alone does not run it.
std::string Number(const v1::Variant& variant, const v1::ListVariantsResponse& response) {
  if (!variant.has_level()) return "-";
  const std::string number = Formatted("%g", variant.level());
  return RunsByNumber(variant, response) ? number : "(" + number + ")";
}

/// The mean, and its lower bound rounded down: more than the bound itself must not be promised.
std::string Dice(const v1::Variant& variant) {
  std::string text = variant.has_dice_to_original() ? Formatted("%.3f", variant.dice_to_original()) : "-";
  if (variant.name() == kOriginal) return text;
  if (variant.has_quality()) text += " (>= " + Formatted("%.3f", std::floor(variant.quality() * 1000 + 1e-6) / 1000) + ")";
  if (text != "-") text += std::string(variant.phantoms() ? " *" : "") + (variant.seen_cases() > 0 ? " !" : "");
  return text;
}

template <typename Value>
Json OrNull(bool has, const Value& value) {
  return has ? Json(value) : Json(nullptr);
}

template <typename Measured>
Json RunJson(const Measured& measured) {
  return {{"device", measured.device()}, {"executor", measured.executor()}, {"precision", measured.precision()}, {"threads", measured.threads()}, {"shape", measured.shape()}};
}

Json PatchesJson(const v1::Variant& variant) {
  Json list = Json::array();
  for (const v1::MeasuredPatch& patch : variant.measured_patches()) {
    Json json = RunJson(patch);
    json["min_seconds"] = patch.min_seconds();
    json["median_seconds"] = patch.median_seconds();
    json["peak_bytes"] = OrNull(patch.has_peak_bytes(), patch.peak_bytes());
    list.push_back(std::move(json));
  }
  return list;
}

Json VolumesJson(const v1::Variant& variant) {
  Json list = Json::array();
  for (const v1::MeasuredVolume& volume : variant.measured_volumes()) {
    Json json = RunJson(volume);
    json["spacing_mm"] = volume.spacing_mm();
    json["patches"] = OrNull(volume.has_patches(), volume.patches());
    json["seconds"] = volume.seconds();
    json["peak_bytes"] = OrNull(volume.has_peak_bytes(), volume.peak_bytes());
    list.push_back(std::move(json));
  }
  return list;
}

Json DevicesJson(const v1::Variant& variant) {
  Json devices = Json::array();
  for (const v1::VariantOnDevice& place : variant.devices()) {
    devices.push_back({{"device", place.device()}, {"state", NameOf(place.state())}, {"pinned", place.pinned()}, {"error", place.error()}});
  }
  return devices;
}

Json ToJson(const v1::Variant& variant) {
  return {{"task", variant.task()},
          {"level", variant.name()},
          {"number", OrNull(variant.has_level(), variant.level())},
          {"default", variant.default_()},
          {"method", variant.method()},
          {"state", NameOf(variant.state())},
          {"quality", OrNull(variant.has_quality(), variant.quality())},
          {"dice_to_original", OrNull(variant.has_dice_to_original(), variant.dice_to_original())},
          {"dice_to_reference", OrNull(variant.has_dice_to_reference(), variant.dice_to_reference())},
          {"phantoms", variant.phantoms()},
          {"seen_cases", variant.seen_cases()},
          {"quality_statement", variant.quality_statement()},
          {"parameters", variant.parameters()},
          {"multiply_adds_per_patch", variant.multiply_adds_per_patch()},
          {"weight_bytes", variant.weight_bytes()},
          {"weights_sha256", variant.weights_sha256()},
          {"device", variant.device()},
          {"devices", DevicesJson(variant)},
          {"measured_patches", PatchesJson(variant)},
          {"measured_volumes", VolumesJson(variant)},
          {"error", variant.error()}};
}

/// Once where it is so on every device, else for each where it is.
void PrintFailures(const v1::Variant& variant, std::ostream& out) {
  if (!variant.error().empty()) {
    out << variant.task() << " " << variant.name() << " could not be loaded: " << variant.error() << "\n";
    return;
  }
  for (const v1::VariantOnDevice& place : variant.devices())
    if (!place.error().empty()) out << variant.task() << " " << variant.name() << " is not loaded on " << place.device() << ": " << place.error() << "\n";
}

void PrintNotes(const v1::ListVariantsResponse& response, std::ostream& out) {
  bool phantoms = false;
  bool seen = false;
  bool brackets = false;
  for (const v1::Variant& variant : response.variants()) {
    const std::string dice = Dice(variant);
    phantoms = phantoms || dice.find('*') != std::string::npos;
    seen = seen || dice.find('!') != std::string::npos;
    brackets = brackets || Number(variant, response).starts_with("(");
  }
  if (phantoms) out << "* measured on phantoms alone: no patient was among them\n";
  if (seen) out << "! measured in part on CTs that the level was made with: promises nothing of others\n";
  if (brackets) out << "(number) is that of another level too, and does not run this one: ask for it by name\n";
  for (const v1::Variant& variant : response.variants()) PrintFailures(variant, out);
}

}  // namespace

void PrintLevels(const v1::ListVariantsResponse& response, std::ostream& out) {
  std::map<std::string, v1::Variant> originals;  // by task
  for (const v1::Variant& variant : response.variants())
    if (variant.name() == kOriginal) originals.emplace(variant.task(), variant);
  using Align = TextTable::Align;
  TextTable table({{"TASK"}, {"LEVEL"}, {"NUMBER", Align::kRight}, {"METHOD"}, {"STATE"}, {"DICE TO ORIGINAL"}, {"PARAMETERS", Align::kRight},
                   {"MULTIPLY-ADDS", Align::kRight}, {"SIZE", Align::kRight}, {"DEVICE"}}, 0);
  for (const v1::Variant& variant : response.variants()) {
    std::optional<uint64_t> parameters;
    std::optional<uint64_t> multiply_adds;
    const auto original = originals.find(variant.task());
    if (original != originals.end() && variant.name() != kOriginal) {
      parameters = original->second.parameters();
      multiply_adds = original->second.multiply_adds_per_patch();
    }
    table.Add({variant.task(), variant.name(), Number(variant, response), variant.method().empty() ? "-" : variant.method(), NameOf(variant.state()),
               Dice(variant), Cost(variant.parameters(), 1e6, "M", parameters), Cost(variant.multiply_adds_per_patch(), 1e9, "G", multiply_adds),
               Cost(variant.weight_bytes(), 1048576, "MiB", {}), variant.device().empty() ? "-" : variant.device()});
  }
  out << table.Text();
  PrintNotes(response, out);
}

void PrintPlaces(const v1::Variant& variant, std::ostream& out) {
  for (const v1::VariantOnDevice& place : variant.devices()) {
    out << variant.task() << " " << variant.name() << " on " << place.device() << ": " << NameOf(place.state());
    if (place.pinned()) out << ", until it is unloaded by name";
    if (!place.error().empty()) out << " (" << place.error() << ")";
    out << "\n";
  }
}

void PrintLevelAsJson(const v1::Variant& variant, std::ostream& out) { out << ToJson(variant).dump(1) << "\n"; }

void PrintLevelsAsJson(const v1::ListVariantsResponse& response, std::ostream& out) {
  Json json = Json::array();
  for (const v1::Variant& variant : response.variants()) json.push_back(ToJson(variant));
  out << json.dump(1) << "\n";
}

}  // namespace tuckerseg
