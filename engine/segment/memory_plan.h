/// What segmenting a volume will hold at its peak, from geometry and graph alone: for admission before anything is allocated.
#pragma once

#include <cstdint>

#include "engine/model/model.h"
#include "engine/segment/segmenter.h"
#include "engine/volume/volume.h"

namespace tuckerseg {

/// Whose memory holds a segmentation's networks, and their sums where they stay there.
enum class NetworkMemory {
  kHost,
  kDevice,  ///< of a device that has memory of its own, whose executors sum patches (Executor::SumsPatches)
};

/// Bytes of the host at the peak, the volume itself and the executors' weights excluded. Assumes the float32 executor of LibTorch; a crop to
/// nonzero or to structures makes it less. With NetworkMemory::kDevice, where that sums (options.sum_on_device, in float32), neither sums nor features are the host's;
/// where the host sums all the same, as with kHost.
int64_t PredictPeakBytes(const Model& model, const Geometry& geometry, const SegmentOptions& options, NetworkMemory networks = NetworkMemory::kHost);

/// Bytes that running a patch through the model's networks takes on a device, weights excluded: features, scratch and logits of the part that needs most.
int64_t PatchBytes(const Model& model);

/// Bytes that segmenting a volume takes on a device with memory of its own, weights excluded: the part that needs most, and with options.sum_on_device its sums too.
int64_t DeviceBytes(const Model& model, const Geometry& geometry, const SegmentOptions& options);

/// Bytes of features and scratch while the graph runs on one patch on the host, its logits included. Of a Tucker layer all features are counted together: peaks that were measured on
/// CPUs (docs/results/compression.md) are above those of its steps one by one.
int64_t ActivationBytes(const LayerGraph& graph, const Size3& patch);

/// The same on a device with memory of its own. There a step of a Tucker layer is counted with what it reads and makes alone, as the executor frees the rest.
int64_t DeviceActivationBytes(const LayerGraph& graph, const Size3& patch);

}  // namespace tuckerseg
