/// Fills the contract's messages from the engine's types.
#pragma once

#include <google/protobuf/duration.pb.h>

#include "engine/model/model.h"
#include "engine/segment/segmenter.h"
#include "engine/volume/volume.h"
#include "tuckerseg/v1/segmentation.pb.h"

namespace tuckerseg {

void Fill(const Label& label, v1::Label& message);
void Fill(const Geometry& geometry, v1::Geometry& message);
void Fill(const Model& model, v1::Provenance& message);
/// `started`: whether a worker has taken the request; until then it waits.
void Fill(const Progress& progress, bool started, v1::Progress& message);

/// Rounded to nanoseconds; `seconds` >= 0.
void Fill(double seconds, google::protobuf::Duration& message);

}  // namespace tuckerseg
