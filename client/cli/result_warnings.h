/// What users are told of a crop by a rough model and of a refinement by another: an empty label map, or an organ that was missed, erased or cut off, must not pass for what the
/// volume holds.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tuckerseg/v1/segmentation.pb.h"

namespace tuckerseg {

/// Sentences without a full stop, of `tuckerseg segment` with the option that helps; none where there is nothing to warn of.
std::vector<std::string> WarningsOf(const v1::Summary& summary);
std::vector<std::string> WarningsOf(const v1::LevelResult& result);

/// Adds crop_box (null: none), crop_found_nothing, crop_structures_not_found, structures_at_crop_border, structures_lost_in_refinement and warnings to an object (docs/api.md).
void AddCropAndRefinement(const v1::Summary& summary, nlohmann::ordered_json& json);
void AddCropAndRefinement(const v1::LevelResult& result, nlohmann::ordered_json& json);

}  // namespace tuckerseg
