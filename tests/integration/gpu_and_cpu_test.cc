/// A GPU and the host's processors behind one server: each runs the level that it can keep a promise with, and a GPU that others fill steps down. Skips where there is no GPU.
#include <c10/core/CachingDeviceAllocator.h>
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "engine/execute/torch/torch_executor.h"
#include "engine/model/card.h"
#include "engine/model/cost.h"
#include "engine/segment/memory_plan.h"
#include "engine/segment/patch_count.h"
#include "engine/segment/segmenter.h"
#include "engine/volume/nifti_reader.h"
#include "server/execution.h"
#include "server/variants/described_bundle.h"
#include "tests/server/serve/held_model.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/variants/tiny_variants.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

constexpr auto kGpu = "cuda:0";
constexpr int64_t kMebibyte = int64_t{1} << 20;

bool HasGpu() {
  const std::vector<std::string> devices = TorchDevices();
  return std::find(devices.begin(), devices.end(), kGpu) != devices.end();
}

CardLatency Latency(const std::string& device, const Size3& patch, double patch_s) {
  CardLatency latency;
  latency.device = device;
  latency.executor = "torch";
  latency.precision = "fp32";
  latency.threads = 1;
  latency.patch = patch;
  latency.min_s = patch_s;
  latency.median_s = patch_s;
  return latency;
}

/// What was measured of a level: on a GPU a patch takes no time, whatever the level.
std::string CardOf(const std::string& level, double quality, const Size3& patch, double cpu_patch_s) {
  Card card = ParseCard(TinyCard(level, quality, quality));
  card.latency = {Latency("cpu Sample", patch, cpu_patch_s), Latency("cuda Sample", patch, 1e-4)};
  return EncodeCard(card);
}

/// On the CPU the original takes two minutes for a volume, by its card, `half` twelve seconds.
class GpuAndCpu : public testing::Test {
 protected:
  void SetUp() override {
    if (!HasGpu()) GTEST_SKIP() << "no GPU: devices are " << testing::PrintToString(TorchDevices());
  }

  void AddLevels(const ModelOnDisk& disk) const {
    const Size3& patch = disk.model().parts.front().patch_size;
    const double patches = static_cast<double>(MostPatches(disk.model(), geometry_, {}));
    std::ofstream(disk.bundle() / "card.json") << CardOf("original", 1, patch, 120 / patches);
    disk.Add("half", {{"half", 0.5, true, 8}}, 11, CardOf("half", 0.95, patch, 12 / patches));
  }

  static ServedOptions WithGpuAndCpu(const ModelOnDisk& disk) {
    ServedOptions options;
    options.models = disk.models();
    options.load_at_start = false;
    options.config.allow_phantom_quality = true;
    options.config.memory_limit_bytes = int64_t{16} << 30;
    options.config.devices = {{.name = "gpu", .device = kGpu, .queue_capacity = 1}, {.name = "cpu", .threads = 2}};
    options.execution = ExecutionOn;
    return options;
  }

  static v1::SegmentHeader Within(int64_t seconds) {
    v1::SegmentHeader header;
    header.mutable_level()->mutable_automatic()->mutable_max_latency()->set_seconds(seconds);
    return header;
  }

  static void ExpectServedBy(const Answer& answer, const std::string& level, const std::string& device) {
    ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
    EXPECT_EQ(answer.accepted.variant(), level);
    EXPECT_EQ(answer.accepted.device(), device);
    EXPECT_EQ(answer.summary.variant(), level) << "what was foretold has run";
  }

  const std::vector<std::byte> ct_ = SmallCt().Bytes();
  const Geometry geometry_ = ReadNifti(ct_).header.geometry;
};

/// Memory of the GPU that LibTorch knows nothing of: as another program's. Through the driver, which LibTorch has loaded.
class ForeignMemory {
 public:
  /// Takes all that is free but this much.
  static std::unique_ptr<ForeignMemory> AllBut(int64_t bytes) {
    c10::DeviceAllocator& allocator = *c10::getDeviceAllocator(c10::DeviceType::CUDA);
    allocator.emptyCache();  // else what LibTorch keeps for its next tensors would be left too
    return std::make_unique<ForeignMemory>(static_cast<int64_t>(allocator.getMemoryInfo(0).first) - bytes);
  }

  explicit ForeignMemory(int64_t bytes) {
    const auto allocate = Function<int (*)(uint64_t*, size_t)>("cuMemAlloc_v2");
    EXPECT_EQ(allocate(&address_, static_cast<size_t>(bytes)), 0) << bytes << " bytes";
  }
  ~ForeignMemory() { Function<int (*)(uint64_t)>("cuMemFree_v2")(address_); }
  ForeignMemory(const ForeignMemory&) = delete;
  ForeignMemory& operator=(const ForeignMemory&) = delete;

 private:
  template <typename Signature>
  static Signature Function(const char* name) {
    static void* const driver = dlopen("libcuda.so.1", RTLD_LAZY);
    return reinterpret_cast<Signature>(dlsym(driver, name));
  }
  uint64_t address_ = 0;
};

/// The share of voxels that have the label that the plain executor finds.
double ShareAsWithThePlainExecutor(Bundle bundle, const std::vector<std::byte>& ct, const Answer& answer) {
  const Segmentation reference = Segmenter(std::move(bundle), PlainExecutorFactory()).Segment(ReadNifti(ct).volume, {});
  const std::vector<uint16_t> labels = DecodedLabels(answer.file);
  const std::vector<uint16_t>& expected = reference.label_map.labels;
  if (labels.size() != expected.size()) return 0;
  int64_t equal = 0;
  for (size_t i = 0; i < labels.size(); ++i) equal += labels[i] == expected[i] ? 1 : 0;
  return static_cast<double>(equal) / static_cast<double>(labels.size());
}

TEST_F(GpuAndCpu, RunEachTheirOwnLevelOfTheSameRequest) {
  const ModelOnDisk disk(TinyBundle(TinyUnet(16, 4), {8, 8, 8}, 5));
  AddLevels(disk);
  PatchGate gate;
  ServedOptions options = WithGpuAndCpu(disk);
  options.execution = [&gate](const DeviceSettings& settings) {
    DeviceExecution execution = ExecutionOn(settings);
    if (!settings.on_host()) execution.factory = gate.Before(execution.factory);
    return execution;
  };
  ServedModel served(std::move(options));
  const std::shared_ptr<PatchGate> opened(&gate, [](PatchGate* closed) { closed->Open(); });  // also where an assertion fails

  SegmentConversation on_gpu(served.channel());
  on_gpu.SendHeader(Within(60));
  on_gpu.SendFile(ct_);
  ASSERT_TRUE(gate.WaitForPatch(1)) << "the GPU's one place is taken";
  const Answer on_cpu = Segment(served.channel(), ct_, Within(60));
  ExpectServedBy(on_cpu, "half", "cpu");
  EXPECT_EQ(on_cpu.accepted.reason(), v1::LEVEL_REASON_QUEUE) << v1::LevelReason_Name(on_cpu.accepted.reason());
  gate.Open();
  const Answer original = on_gpu.Finish();
  ExpectServedBy(original, "original", "gpu");
  EXPECT_EQ(original.accepted.reason(), v1::LEVEL_REASON_QUALITY) << v1::LevelReason_Name(original.accepted.reason());

  EXPECT_GT(ShareAsWithThePlainExecutor(LoadBundle(disk.bundle()), ct_, original), 0.99);
  ASSERT_TRUE(served.BecomesIdle());
  const std::string page = served.metrics().Text();
  for (const auto& [device, level] : std::vector<std::pair<std::string, std::string>>{{"gpu", "original"}, {"cpu", "half"}}) {
    EXPECT_THAT(page, HasSubstr(R"(tuckerseg_requests_total{code="OK",device=")" + device + R"(",method="Segment",task="tiny",variant=")" + level + "\"} 1\n"));
    EXPECT_THAT(page, HasSubstr(R"(tuckerseg_variant_loaded{device=")" + device + R"(",model="tiny",variant=")" + level + "\"} 1\n"));
  }
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_device_memory_bytes{device="gpu",kind="free"})"));
}

TEST_F(GpuAndCpu, StepDownOnTheGpuToWhatFitsAndUpAgain) {
  const ModelOnDisk disk(TinyBundle(TinyUnet(1024, 4), {8, 8, 8}, 5));  // half a gigabyte of weights; `half` has next to none
  AddLevels(disk);
  const int64_t original_bytes = Float32WeightBytes(disk.model()) + PatchBytes(disk.model());
  ASSERT_GT(original_bytes, 400 * kMebibyte);
  ServedOptions options = WithGpuAndCpu(disk);
  options.config.devices.pop_back();  // with the CPU there, a promise would be what forbids the original
  ServedModel served(std::move(options));
  v1::SegmentHeader half;
  half.mutable_level()->set_name("half");
  ExpectServedBy(Segment(served.channel(), ct_, half), "half", "gpu");  // what the driver and cuDNN take for themselves is taken now

  std::unique_ptr<ForeignMemory> others = ForeignMemory::AllBut(original_bytes - 100 * kMebibyte);
  const Answer stepped_down = Segment(served.channel(), ct_);
  ExpectServedBy(stepped_down, "half", "gpu");
  EXPECT_EQ(stepped_down.accepted.reason(), v1::LEVEL_REASON_MEMORY) << v1::LevelReason_Name(stepped_down.accepted.reason());
  others.reset();
  const Answer stepped_up = Segment(served.channel(), ct_);
  ExpectServedBy(stepped_up, "original", "gpu");
  EXPECT_EQ(stepped_up.accepted.reason(), v1::LEVEL_REASON_QUALITY) << v1::LevelReason_Name(stepped_up.accepted.reason());
  EXPECT_TRUE(served.BecomesIdle());
}

TEST_F(GpuAndCpu, LeaveTheRequestToTheProcessorsWhereNothingFits) {
  const ModelOnDisk disk(TinyBundle(TinyUnet(64, 4), {32, 32, 32}, 5));  // a patch takes far more than the weights, which would leave for it
  AddLevels(disk);
  // Beside what is left, LibTorch keeps what it could not give back: parts of the blocks that hold weights.
  constexpr int64_t kLeft = 4 * kMebibyte;
  ASSERT_GT(DeviceBytes(disk.model(), geometry_, {}), kLeft + 40 * kMebibyte);
  ServedModel served(WithGpuAndCpu(disk));
  ExpectServedBy(Segment(served.channel(), ct_, Within(60)), "original", "gpu");
  {
    const std::unique_ptr<ForeignMemory> others = ForeignMemory::AllBut(kLeft);
    const Answer refused = Segment(served.channel(), ct_, Within(5));
    EXPECT_EQ(refused.status.error_code(), grpc::RESOURCE_EXHAUSTED) << refused.status.error_message();
    ExpectServedBy(Segment(served.channel(), ct_, Within(60)), "half", "cpu");
  }
  ExpectServedBy(Segment(served.channel(), ct_, Within(5)), "original", "gpu");
  EXPECT_TRUE(served.BecomesIdle());
}

}  // namespace
}  // namespace tuckerseg
