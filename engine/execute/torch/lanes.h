/// Eight floats at a time: what the compiler makes of them is what the machine has.
#pragma once

#include <cstdint>

namespace tuckerseg {

constexpr int64_t kLanes = 8;
using Lanes [[gnu::vector_size(kLanes * sizeof(float))]] = float;
/// The same anywhere in memory.
using LanesInMemory [[gnu::vector_size(kLanes * sizeof(float)), gnu::aligned(alignof(float)), gnu::may_alias]] = float;

/// By reference: a vector that is returned has another ABI without AVX.
[[gnu::always_inline]] inline const LanesInMemory& LanesAt(const float* values) { return *reinterpret_cast<const LanesInMemory*>(values); }
[[gnu::always_inline]] inline LanesInMemory& LanesAt(float* values) { return *reinterpret_cast<LanesInMemory*>(values); }

/// rows[i][j] becomes rows[j][i].
[[gnu::always_inline]] inline void Turn(Lanes (&rows)[kLanes]) {
  Lanes pairs[kLanes];
  for (int i = 0; i < kLanes; i += 2) {
    pairs[i] = __builtin_shufflevector(rows[i], rows[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    pairs[i + 1] = __builtin_shufflevector(rows[i], rows[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  Lanes fours[kLanes];
  for (int half = 0; half < kLanes; half += 4) {
    for (int i = 0; i < 2; ++i) {
      fours[half + 2 * i] = __builtin_shufflevector(pairs[half + i], pairs[half + 2 + i], 0, 1, 8, 9, 4, 5, 12, 13);
      fours[half + 2 * i + 1] = __builtin_shufflevector(pairs[half + i], pairs[half + 2 + i], 2, 3, 10, 11, 6, 7, 14, 15);
    }
  }
  for (int i = 0; i < 4; ++i) {
    rows[i] = __builtin_shufflevector(fours[i], fours[4 + i], 0, 1, 2, 3, 8, 9, 10, 11);
    rows[4 + i] = __builtin_shufflevector(fours[i], fours[4 + i], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

}  // namespace tuckerseg
