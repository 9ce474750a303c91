/// Builds the layer graph of nnU-Net's U-Nets, with the names that their state_dict gives the tensors.
#pragma once

#include <map>
#include <string>

#include "engine/model/checkpoint.h"
#include "engine/model/layer_graph.h"
#include "engine/model/plans.h"

namespace tuckerseg {

/// PlainConvUNet or ResidualEncoderUNet of dynamic_network_architectures, without deep supervision. A layer's name is its
/// tensors' prefix in the state_dict ("encoder.stages.0.0.convs.0.conv"). Errors: kInvalidArgument where the plan fits no
/// network (even kernels, strides of the first stage that a decoder cannot undo).
LayerGraph BuildUnet(const UnetPlan& plan);

/// The checkpoint's tensors for a graph of BuildUnet, by the graph's names. Strict as nnU-Net: errors: kInvalidArgument for a
/// tensor that is missing, of another shape or left over (deep-supervision heads may be left).
std::map<std::string, CheckpointTensor> TensorsFor(const LayerGraph& graph, Checkpoint checkpoint);

}  // namespace tuckerseg
