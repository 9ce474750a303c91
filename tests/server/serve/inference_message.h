/// Makes requests of the Open Inference Protocol, right ones until a test changes them.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "inference/grpc_service.pb.h"

namespace tuckerseg {

using InferRequest = inference::ModelInferRequest;

template <typename T>
std::string RawOf(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

inline InferRequest::InferInputTensor& AddInput(InferRequest& request, const std::string& name, const std::string& datatype,
                                                const std::vector<int64_t>& shape) {
  auto& tensor = *request.add_inputs();
  tensor.set_name(name);
  tensor.set_datatype(datatype);
  for (const int64_t length : shape) tensor.add_shape(length);
  return tensor;
}

/// A grid as ITK has it: spacing along x, y, z, direction row by row, origin; towards left, back and head.
struct ItkGrid {
  std::vector<double> spacing{1, 1, 1};
  std::vector<double> direction{1, 0, 0, 0, 1, 0, 0, 0, 1};
  std::vector<double> origin{0, 0, 0};
};

/// Raw contents: voxels of INT16 or FP32, x fastest.
template <typename Voxel>
InferRequest RawRequest(const std::vector<int64_t>& dhw, const std::vector<Voxel>& voxels, const ItkGrid& grid = {}) {
  InferRequest request;
  AddInput(request, "volume", std::is_floating_point_v<Voxel> ? "FP32" : "INT16", dhw);
  request.add_raw_input_contents(RawOf(voxels));
  AddInput(request, "spacing", "FP64", {3});
  request.add_raw_input_contents(RawOf(grid.spacing));
  AddInput(request, "direction", "FP64", {9});
  request.add_raw_input_contents(RawOf(grid.direction));
  AddInput(request, "origin", "FP64", {3});
  request.add_raw_input_contents(RawOf(grid.origin));
  return request;
}

/// The same with typed contents, and without an origin.
template <typename Voxel>
InferRequest TypedRequest(const std::vector<int64_t>& dhw, const std::vector<Voxel>& voxels, const ItkGrid& grid = {}) {
  InferRequest request;
  auto& volume = *AddInput(request, "volume", std::is_floating_point_v<Voxel> ? "FP32" : "INT16", dhw).mutable_contents();
  for (const Voxel voxel : voxels) {
    if constexpr (std::is_floating_point_v<Voxel>) {
      volume.add_fp32_contents(voxel);
    } else {
      volume.add_int_contents(voxel);
    }
  }
  auto& spacing = *AddInput(request, "spacing", "FP64", {3}).mutable_contents();
  for (const double number : grid.spacing) spacing.add_fp64_contents(number);
  auto& direction = *AddInput(request, "direction", "FP64", {9}).mutable_contents();
  for (const double number : grid.direction) direction.add_fp64_contents(number);
  return request;
}

}  // namespace tuckerseg
