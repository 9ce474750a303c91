#include "client/cli/result_warnings.h"

#include <cstdint>

namespace tuckerseg {
namespace {

using Json = nlohmann::ordered_json;

/// Of crops. Tasks that were trained on crops refuse the option; they say so.
constexpr auto kHint = " (--crop robust misses less; --crop none looks at the whole volume, where the task may be run without a crop)";

using Names = google::protobuf::RepeatedPtrField<std::string>;

std::string Joined(const Names& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

/// `hint`: behind each that is of a crop.
template <typename Result>
std::vector<std::string> Warnings(const Result& result, const std::string& hint) {
  std::vector<std::string> warnings;
  if (result.crop_found_nothing()) {
    warnings.push_back("the rough model found none of the structures to crop to: the label map is empty" + hint);
  }
  if (const Names& names = result.crop_structures_not_found(); !names.empty()) {
    const std::string them = names.size() == 1 ? "it" : "them";
    warnings.push_back("the rough model did not find " + Joined(names) + ": if the CT shows " + them + ", what lies there may be missing" + hint);
  }
  if (const Names& names = result.structures_lost_in_refinement(); !names.empty()) {
    const bool one = names.size() == 1;
    warnings.push_back(Joined(names) + (one ? " was" : " were") + " found, then erased: the refining model did not confirm " + (one ? "it" : "them"));
  }
  if (const Names& names = result.structures_at_crop_border(); !names.empty()) {
    const std::string touch = names.size() == 1 ? " touches the border of the crop: it may be cut off" : " touch the border of the crop: they may be cut off";
    warnings.push_back(Joined(names) + touch + hint);
  }
  return warnings;
}

template <typename Result>
Json BoxJson(const Result& result) {
  if (!result.has_crop_box()) return nullptr;
  const v1::VolumeBox& box = result.crop_box();
  Json json = Json::object();
  json["begin"] = std::vector<uint64_t>(box.begin().begin(), box.begin().end());
  json["end"] = std::vector<uint64_t>(box.end().begin(), box.end().end());
  return json;
}

template <typename Result>
void Add(const Result& result, Json& json) {
  json["crop_box"] = BoxJson(result);
  json["crop_found_nothing"] = result.crop_found_nothing();
  json["crop_structures_not_found"] = result.crop_structures_not_found();
  json["structures_at_crop_border"] = result.structures_at_crop_border();
  json["structures_lost_in_refinement"] = result.structures_lost_in_refinement();
  json["warnings"] = WarningsOf(result);
}

}  // namespace

std::vector<std::string> WarningsOf(const v1::Summary& summary) { return Warnings(summary, kHint); }
std::vector<std::string> WarningsOf(const v1::LevelResult& result) { return Warnings(result, ""); }

void AddCropAndRefinement(const v1::Summary& summary, Json& json) { Add(summary, json); }
void AddCropAndRefinement(const v1::LevelResult& result, Json& json) { Add(result, json); }

}  // namespace tuckerseg
