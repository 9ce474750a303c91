/// Vectors as wide as the registers of the machine that the program runs on, for kernels of ours.
#pragma once

#include <cstdint>

namespace tuckerseg {

/// Vectors as wide as a register: wider ones go through memory in every step, and were ten times slower.
template <int64_t lanes>
struct Width {
  static constexpr int64_t kLanes = lanes;
  using Lanes [[gnu::vector_size(lanes * sizeof(float))]] = float;
  using LaneNumbers [[gnu::vector_size(lanes * sizeof(int))]] = int;
  /// The same anywhere in memory. Copied with memcpy instead, sums would have an address, and go to memory in every step.
  using LanesInMemory [[gnu::vector_size(lanes * sizeof(float)), gnu::aligned(alignof(float)), gnu::may_alias]] = float;

  /// By reference: a vector that is returned has another ABI where its registers are not switched on.
  [[gnu::always_inline]] static const LanesInMemory& At(const float* values) { return *reinterpret_cast<const LanesInMemory*>(values); }
  [[gnu::always_inline]] static LanesInMemory& At(float* values) { return *reinterpret_cast<LanesInMemory*>(values); }
};

#if defined(__x86_64__)
template <typename Kernel>
[[gnu::target("avx512f")]] void RunOnAvx512(const Kernel& kernel) {
  kernel.template Run<Width<16>>();
}
template <typename Kernel>
[[gnu::target("avx2,fma")]] void RunOnAvx2(const Kernel& kernel) {
  kernel.template Run<Width<8>>();
}
#endif

/// Lanes of the widest registers that this machine has.
inline int64_t MostLanes() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return 16;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return 8;
#endif
  return 4;
}

/// Runs `kernel.Run<Width<lanes>>()`, whose body, and all that it calls, must be always_inline: it is compiled once for each kind of registers, and the widest that this machine has are used.
/// Products and sums are fused where the file that it stands in is compiled so, and the machine can.
template <typename Kernel>
void RunOnWidestRegisters(const Kernel& kernel) {
#if defined(__x86_64__)
  if (MostLanes() == 16) return RunOnAvx512(kernel);
  if (MostLanes() == 8) return RunOnAvx2(kernel);
#endif
  kernel.template Run<Width<4>>();
}

}  // namespace tuckerseg
