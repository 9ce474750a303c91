/// The tensors that go into a ModelInfer of the Open Inference Protocol: by name, raw or typed, checked before anything is allocated for them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/volume/nifti_header.h"
#include "engine/volume/volume.h"
#include "inference/grpc_service.pb.h"

namespace tuckerseg {

/// Refers to the message, which must outlive it.
struct InferenceInput {
  std::string name;
  const inference::ModelInferRequest::InferInputTensor* tensor = nullptr;  ///< null: not given
  const std::string* raw = nullptr;                                        ///< its raw contents; null: they are typed
};

struct InferenceInputs {
  InferenceInput volume{.name = "volume"};        ///< INT16 or FP32 [D, H, W]: z, y, x, x fastest
  InferenceInput spacing{.name = "spacing"};      ///< FP64 [3]
  InferenceInput direction{.name = "direction"};  ///< FP64 [9]
  InferenceInput origin{.name = "origin"};        ///< FP64 [3]; may be absent
  bool raw = false;                               ///< all contents are raw; false: all are typed
};

/// More voxels than these are taken raw only: each takes four bytes of memory when typed, and its label five on the wire at worst.
inline constexpr int64_t kMostTypedVoxels = int64_t{1} << 28;

/// Errors, of all below: kInvalidArgument that names the tensor and what would be right.
/// Finds them; refuses others, those given twice or missing, parameters (shared memory), and raw contents that are not one for each.
InferenceInputs FindInputs(const inference::ModelInferRequest& request);

/// The numbers of an FP64 tensor of one axis with `count` entries, all of them finite.
std::vector<double> NumbersOf(const InferenceInput& input, size_t count);

/// kInt16 or kFloat32.
VoxelType VoxelTypeOf(const InferenceInput& volume);

/// Voxels along i, j, k (x, y, z): the tensor's axes in reverse. Its contents have as many elements.
/// Errors: besides, kResourceExhausted beyond `limits`.
Index3 ShapeOf(const InferenceInput& volume, VoxelType type, const VolumeLimits& limits);

/// The elements, i fastest, as a Volume has them. After ShapeOf().
VoxelBytes VoxelsOf(const InferenceInput& volume, VoxelType type);

}  // namespace tuckerseg
