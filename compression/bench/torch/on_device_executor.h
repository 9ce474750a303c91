/// An executor that leaves its patch and its logits on the device: times a network without the way there and back.
#pragma once

#include <string>

#include "engine/execute/executor.h"
#include "engine/execute/precision.h"

namespace tuckerseg {

/// Executors that run as those of TorchExecutorFactory do, to be timed and not to be read: `Run` waits for the device and gives no logits back.
/// The first patch is copied to the device and kept there; a patch of the same shape is not looked at again. Errors: as TorchExecutorFactory; of `Run` as Executor::Run.
ExecutorFactory OnDeviceExecutorFactory(const std::string& device, int threads, Precision precision);

}  // namespace tuckerseg
