/// What a ModelInfer of the Open Inference Protocol asks, in the terms of Segment. Pure: neither a server nor a model is looked at.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/volume/nifti_header.h"
#include "engine/volume/volume.h"
#include "inference/grpc_service.pb.h"
#include "server/priority.h"
#include "server/serve/inference_tensors.h"
#include "tuckerseg/v1/segmentation.pb.h"

namespace tuckerseg {

/// Refers to the message, which must outlive it.
struct InferenceRequest {
  v1::SegmentHeader header;         ///< task (the model), level (its version), priority, least quality
  std::optional<double> timeout_s;  ///< of the work, from the message's arrival
  Geometry geometry;                ///< rounded as a NIfTI-1 header holds it, so that both doors see one volume
  VoxelType type = VoxelType::kInt16;
  InferenceInput volume;
  bool raw = false;  ///< contents come raw, and so goes the answer

  int64_t VolumeBytes() const { return geometry.VoxelCount() * static_cast<int64_t>(BytesPerVoxel(type)); }
};

/// Checks all but the voxels' values. Nothing of the volume's size is allocated.
/// spacing: mm along x, y, z; direction: row by row, its columns the directions of x, y and z, in DICOM's (ITK's) coordinates: towards left,
/// back, head; origin: the centre of the first voxel in the same coordinates, 0 without one.
/// `most_priority`: the highest that this server lets its clients ask for, in Segment's terms.
/// Errors: kInvalidArgument that names the field and what would be right; kResourceExhausted beyond `limits`.
InferenceRequest ReadInferenceRequest(const inference::ModelInferRequest& message, const VolumeLimits& limits, int most_priority = kHighestPriority);

/// The volume, with a copy of its voxels. Errors: kInvalidArgument for typed voxels that INT16 does not hold.
Volume VolumeOf(const InferenceRequest& request);

}  // namespace tuckerseg
