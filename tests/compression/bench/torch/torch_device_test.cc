#include "compression/bench/torch/torch_device.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "engine/execute/torch/torch_executor.h"

namespace tuckerseg {
namespace {

/// Every device that is here.
class TorchDevice : public testing::TestWithParam<std::string> {
 protected:
  TorchDevice() { TorchExecutorFactory(GetParam(), 1); }
};

TEST_P(TorchDevice, IsNamedByItsKindAndModel) {
  EXPECT_THAT(DeviceWithModel(GetParam()), testing::StartsWith(GetParam().substr(0, GetParam().find(':'))));
}

TEST_P(TorchDevice, Multiplies) { EXPECT_GT(MeasureMatrixProduct(GetParam(), Precision::kFloat32), 0); }

TEST_P(TorchDevice, TellsItsMemory) {
  const auto memory = PeakMemoryOf(GetParam());
  memory->Begin();
  at::Tensor held = at::ones({16, 1024, 1024}, at::TensorOptions(at::kFloat).device(GetParam()));  // 64 MiB, written
  const auto bytes = memory->Bytes();
  if (!bytes) GTEST_SKIP() << "/proc/self/clear_refs may not be written here";
  EXPECT_GE(*bytes, 60 << 20);
  EXPECT_LE(*bytes, 256 << 20);
}

INSTANTIATE_TEST_SUITE_P(Devices, TorchDevice, testing::ValuesIn(TorchDevices()), [](const auto& device) {
  std::string name = device.param;
  std::replace(name.begin(), name.end(), ':', '_');
  return name;
});

}  // namespace
}  // namespace tuckerseg
