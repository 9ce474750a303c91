/// What the processor has that kernels of ours are written for.
#pragma once

namespace tuckerseg {

inline bool HasAvx512() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f") != 0;
#else
  return false;
#endif
}

}  // namespace tuckerseg
