/// Which concats of a network need not be made: a plan, from the layer graph alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "engine/model/layer_graph.h"

namespace tuckerseg {

/// By layer of a valid graph: the places of those that read it; of one that reads it twice, twice.
std::vector<std::vector<size_t>> ReadersOf(const LayerGraph& graph);

/// One input of a concat.
struct JoinPart {
  size_t layer = 0;
  int64_t first_channel = 0;  ///< in the concat
  int64_t channels = 0;
  bool is_folded = false;  ///< a transposed convolution whose weights take the matrix behind it in: it answers with the rank's channels
};

/// A concat that a Tucker convolution alone reads. That begins with a matrix, and a matrix times channels that lie side by side is the sum of its slices times each part's: the concat becomes this
/// sum, of the rank's channels, and with a part that is folded neither its channels nor the concat's are ever written.
struct Join {
  size_t reader = 0;
  std::vector<JoinPart> parts;
};

/// By place of the concat in a valid graph. Only of concats whose reader's first factor is a step by itself (CheapestFoldOnCpu).
std::map<size_t, Join> JoinsOf(const LayerGraph& graph);

}  // namespace tuckerseg
