#include "engine/execute/slow_precision.h"

#include "engine/error.h"

namespace tuckerseg {

void RefuseSlowPrecision(const std::string& option, const std::string& device, const std::string& precision) {
  if (precision != "bf16" || device != "cpu") return;
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx512bf16")) {
    throw Error(ErrorCode::kFailedPrecondition, option + " = bf16: this processor has no AVX-512 BF16, without which it is many times slower: must be fp32");
  }
}

}  // namespace tuckerseg
