/// Fills the contract's messages from the engine's types.
#pragma once

#include <google/protobuf/duration.pb.h>

#include <algorithm>
#include <optional>
#include <span>

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

/// What became of a crop; nothing where there was none. `Message`: Summary or LevelResult. `labels`: all that the label map can hold, ascending by value.
template <typename Message>
void FillCrop(const std::optional<CropResult>& crop, std::span<const Label> labels, Message& message) {
  if (!crop) return;
  message.set_crop_found_nothing(!crop->box.has_value());
  if (crop->box) Fill(*crop->box, *message.mutable_crop_box());
  for (const Label& label : labels) {
    const bool at_border = std::binary_search(crop->border_labels.begin(), crop->border_labels.end(), label.value);
    if (at_border) message.add_structures_at_crop_border(label.name);
  }
}

}  // namespace tuckerseg
