/// The sliding window whose patches are summed on the networks' device, held to the one that sums them on the host. On every device that is here; the CPU stands in for one with memory of its own.
#include "engine/execute/torch/torch_band.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "engine/execute/torch/torch_executor.h"
#include "engine/segment/linear_head.h"
#include "engine/segment/predict.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using testing::ElementsAreArray;
using testing::FloatNear;
using testing::Pointwise;

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

  const std::vector<float> image_ = RandomImage();
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
