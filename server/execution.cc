#include "server/execution.h"

#include <optional>

#include "engine/error.h"
#ifdef TUCKERSEG_WITH_TORCH
#include "engine/execute/torch/cuda_memory.h"
#include "engine/execute/torch/torch_executor.h"
#else
#include "engine/execute/plain/plain_executor.h"
#endif

namespace tuckerseg {

#ifdef TUCKERSEG_WITH_TORCH
namespace {

DeviceMemory MemoryOf(const std::string& device) {
  const std::optional<CudaMemory> memory = CudaMemoryOf(device);
  if (!memory) return {};
  return {.total = memory->total_bytes, .free = memory->free_bytes, .weights = {}, .reserved = {}};
}

}  // namespace

Execution ChooseExecution(const ServerConfig& config) {
  return {TorchExecutorFactory(config.device, config.threads), TorchVersion(), TorchDevices(), [device = config.device] { return MemoryOf(device); }};
}
#else
Execution ChooseExecution(const ServerConfig& config) {
  if (config.device != "cpu") throw Error(ErrorCode::kInvalidArgument, "device = " + config.device + ": must be cpu");
  return {PlainExecutorFactory(), "plain", {"cpu"}, {}};
}
#endif

}  // namespace tuckerseg
