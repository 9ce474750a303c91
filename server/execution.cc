#include "server/execution.h"

#include <optional>

#include "engine/error.h"
#ifdef TUCKERSEG_WITH_TORCH
#include "engine/execute/slow_precision.h"
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

std::string ExecutorName() { return TorchVersion(); }

std::vector<std::string> DeviceKinds() { return TorchDevices(); }

DeviceExecution ExecutionOn(const DeviceSettings& settings) {
  RefuseSlowPrecision("device " + settings.name + ": precision", settings.device, NameOf(settings.precision));
  DeviceExecution execution{.factory = TorchExecutorFactory(settings.device, settings.threads, settings.precision)};
  if (!settings.on_host()) execution.memory = [device = settings.device] { return MemoryOf(device); };
  return execution;
}
#else
std::string ExecutorName() { return "plain"; }

std::vector<std::string> DeviceKinds() { return {kHostDevice}; }

DeviceExecution ExecutionOn(const DeviceSettings& settings) {
  if (!settings.on_host()) throw Error(ErrorCode::kInvalidArgument, "device = " + settings.device + ": must be cpu");
  if (settings.precision != Precision::kFloat32) throw Error(ErrorCode::kInvalidArgument, std::string("precision = ") + NameOf(settings.precision) + ": must be fp32");
  return {.factory = PlainExecutorFactory()};
}
#endif

}  // namespace tuckerseg
