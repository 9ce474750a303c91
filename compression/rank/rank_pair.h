/// Ranks of a convolution's Tucker-2 form, and of a whole network's.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace tuckerseg {

/// Channels between the factors and the core: `in` of the mode of input channels, `out` of output channels.
struct RankPair {
  int64_t in = 0;
  int64_t out = 0;
  bool operator==(const RankPair&) const = default;
};

/// By the layer's name; layers that are not named stay whole.
using RankPlan = std::map<std::string, RankPair>;

}  // namespace tuckerseg
