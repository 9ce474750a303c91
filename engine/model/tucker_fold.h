/// Which factors of a Tucker layer are part of its core when it runs.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/model/layer_graph.h"

namespace tuckerseg {

/// A factor that is part of the core is a convolution less.
struct TuckerFold {
  bool in = false;
  bool out = false;
};

/// The one with the fewest multiply-adds, of several the one with the fewest convolutions. A factor is part of the core where its rank is the
/// number of channels (one of the two modes of many layers, when ranks are chosen by layer), and one factor of a 1x1x1 convolution, which is a
/// matrix. `voxels`: how many voxels of the layer's coarser side one product of factors and core serves, whose own multiply-adds then
/// count; none: any number, as of a network that is loaded once.
TuckerFold CheapestFold(const Layer& tucker_layer, std::optional<int64_t> voxels = std::nullopt);

/// The same where a CPU runs the layer. oneDNN makes 16 output channels at once, and takes as long for fewer: they count as if they filled
/// whole vectors. So a rank of 6 before 8 channels is a step for nothing. Of any number of voxels.
TuckerFold CheapestFoldOnCpu(const Layer& tucker_layer);

}  // namespace tuckerseg
