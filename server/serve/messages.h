/// Fills the contract's messages from the engine's types.
#pragma once

#include "engine/model/model.h"
#include "engine/volume/volume.h"
#include "tuckerseg/v1/segmentation.pb.h"

namespace tuckerseg {

void Fill(const Label& label, v1::Label& message);
void Fill(const Geometry& geometry, v1::Geometry& message);
void Fill(const Model& model, v1::Provenance& message);

}  // namespace tuckerseg
