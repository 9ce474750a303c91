/// Where a server's networks run: through LibTorch where the program was built with it, else through the plain executor.
#pragma once

#include <string>
#include <vector>

#include "server/schedule/device.h"

namespace tuckerseg {

/// What runs networks in this program, with its version.
std::string ExecutorName();

/// Kinds of devices that are there.
std::vector<std::string> DeviceKinds();

/// How networks run on a device of these settings. Errors: kInvalidArgument for a device that this program cannot use.
DeviceExecution ExecutionOn(const DeviceSettings& settings);

}  // namespace tuckerseg
