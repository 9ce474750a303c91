/// What the Open Inference Protocol answers, from our models and label maps.
#pragma once

#include <cstdint>
#include <string>

#include "engine/model/model.h"
#include "engine/segment/segmenter.h"
#include "engine/volume/volume.h"
#include "inference/grpc_service.pb.h"
#include "server/variants/catalogue_view.h"

namespace tuckerseg {

/// How a label map's elements are sent.
struct LabelsForm {
  bool wide = false;  ///< UINT16; false: UINT8
  bool raw = true;    ///< in raw_output_contents; false: typed
};

/// UINT16 for tasks with a label above 255, as in label maps' files: neither what was found nor what was asked for changes the type.
LabelsForm FormOfLabels(const Model& model, bool raw);

/// What a response with so many labels takes in memory.
int64_t LabelsBytes(int64_t voxels, const LabelsForm& form);

/// Adds the output `labels`, [D, H, W].
void AddLabels(const LabelMap& map, const LabelsForm& form, inference::ModelInferResponse& response);

/// What must not be taken for what the volume holds, in words; empty where nothing is to be said of a crop or a refinement.
std::string WarningOf(const Segmentation& segmentation, const Model& model);

/// Versions are the names of the levels that can run; properties name the labels: `label.5` is `liver`.
void Describe(const CatalogueModel& model, inference::ModelMetadataResponse& response);

}  // namespace tuckerseg
