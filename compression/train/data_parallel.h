/// One step on several devices of this process: each takes its share of the batch, their gradients are added.
///
/// Not through c10d: its NCCL part lies in libtorch_cuda, which is loaded at run time where there is a driver and never linked
/// (engine/execute/torch/cuda_library.h). Weights and gradients of such a network are a few megabytes against activations of
/// gigabytes, so that copying them each step from and to the first device costs next to nothing, and adding them in the
/// devices' order keeps a training repeatable to the last bit.
#pragma once

#include <string>
#include <vector>

#include "compression/train/trainer.h"

namespace tuckerseg {

/// The batch on `device`, in the layout that convolutions like.
Batch BatchOn(const Batch& batch, const std::string& device);

/// `gradients` on every one of `devices`, each with its part of the samples and a copy of the weights; loss and gradients are means
/// weighted by samples, so those of the whole batch wherever `gradients` takes means over samples. One device: `gradients` itself.
/// What a device's thread throws is thrown when all have ended.
StepGradients OverDevices(StepGradients gradients, std::vector<std::string> devices);

}  // namespace tuckerseg
