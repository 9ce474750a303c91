#include "compression/bench/torch/torch_device.h"

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
  if (const auto bytes = memory->Bytes()) {
    EXPECT_GE(*bytes, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, TorchDevice, testing::ValuesIn(TorchDevices()), [](const auto& device) {
  std::string name = device.param;
  std::replace(name.begin(), name.end(), ':', '_');
  return name;
});

}  // namespace
}  // namespace tuckerseg
