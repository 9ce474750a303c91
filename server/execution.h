/// Where a server's networks run: through LibTorch where the program was built with it, else through the plain executor.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/execute/executor.h"
#include "server/config.h"
#include "server/observe/server_status.h"

namespace tuckerseg {

struct Execution {
  ExecutorFactory factory;
  std::string name;                              ///< with its version
  std::vector<std::string> devices;              ///< kinds that are there
  std::function<DeviceMemory()> device_memory;   ///< of the configured device; empty: nobody can tell
};

/// Errors: kInvalidArgument for a device that this program cannot use.
Execution ChooseExecution(const ServerConfig& config);

}  // namespace tuckerseg
