/// Fills the contract's messages from the engine's types.
#pragma once

#include <google/protobuf/duration.pb.h>

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/model/model.h"
#include "engine/segment/segmenter.h"
#include "engine/volume/volume.h"
#include "tuckerseg/v1/segmentation.pb.h"

namespace tuckerseg {

void Fill(const Label& label, v1::Label& message);
void Fill(const Geometry& geometry, v1::Geometry& message);
void Fill(const VolumeBox& box, v1::VolumeBox& message);
void Fill(const Model& model, v1::Provenance& message);
/// `started`: whether a worker has taken the request; until then it waits.
void Fill(const Progress& progress, bool started, v1::Progress& message);

/// Rounded to nanoseconds; `seconds` >= 0.
void Fill(double seconds, google::protobuf::Duration& message);

/// Names of the labels that a crop's border may have cut off, in the order of `labels`: all that the label map can hold.
std::vector<std::string> NamesAtBorder(const CropResult& crop, std::span<const Label> labels);

/// What became of a crop, and what a refinement erased; nothing where there was none. `Message`: Summary or LevelResult. `labels`: as above.
template <typename Message>
void FillCropAndRefinement(const Segmentation& segmentation, std::span<const Label> labels, Message& message) {
  for (const std::string& name : segmentation.structures_lost_in_refinement) message.add_structures_lost_in_refinement(name);
  const std::optional<CropResult>& crop = segmentation.crop;
  if (!crop) return;
  message.set_crop_found_nothing(!crop->box.has_value());
  if (crop->box) Fill(*crop->box, *message.mutable_crop_box());
  for (std::string& name : NamesAtBorder(*crop, labels)) message.add_structures_at_crop_border(std::move(name));
  for (const std::string& name : crop->structures_not_found) message.add_crop_structures_not_found(name);
}

}  // namespace tuckerseg
