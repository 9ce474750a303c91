/// What the memory plan foretells of a GPU, held to what LibTorch takes there. Skips where there is no GPU.
#include <c10/core/CachingDeviceAllocator.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/execute/torch/torch_executor.h"
#include "engine/segment/memory_plan.h"
#include "engine/segment/segmenter.h"
#include "tests/engine/segment/random_volume.h"
#include "tests/engine/tiny_network.h"

namespace tuckerseg {
namespace {

constexpr auto kGpu = "cuda:0";

/// The most that LibTorch's allocator has handed out on the GPU beyond what it had when this was made: tensors, and what cuDNN takes through it.
class PeakOnGpu {
 public:
  PeakOnGpu() {
    Allocator().emptyCache();
    Allocator().resetPeakStats(kIndex);
    before_ = Allocated().current;
  }
  int64_t Bytes() const { return Allocated().peak - before_; }

 private:
  static constexpr c10::DeviceIndex kIndex = 0;
  static c10::DeviceAllocator& Allocator() { return *c10::getDeviceAllocator(c10::DeviceType::CUDA); }
  static c10::CachingAllocator::Stat Allocated() {
    return Allocator().getDeviceStats(kIndex).allocated_bytes[static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE)];
  }

  int64_t before_ = 0;
};

/// Precision, classes, patches at once, whether patches are mirrored.
using PlannedCase = std::tuple<Precision, int64_t, int, bool>;

class DeviceBytesOnGpu : public testing::TestWithParam<PlannedCase> {
 protected:
  void SetUp() override {
    const std::vector<std::string> devices = TorchDevices();
    if (std::find(devices.begin(), devices.end(), kGpu) == devices.end()) GTEST_SKIP() << "no GPU: devices are " << testing::PrintToString(devices);
  }
};

/// Features of a patch are 1 MiB a channel in float32, and of 32 channels at full resolution: what the allocator rounds each up by is little beside them.
TEST_P(DeviceBytesOnGpu, BoundWhatASegmentationTakes) {
  const auto& [precision, classes, patches_at_once, mirrored] = GetParam();
  Bundle bundle = TinyBundle(TinyUnet(32, classes), {64, 64, 64}, 7);
  if (mirrored) bundle.model.parts.front().mirror_axes = {0};
  const Volume volume = RandomVolume({100, 90, 80}, 3);  // three patches in a line along the network's last axis
  const SegmentOptions options{.threads = 4, .patches_at_once = patches_at_once};
  const int64_t foretold = DeviceBytes(bundle.model, volume.geometry, options);

  Segmenter segmenter(std::move(bundle), TorchExecutorFactory(kGpu, 4, precision));
  segmenter.Segment(volume, options);  // what the libraries set up at their first work, and keep, is no request's
  const PeakOnGpu peak;
  segmenter.Segment(volume, options);
  EXPECT_GE(foretold, peak.Bytes());
  // The plan counts what a convolution reads and writes a second time, for copies that cuDNN may make, and each number as a float: none that is there is counted more
  // often than twice, in half precision than four times.
  EXPECT_LE(foretold, (precision == Precision::kFloat32 ? 2 : 4) * peak.Bytes());
}

std::string NameOfCase(const testing::TestParamInfo<PlannedCase>& info) {
  const auto& [precision, classes, patches_at_once, mirrored] = info.param;
  return std::string(NameOf(precision)) + "_" + std::to_string(classes) + "_classes_" + std::to_string(patches_at_once) + "_at_once" + (mirrored ? "_mirrored" : "");
}

// With 3 classes logits are summed, with 40 the 32 features before the last layer.
INSTANTIATE_TEST_SUITE_P(Networks, DeviceBytesOnGpu,
                         testing::Combine(testing::Values(Precision::kFloat32, Precision::kFloat16), testing::Values(int64_t{3}, int64_t{40}), testing::Values(1, 3), testing::Bool()),
                         NameOfCase);

}  // namespace
}  // namespace tuckerseg
