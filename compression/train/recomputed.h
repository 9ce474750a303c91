/// Gradient checkpointing: a function whose intermediate results are computed twice instead of kept (Chen et al. 2016, arXiv 1604.06174).
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

namespace tuckerseg {

/// Must give the same for the same inputs, and may be called after the call of Recomputed that it was given to.
using TensorFunction = std::function<std::vector<at::Tensor>(const std::vector<at::Tensor>& inputs)>;

/// `function(inputs)`. Of the forward pass the inputs alone are kept; the backward pass runs the function again and through it, so that
/// the gradients are those of `function` itself, to the last bit where its kernels are repeatable. Differentiable once.
std::vector<at::Tensor> Recomputed(const TensorFunction& function, const std::vector<at::Tensor>& inputs);

}  // namespace tuckerseg
