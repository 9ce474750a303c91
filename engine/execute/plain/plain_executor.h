/// The executor that needs no library: plain loops on one thread, for tests, sanitizers and machines without LibTorch.
#pragma once

#include "engine/execute/executor.h"

namespace tuckerseg {

/// Executors of this factory sum in float32 in a fixed order; instance norms take mean and variance in double.
/// Slow by design (no blocking, no threads): meant for small networks.
ExecutorFactory PlainExecutorFactory();

}  // namespace tuckerseg
