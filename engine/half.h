/// IEEE half precision: weights on disk, and what nnU-Net accumulates in it.
#pragma once

#include <cstdint>

namespace tuckerseg {

/// Nearest half, ties to even, subnormals kept, overflow to infinity: what PyTorch and numpy do.
uint16_t HalfFromFloat(float value);
float FloatFromHalf(uint16_t half);

/// `value` as it comes back from half precision.
inline float RoundToHalf(float value) { return FloatFromHalf(HalfFromFloat(value)); }

}  // namespace tuckerseg
