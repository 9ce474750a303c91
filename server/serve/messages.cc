#include "server/serve/messages.h"

#include <algorithm>
#include <cmath>

namespace tuckerseg {
namespace {

v1::Stage ToMessage(Stage stage) {
  switch (stage) {
    case Stage::kPreprocess: return v1::STAGE_PREPROCESS;
    case Stage::kInfer: return v1::STAGE_INFER;
    case Stage::kPostprocess: return v1::STAGE_POSTPROCESS;
  }
  return v1::STAGE_UNSPECIFIED;
}

}  // namespace

void Fill(const Label& label, v1::Label& message) {
  message.set_value(static_cast<uint32_t>(label.value));
  message.set_name(label.name);
  if (label.rgb) {
    for (const uint8_t component : *label.rgb) message.add_rgb(component);
  }
  message.set_snomed_code(label.snomed_code);
  message.set_snomed_modifier(label.snomed_modifier);
}

void Fill(const Geometry& geometry, v1::Geometry& message) {
  for (const int64_t length : geometry.shape) message.add_shape(static_cast<uint64_t>(length));
  for (const double spacing : geometry.header_spacing_mm) message.add_spacing_mm(spacing);
  for (size_t r = 0; r < 3; ++r) {
    for (const double entry : geometry.affine_ras.linear[r]) message.add_affine_ras(entry);
    message.add_affine_ras(geometry.affine_ras.translation[r]);
  }
}

void Fill(const VolumeBox& box, v1::VolumeBox& message) {
  for (const int64_t voxel : box.begin) message.add_begin(static_cast<uint64_t>(voxel));
  for (const int64_t voxel : box.end) message.add_end(static_cast<uint64_t>(voxel));
}

void Fill(const Model& model, v1::Provenance& message) {
  message.set_model(model.name);
  message.set_task(model.task);
  message.set_source(model.provenance.source);
  message.set_licence(model.provenance.licence);
  message.set_weights_sha256(model.provenance.weights_sha256);
}

void Fill(const Progress& progress, bool started, v1::Progress& message) {
  message.set_stage(started ? ToMessage(progress.stage) : v1::STAGE_QUEUE);
  message.set_patches_done(static_cast<uint64_t>(progress.patches_done));
  message.set_patches_total(static_cast<uint64_t>(progress.patches_total));
  if (progress.patches_total > 0) {
    message.set_fraction(static_cast<double>(progress.patches_done) / static_cast<double>(progress.patches_total));
  }
}

void Fill(double seconds, google::protobuf::Duration& message) {
  constexpr double kLongest = 315'576'000'000;  // of the format: ten thousand years
  const double bounded = std::min(seconds, kLongest);
  message.set_seconds(static_cast<int64_t>(bounded));
  message.set_nanos(static_cast<int32_t>(1e9 * (bounded - std::floor(bounded))));
}

std::vector<std::string> NamesAtBorder(const CropResult& crop, std::span<const Label> labels) {
  std::vector<std::string> names;
  for (const Label& label : labels)
    if (std::binary_search(crop.border_labels.begin(), crop.border_labels.end(), label.value)) names.push_back(label.name);
  return names;
}

}  // namespace tuckerseg
