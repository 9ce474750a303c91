#include "server/serve/inference_tensors.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <span>

#include "engine/error.h"

static_assert(std::endian::native == std::endian::little, "raw contents are little-endian, and are copied as they are");

namespace tuckerseg {
namespace {

[[noreturn]] void Refuse(const std::string& message) { throw Error(ErrorCode::kInvalidArgument, message); }

[[noreturn]] void RefuseLimit(const std::string& message) { throw Error(ErrorCode::kResourceExhausted, message); }

InferenceInput* Named(const std::string& name, InferenceInputs& inputs) {
  for (InferenceInput* input : {&inputs.volume, &inputs.spacing, &inputs.direction, &inputs.origin})
    if (input->name == name) return input;
  return nullptr;
}

/// Of the list that `input`'s elements are in, where they are typed.
int64_t TypedElements(const InferenceInput& input) {
  const inference::InferTensorContents& contents = input.tensor->contents();
  const std::string& datatype = input.tensor->datatype();
  if (datatype == "INT16") return contents.int_contents_size();
  if (datatype == "FP32") return contents.fp32_contents_size();
  return contents.fp64_contents_size();
}

void CheckElements(const InferenceInput& input, int64_t count, int64_t width) {
  if (input.raw != nullptr && static_cast<int64_t>(input.raw->size()) != count * width) {
    Refuse(input.name + ": its raw_input_contents have " + std::to_string(input.raw->size()) + " bytes: must have " + std::to_string(count * width) +
           ", as shape and datatype say");
  }
  if (input.raw == nullptr && TypedElements(input) != count) {
    Refuse(input.name + ": its contents have " + std::to_string(TypedElements(input)) + " elements of this datatype: must have " +
           std::to_string(count) + ", as the shape says");
  }
}

}  // namespace

InferenceInputs FindInputs(const inference::ModelInferRequest& request) {
  InferenceInputs inputs;
  inputs.raw = request.raw_input_contents_size() > 0;
  if (inputs.raw && request.raw_input_contents_size() != request.inputs_size()) {
    Refuse("raw_input_contents: " + std::to_string(request.raw_input_contents_size()) + " are there: must be one for each of " +
           std::to_string(request.inputs_size()) + " inputs, or none");
  }
  for (int i = 0; i < request.inputs_size(); ++i) {
    const auto& tensor = request.inputs(i);
    InferenceInput* input = Named(tensor.name(), inputs);
    if (input == nullptr) Refuse("inputs = " + tensor.name() + ": must be volume, spacing, direction or origin");
    if (input->tensor != nullptr) Refuse("inputs = " + tensor.name() + ": is there twice; must be there once");
    if (!tensor.parameters().empty()) Refuse(input->name + ".parameters: must be empty: shared memory is not taken");
    if (inputs.raw && tensor.contents().ByteSizeLong() > 0) Refuse(input->name + ".contents: must be left out where there are raw_input_contents");
    input->tensor = &tensor;
    if (inputs.raw) input->raw = &request.raw_input_contents(i);
  }
  for (const InferenceInput* input : {&inputs.volume, &inputs.spacing, &inputs.direction})
    if (input->tensor == nullptr) Refuse("inputs: " + input->name + " is missing; volume, spacing and direction must be there");
  return inputs;
}

std::vector<double> NumbersOf(const InferenceInput& input, size_t count) {
  const auto& tensor = *input.tensor;
  if (tensor.datatype() != "FP64") Refuse(input.name + ".datatype = " + tensor.datatype() + ": must be FP64");
  if (tensor.shape_size() != 1 || tensor.shape(0) != static_cast<int64_t>(count)) {
    Refuse(input.name + ".shape: must be [" + std::to_string(count) + "]");
  }
  CheckElements(input, static_cast<int64_t>(count), sizeof(double));
  std::vector<double> numbers(count);
  if (input.raw != nullptr) {
    std::memcpy(numbers.data(), input.raw->data(), count * sizeof(double));
  } else {
    numbers.assign(tensor.contents().fp64_contents().begin(), tensor.contents().fp64_contents().end());
  }
  for (size_t i = 0; i < count; ++i)
    if (!std::isfinite(numbers[i])) Refuse(input.name + "[" + std::to_string(i) + "] = " + std::to_string(numbers[i]) + ": must be finite");
  return numbers;
}

VoxelType VoxelTypeOf(const InferenceInput& volume) {
  const std::string& datatype = volume.tensor->datatype();
  if (datatype == "INT16") return VoxelType::kInt16;
  if (datatype == "FP32") return VoxelType::kFloat32;
  Refuse("volume.datatype = " + datatype + ": must be INT16 or FP32");
}

Index3 ShapeOf(const InferenceInput& volume, VoxelType type, const VolumeLimits& limits) {
  const auto& lengths = volume.tensor->shape();
  if (lengths.size() != 3) Refuse("volume.shape: has " + std::to_string(lengths.size()) + " axes: must have three: D, H, W");
  Index3 shape{};
  for (int a = 0; a < 3; ++a) {
    const std::string name = "volume.shape[" + std::to_string(a) + "] = " + std::to_string(lengths.Get(a));
    if (lengths.Get(a) < 1) Refuse(name + ": must be at least 1");
    if (lengths.Get(a) > limits.max_axis) RefuseLimit(name + ": must be at most " + std::to_string(limits.max_axis));
    shape[static_cast<size_t>(2 - a)] = lengths.Get(a);
  }
  // Divisions: a product of three may not fit 64 bits.
  if (shape[0] > limits.max_voxels / shape[1] || shape[0] * shape[1] > limits.max_voxels / shape[2]) {
    RefuseLimit("volume.shape: more voxels than this server takes: must be at most " + std::to_string(limits.max_voxels));
  }
  const int64_t voxels = shape[0] * shape[1] * shape[2];
  const auto width = static_cast<int64_t>(BytesPerVoxel(type));
  if (voxels > limits.max_bytes / width) {
    throw Error(ErrorCode::kResourceExhausted, "volume.shape: " + std::to_string(voxels) + " voxels: must fill at most " + std::to_string(limits.max_bytes) + " bytes")
        .AtLimit(LimitOfVoxels(voxels, type, limits));
  }
  if (volume.raw == nullptr && voxels > kMostTypedVoxels) {
    RefuseLimit("volume.contents: " + std::to_string(voxels) + " voxels: must be raw_input_contents above " + std::to_string(kMostTypedVoxels));
  }
  CheckElements(volume, voxels, width);
  return shape;
}

VoxelBytes VoxelsOf(const InferenceInput& volume, VoxelType type) {
  if (volume.raw != nullptr) {
    const auto raw = std::as_bytes(std::span(*volume.raw));
    return {raw.begin(), raw.end()};
  }
  const inference::InferTensorContents& contents = volume.tensor->contents();
  if (type == VoxelType::kFloat32) {
    const auto floats = std::as_bytes(std::span(contents.fp32_contents().data(), static_cast<size_t>(contents.fp32_contents_size())));
    return {floats.begin(), floats.end()};
  }
  VoxelBytes voxels(static_cast<size_t>(contents.int_contents_size()) * sizeof(int16_t));
  std::byte* place = voxels.data();
  for (const int32_t value : contents.int_contents()) {
    const auto voxel = static_cast<int16_t>(value);
    if (voxel != value) Refuse("volume.contents: must be in [-32768, 32767], as INT16 says");
    std::memcpy(place, &voxel, sizeof(voxel));
    place += sizeof(voxel);
  }
  return voxels;
}

}  // namespace tuckerseg
