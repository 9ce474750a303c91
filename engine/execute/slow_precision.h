/// Precisions that a processor has no instructions for.
#pragma once

#include <string>

namespace tuckerseg {

/// LibTorch computes bfloat16 without the instructions for it in scalar code: minutes become hours. `option`: what it was asked for with, for the message; `device` and `precision`: as
/// command lines and configurations name them. Errors: kFailedPrecondition for `bf16` on a `cpu` without AVX-512 BF16.
void RefuseSlowPrecision(const std::string& option, const std::string& device, const std::string& precision);

}  // namespace tuckerseg
