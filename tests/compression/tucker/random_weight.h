/// Seeded random weights for tests of decompositions.
#pragma once

#include <cstdint>
#include <random>

#include "compression/tucker/channel_weight.h"

namespace tuckerseg {

inline ChannelWeight RandomWeight(int64_t out, int64_t in, int64_t taps, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  ChannelWeight weight{out, in, taps, Matrix(out, in * taps)};
  for (int64_t o = 0; o < out; ++o)
    for (int64_t c = 0; c < in * taps; ++c) weight.by_out(o, c) = normal(random);
  return weight;
}

}  // namespace tuckerseg
