/// The weights of a network in training: how they begin, and how they go to and from a weight store.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compression/train/trainable_graph.h"
#include "engine/model/weight_store.h"

namespace tuckerseg {

/// nnU-Net's InitWeights_He: normal with standard deviation sqrt(2 / (1 + 0.01^2) / fan_in), biases 0; norms 1 and 0. For a transposed
/// convolution PyTorch counts its second axis, the output channels, as fan_in. A Tucker convolution: its two factors without, its
/// core with the gain of the leaky ReLU, as only one is followed by one. float32 on the CPU; equal seeds give equal weights.
Parameters InitialParameters(const TrainableGraph& graph, uint64_t seed);

/// The tensors `prefix` + NAME as float32 on the CPU; heads of deep supervision that the store lacks begin as InitialParameters'.
/// Errors: kFailedPrecondition for a tensor that is missing or of another shape.
Parameters LoadParameters(const TrainableGraph& graph, const WeightStore& weights, const std::string& prefix, uint64_t seed);

/// The tensors of `specs` as `prefix` + NAME. `type`: kFloat32 or kFloat16 (nearest, ties to even).
/// Errors: kInvalidArgument for another type; kInternal if a weight is not finite, in that type.
void StoreParameters(const Parameters& parameters, const std::vector<TensorSpec>& specs, const std::string& prefix, TensorType type,
                     WeightStore& weights);

/// A copy on `device` ("cpu", "cuda:0"), without gradients, kernels in the layout that convolutions like.
/// Errors: kResourceExhausted where the device has no memory left.
Parameters CopyTo(const Parameters& parameters, const std::string& device);

/// Adds the tensors to a checkpoint as `prefix` + NAME, float32.
void AddState(const std::string& prefix, const Parameters& parameters, WeightStore& store);
/// Sets every tensor of `parameters` from what AddState wrote. Errors: kDataLoss for one that is missing or of another shape.
void TakeState(const std::string& prefix, const WeightStore& store, Parameters& parameters);

}  // namespace tuckerseg
