/// The sliding window whose patches are summed on the networks' device, held to the one that sums them on the host. On every device that is here; the CPU stands in for one with memory of its own.
#include "engine/execute/torch/torch_band.h"

#include <ATen/detail/CUDAHooksInterface.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "engine/execute/torch/torch_executor.h"
#include "engine/segment/linear_head.h"
#include "engine/segment/predict.h"
#include "tests/engine/execute/torch/relative_difference.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using testing::ElementsAreArray;
using testing::FloatNear;
using testing::Pointwise;

/// In which a GPU computes beside float32: bfloat16 from Ampere on.
std::vector<Precision> HalfPrecisionsOfGpu() {
  std::vector<Precision> precisions{Precision::kFloat16};
  if (at::detail::getCUDAHooks().supportsBFloat16ConvolutionWithCuDNNv8()) precisions.push_back(Precision::kBFloat16);
  return precisions;
}

/// Sums patches wherever it runs.
class SummingExecutor final : public Executor {
 public:
  /// `calls`: takes the patches of each RunInto.
  SummingExecutor(std::unique_ptr<Executor> inner, std::vector<size_t>& calls) : inner_(std::move(inner)), calls_(calls) {}
  std::span<const float> Run(std::span<const float> patch, const Size3& shape) override { return inner_->Run(patch, shape); }
  bool SumsPatches() const override { return true; }
  std::unique_ptr<PatchBand> MakeBand(const PatchBandShape& shape, std::span<const float> image, std::span<const float> importance) override {
    return inner_->MakeBand(shape, image, importance);
  }
  void RunInto(PatchBand& band, std::span<const Size3> origins, std::span<const unsigned> flips, int64_t first_channel, bool first_fold) override {
    calls_.push_back(origins.size());
    inner_->RunInto(band, origins, flips, first_channel, first_fold);
  }

 private:
  std::unique_ptr<Executor> inner_;
  std::vector<size_t>& calls_;
};

/// Patches of 8 x 8 x 4 on an image that is shorter than one along axis 1.
class TorchBandOnDevice : public testing::TestWithParam<std::string> {
 protected:
  static constexpr ArrayShape kImage{21, 6, 11};
  static constexpr int64_t kPlane = kImage[1] * kImage[2];
  static constexpr int64_t kVoxels = kImage[0] * kPlane;

  /// `classes`: more than two, the channels of the network, let the last layer run apart.
  void Make(int64_t classes, const std::vector<std::string>& folds = {"0"}, float scale = 1, Precision precision = Precision::kFloat32) {
    part_.graph = TinyUnet(2, classes);
    part_.folds = folds;
    part_.patch_size = {8, 8, 4};
    WeightStore weights;
    for (size_t i = 0; i < folds.size(); ++i) {
      const WeightStore drawn = RandomWeights(part_.graph, "fold_" + folds[i] + ".", static_cast<unsigned>(7 + i));
      for (const auto& [name, tensor] : drawn.tensors()) {
        std::vector<float> values = ToFloat(tensor);
        for (float& value : values) value *= scale;
        weights.AddFloats(name, TensorType::kFloat32, tensor.shape, values);
      }
    }
    head_.reset();
    if (LinearHead::Pays(part_)) head_ = std::make_unique<LinearHead>(part_, weights);
    const LayerGraph graph = head_ ? LinearHead::TrunkOf(part_.graph) : part_.graph;
    executors_.clear();
    for (const std::string& fold : folds) {
      executors_.push_back(std::make_unique<SummingExecutor>(TorchExecutorFactory(GetParam(), 1, precision)(graph, weights, "fold_" + fold + "."), calls_));
    }
  }

  struct Given {
    std::vector<float> logits = std::vector<float>();  // [row][class][line][voxel]
    std::vector<int> largest = std::vector<int>(kVoxels, -1);
    int patches = 0;
  };
  Given Run(Finishing finishing, bool on_device) {
    Given given;
    const int64_t classes = part_.graph.OutChannels();
    given.logits.assign(static_cast<size_t>(classes * kVoxels), std::numeric_limits<float>::quiet_NaN());
    const PatchGrid grid = MakePatchGrid(kImage, part_.patch_size, 0.5);
    const SegmentOptions options{.threads = 3, .sum_on_device = on_device, .patches_at_once = at_once_};
    std::mutex mutex;
    PredictLogits(image_, grid, {part_, executors_, options, stop_.get_token(), [&](int64_t patches) { if ((given.patches += static_cast<int>(patches)) == stop_after_) stop_.request_stop(); }, nullptr, head_.get()}, finishing, [&](const LogitsBlock& block) {
      const std::lock_guard lock(mutex);
      const int64_t first = block.line_begin * kImage[2];
      const int64_t voxels = (block.line_end - block.line_begin) * kImage[2];
      for (int64_t v = 0; v < voxels; ++v) {
        const int64_t place = block.row * kPlane + first + v;
        if (!block.largest.empty()) {
          given.largest[static_cast<size_t>(place)] = block.largest[static_cast<size_t>(v)];
          continue;
        }
        int64_t best = 0;
        const auto logit = [&](int64_t c) { return block.logits[static_cast<size_t>(c * block.channel_stride + v)]; };
        for (int64_t c = 0; c < classes; ++c) {
          if (logit(c) > logit(best)) best = c;
          given.logits[static_cast<size_t>((block.row * classes + c) * kPlane + first + v)] = logit(c);
        }
        given.largest[static_cast<size_t>(place)] = static_cast<int>(best);
      }
    });
    return given;
  }

  static std::vector<float> RandomImage() {
    std::mt19937 random(3);
    std::normal_distribution<float> normal;
    std::vector<float> image(static_cast<size_t>(kVoxels));
    for (float& voxel : image) voxel = normal(random);
    return image;
  }

  std::vector<float> image_ = RandomImage();
  ModelPart part_;
  std::unique_ptr<LinearHead> head_;
  std::vector<std::unique_ptr<Executor>> executors_;
  std::stop_source stop_;
  int stop_after_ = -1;
  int at_once_ = 1;
  std::vector<size_t> calls_;
};

TEST_P(TorchBandOnDevice, GivesTheSameBitsAsSumsOnTheHost) {
  Make(2);
  for (const Finishing finishing : {Finishing::kWholeRows, Finishing::kLines}) {
    const Given device = Run(finishing, true);
    const Given host = Run(finishing, false);
    EXPECT_THAT(device.logits, ElementsAreArray(host.logits));
    EXPECT_EQ(device.patches, host.patches);
  }
}

TEST_P(TorchBandOnDevice, GivesTheSameBitsOfMirroredPatches) {
  Make(2);
  part_.mirror_axes = {0, 1, 2};
  EXPECT_THAT(Run(Finishing::kWholeRows, true).logits, ElementsAreArray(Run(Finishing::kWholeRows, false).logits));
}

TEST_P(TorchBandOnDevice, AveragesFoldsThatShareTheirChannels) {
  Make(2, {"0", "1", "2"});
  const Given device = Run(Finishing::kLines, true);
  EXPECT_THAT(device.logits, ElementsAreArray(Run(Finishing::kLines, false).logits));
  Make(2, {"0"});
  EXPECT_NE(device.logits, Run(Finishing::kLines, true).logits) << "one fold alone";
}

TEST_P(TorchBandOnDevice, RunsTheLastLayerOfAllFoldsBehindTheSums) {
  Make(7, {"0", "1"});
  ASSERT_TRUE(head_);
  for (const Finishing finishing : {Finishing::kWholeRows, Finishing::kLines}) {
    EXPECT_THAT(Run(finishing, true).logits, Pointwise(FloatNear(1e-4F), Run(finishing, false).logits));
  }
}

TEST_P(TorchBandOnDevice, GivesTheLargestClassWhereThatIsEnough) {
  for (const int64_t classes : {2, 7}) {
    Make(classes);
    ASSERT_EQ(head_ != nullptr, classes == 7);
    const Given device = Run(Finishing::kLargest, true);
    EXPECT_THAT(device.largest, ElementsAreArray(Run(Finishing::kLargest, false).largest));
    EXPECT_GT(std::set<int>(device.largest.begin(), device.largest.end()).size(), 1U) << "they say something";
    EXPECT_TRUE(std::all_of(device.logits.begin(), device.logits.end(), [](float logit) { return logit != logit; })) << "no logits come";
  }
}

/// Along the last axis there are five patches.
TEST_P(TorchBandOnDevice, RunsSeveralPatchesAtOnceAndTheRestBehindThem) {
  for (const Precision precision : {Precision::kFloat32, Precision::kBFloat16}) {
    Make(2, {"0"}, 1, precision);
    at_once_ = 1;
    const Given one_by_one = Run(Finishing::kLines, true);
    calls_.clear();
    at_once_ = 2;
    const Given pairs = Run(Finishing::kLines, true);
    // Another kernel may take several: sums of half precision round in the last of eight bits.
    EXPECT_THAT(pairs.logits, Pointwise(FloatNear(precision == Precision::kFloat32 ? 1e-4F : 0.3F), one_by_one.logits));
    EXPECT_EQ(pairs.patches, one_by_one.patches);
    ASSERT_GE(calls_.size(), 3U);
    EXPECT_THAT(std::vector<size_t>(calls_.begin(), calls_.begin() + 3), testing::ElementsAre(2, 2, 1));
  }
}

/// Three patches that touch. Of their voxels one half is 1, the other 3; in the second patch 16 times that, in the third 256 times: less its mean, over its deviation, each is -1 and 1.
TEST_P(TorchBandOnDevice, NormalisesEachOfSeveralPatchesByItself) {
  LayerGraph graph;
  AddLayer(graph, {.name = "input", .kind = LayerKind::kInput, .in_channels = 1, .out_channels = 1});
  AddLayer(graph, {.name = "doubled", .kind = LayerKind::kConvolution, .inputs = {0}, .in_channels = 1, .out_channels = 2});
  AddLayer(graph, {.name = "norm", .kind = LayerKind::kInstanceNorm, .inputs = {1}, .in_channels = 2, .out_channels = 2});
  WeightStore weights;
  weights.AddFloats("doubled.weight", TensorType::kFloat32, {2, 1, 1, 1, 1}, std::vector<float>{1, 2});
  weights.AddFloats("norm.weight", TensorType::kFloat32, {2}, std::vector<float>{1, 1});
  weights.AddFloats("norm.bias", TensorType::kFloat32, {2}, std::vector<float>{0, 0});
  std::vector<float> image;
  for (int x = 0; x < 8; ++x)
    for (int y = 0; y < 8; ++y)
      for (const float scale : {1.0F, 16.0F, 256.0F}) image.insert(image.end(), 4, y % 2 == 0 ? scale : 3 * scale);
  const std::vector<Size3> origins{{0, 0, 0}, {0, 0, 4}, {0, 0, 8}};
  const std::vector<unsigned> as_they_lie{0};
  std::vector<Precision> precisions = GetParam() == "cpu" ? std::vector{Precision::kBFloat16} : HalfPrecisionsOfGpu();
  precisions.push_back(Precision::kFloat32);
  for (const Precision precision : precisions) {
    SCOPED_TRACE(NameOf(precision));
    const std::unique_ptr<Executor> executor = TorchExecutorFactory(GetParam(), 1, precision)(graph, weights, "");
    const std::unique_ptr<PatchBand> band =
        executor->MakeBand({.image = {8, 8, 12}, .padding = {0, 0, 0}, .padded = {8, 8, 12}, .patch = {8, 8, 4}, .channels = 2}, image, std::vector<float>(8 * 8 * 4, 1.0F));
    executor->RunInto(*band, std::span<const Size3>(origins).first(2), as_they_lie, 0, true);
    executor->RunInto(*band, std::span<const Size3>(origins).last(1), as_they_lie, 0, true);
    band->Wait();
    std::vector<float> means(2 * 8 * 12);  // [channel][line][voxel]
    band->Means(3, std::numeric_limits<float>::max(), means);
    // bfloat16 rounds by up to 2^-8.
    for (size_t i = 0; i < means.size(); ++i) EXPECT_NEAR(means[i], i / 12 % 2 == 0 ? -1 : 1, 0.01) << i;
  }
}

/// Each patch is a few times as bright as the one before it: a norm over several of them would be off by a third and more. Along the last axis there are five: the last call has fewer.
TEST_P(TorchBandOnDevice, GivesInHalfPrecisionOfSeveralPatchesAtOnceWhatItGivesOfOneAndWhatTheHostSums) {
  if (GetParam() == "cpu") GTEST_SKIP() << "needs a GPU: a CPU runs one patch at a time, and has no float16";
  for (size_t v = 0; v < image_.size(); ++v) image_[v] *= std::pow(1.6F, static_cast<float>(v % static_cast<size_t>(kImage[2])));
  for (const Precision precision : HalfPrecisionsOfGpu())
    for (const int64_t classes : {2, 7}) {  // the last layer in the network, and apart
      SCOPED_TRACE(std::string(NameOf(precision)) + ", " + std::to_string(classes) + " classes");
      Make(classes, {"0"}, 1, precision);
      at_once_ = 1;
      const Given host = Run(Finishing::kLines, false);
      // The same kernels on the same patches, and sums in the same order.
      EXPECT_LT(RelativeDifference(Run(Finishing::kLines, true).logits, host.logits), 1e-5);
      // Kernels that take several patches may round otherwise. Either answer is off float32's by as much as torch_executor_test.cc allows for a dozen layers, so both together by twice that.
      const double both = 2 * (precision == Precision::kFloat16 ? 0.004 : 0.03);
      for (const int at_once : {2, 3, 4}) {
        at_once_ = at_once;
        calls_.clear();
        const Given several = Run(Finishing::kLines, true);
        EXPECT_LT(RelativeDifference(several.logits, host.logits), both) << at_once << " at once";
        EXPECT_EQ(several.patches, host.patches);
        const size_t calls = (5 + static_cast<size_t>(at_once) - 1) / static_cast<size_t>(at_once);  // of a line of patches
        ASSERT_GE(calls_.size(), calls);
        EXPECT_EQ(calls_[0], static_cast<size_t>(at_once));
        EXPECT_EQ(calls_[calls - 1], 5 % static_cast<size_t>(at_once));
      }
    }
}

TEST_P(TorchBandOnDevice, RefusesLogitsThatAreNotFinite) {
  for (const int64_t classes : {2, 7})
    for (const Finishing finishing : {Finishing::kWholeRows, Finishing::kLargest}) {
      Make(classes, {"0"}, 1e30F);
      ExpectError(ErrorCode::kInternal, "not finite", [&] { Run(finishing, true); });
    }
}

TEST_P(TorchBandOnDevice, StopsBetweenTwoPatches) {
  Make(2);
  stop_after_ = 3;
  ExpectError(ErrorCode::kCancelled, "cancelled between two patches", [&] { Run(Finishing::kLines, true); });
}

TEST(PatchBandBytes, CountsTheImageAndARowOfPatchesWithAllItsChannels) {
  const PatchBandShape shape{.image = {30, 20, 10}, .padding = {0, 0, 0}, .padded = {30, 20, 10}, .patch = {8, 8, 8}, .channels = 3, .averaged = 1};
  // What lies there from the beginning: the image, the patch's weights, and of eight rows the sums and their weights.
  EXPECT_GT(PatchBandBytes(shape, 0), 4 * (30 * 200 + 512 + 8 * 200 * 4));
  EXPECT_EQ(PatchBandBytes(shape, 5) - PatchBandBytes(shape, 0), 4 * 200 * 5) << "logits of a row";
}

TEST(SumsPatches, IsForDevicesWithMemoryOfTheirOwn) {
  const LayerGraph graph = TinyUnet(2, 2);
  const WeightStore weights = RandomWeights(graph, "", 1);
  for (const std::string& device : TorchDevices()) EXPECT_EQ(TorchExecutorFactory(device, 1)(graph, weights, "")->SumsPatches(), device != "cpu") << device;
}

INSTANTIATE_TEST_SUITE_P(Devices, TorchBandOnDevice, testing::ValuesIn(TorchDevices()), [](const auto& device) {
  std::string name = device.param;
  std::replace(name.begin(), name.end(), ':', '_');
  return name;
});

}  // namespace
}  // namespace tuckerseg
