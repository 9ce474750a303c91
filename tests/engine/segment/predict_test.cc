#include "engine/segment/predict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <mutex>
#include <numeric>
#include <random>

#include "engine/error.h"
#include "engine/segment/logits_export.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

/// Logit 0 is the input, logit 1 the input's first voxel of the patch: enough to see flips and padding.
class EchoExecutor final : public Executor {
 public:
  std::span<const float> Run(std::span<const float> patch, const Size3&) override {
    logits_.assign(patch.begin(), patch.end());
    logits_.insert(logits_.end(), patch.size(), patch.front());
    return logits_;
  }

 private:
  std::vector<float> logits_;
};

class PredictLogitsTest : public testing::Test {
 protected:
  PredictLogitsTest() {
    part_.patch_size = {4, 4, 4};
    part_.graph.layers = {{.name = "input", .kind = LayerKind::kInput, .in_channels = 1, .out_channels = 2}};
    folds_.push_back(std::make_unique<EchoExecutor>());
  }
  std::vector<float> Run(const std::vector<float>& image, const ArrayShape& shape) {
    const PatchGrid grid = MakePatchGrid(shape, part_.patch_size, 0.5);
    std::vector<float> rows;
    PredictLogits(image, grid, {part_, folds_, options_, stop_.get_token(), on_patches_}, Finishing::kWholeRows,
                  [&](const LogitsBlock& block) { rows.insert(rows.end(), block.logits.begin(), block.logits.end()); });
    return rows;
  }
  ModelPart part_;
  std::vector<std::unique_ptr<Executor>> folds_;
  SegmentOptions options_;
  std::stop_source stop_;
  std::function<void(int64_t)> on_patches_;
};

TEST_F(PredictLogitsTest, GivesEachVoxelsLogitsAtItsPlaceWhateverThePatches) {
  std::vector<float> image(7 * 3 * 9);
  std::iota(image.begin(), image.end(), 1.0F);
  const std::vector<float> rows = Run(image, {7, 3, 9});
  ASSERT_EQ(rows.size(), 2 * image.size());
  for (size_t x = 0; x < 7; ++x)
    for (size_t i = 0; i < 27; ++i) EXPECT_NEAR(rows[x * 54 + i], image[x * 27 + i], 1e-3F) << "row " << x;
}

TEST_F(PredictLogitsTest, MirroringAveragesOverAllFlipsAndTurnsThemBack) {
  part_.mirror_axes = {0, 2};
  std::vector<float> image(64, 0.0F);
  image[0] = 4;   // corner (0, 0, 0)
  image[3] = 8;   // corner (0, 0, 3)
  const std::vector<float> rows = Run(image, {4, 4, 4});
  EXPECT_NEAR(rows[0], 4.0F, 1e-5F);
  EXPECT_NEAR(rows[3], 8.0F, 1e-5F);
  // Logit 1: the corner that comes first in each of the four flips: 4, 0 (flip 0), 8 (flip 2), 0 (both).
  EXPECT_NEAR(rows[16], 3.0F, 1e-5F);
}

/// Summed half weights of all patches at each voxel of `grid`.
std::vector<double> SummedWeights(const PatchGrid& grid) {
  const std::vector<float> weights = HalfGaussianWeights(grid.patch);
  std::vector<double> sums(static_cast<size_t>(grid.padded[0] * grid.padded[1] * grid.padded[2]));
  for (const int64_t x : grid.origins[0])
    for (const int64_t y : grid.origins[1])
      for (const int64_t z : grid.origins[2]) {
        size_t at = 0;
        for (int64_t i = 0; i < grid.patch[0]; ++i)
          for (int64_t j = 0; j < grid.patch[1]; ++j)
            for (int64_t k = 0; k < grid.patch[2]; ++k) {
              sums[static_cast<size_t>(((x + i) * grid.padded[1] + y + j) * grid.padded[2] + z + k)] += static_cast<double>(weights[at++]);
            }
      }
  return sums;
}

TEST_F(PredictLogitsTest, ReferenceAccumulationAgreesWithinHalfPrecisionWhereWeightsAreNotSubnormal) {
  std::vector<float> image(8 * 8 * 8);
  std::iota(image.begin(), image.end(), 1.0F);
  const std::vector<float> exact = Run(image, {8, 8, 8});
  options_.accumulation = Accumulation::kReference;
  const std::vector<float> half = Run(image, {8, 8, 8});
  const std::vector<double> weights = SummedWeights(MakePatchGrid({8, 8, 8}, part_.patch_size, 0.5));
  int compared = 0;
  for (size_t i = 0; i < image.size(); ++i) {
    // Below, in the corners, nnU-Net's own sums are multiples of subnormal weights, and the quotients are wrong.
    if (weights[i] < 1e-3) continue;
    ++compared;
    const size_t logit = i / 64 * 128 + i % 64;  // channel 0; each row holds both channels
    // Halves up to 512 are 0.25 apart; eight patches at most are summed, each rounded.
    EXPECT_NEAR(half[logit], exact[logit], 1.0F) << "voxel " << i;
  }
  EXPECT_GT(compared, 200);
}

TEST_F(PredictLogitsTest, StopsBetweenTwoPatches) {
  int patches = 0;
  on_patches_ = [&](int64_t) {
    if (++patches == 2) stop_.request_stop();
  };
  try {
    Run(std::vector<float>(12 * 12 * 12, 1.0F), {12, 12, 12});
    FAIL() << "went on";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCancelled);
  }
  EXPECT_EQ(patches, 2);
}

/// Gives as many features as the part's last layer takes: the input times 1, 2, ...
class FeatureExecutor final : public Executor {
 public:
  explicit FeatureExecutor(int64_t features, float scale) : features_count_(features), scale_(scale) {}
  std::span<const float> Run(std::span<const float> patch, const Size3&) override {
    features_.clear();
    for (int64_t f = 0; f < features_count_; ++f)
      for (const float value : patch) features_.push_back(scale_ * value * static_cast<float>(f + 1));
    return features_;
  }

 private:
  int64_t features_count_;
  float scale_;
  std::vector<float> features_;
};

/// The same with the head run on it.
class LogitsExecutor final : public Executor {
 public:
  LogitsExecutor(const LinearHead& head, size_t fold, float scale) : head_(head), fold_(fold), trunk_(head.features_of_fold(), scale) {}
  std::span<const float> Run(std::span<const float> patch, const Size3& shape) override {
    const std::span<const float> features = trunk_.Run(patch, shape);
    logits_.resize(static_cast<size_t>(head_.classes()) * patch.size());
    head_.RunFold(fold_, features.data(), static_cast<int64_t>(patch.size()), logits_.data());
    return logits_;
  }

 private:
  const LinearHead& head_;
  size_t fold_;
  FeatureExecutor trunk_;
  std::vector<float> logits_;
};

TEST(PredictWithAHead, GivesTheLogitsOfPatchesThatHadItsLayerEach) {
  const Bundle bundle = [] {
    Bundle two_folds = TinyBundle(TinyUnet(2, 7), {4, 4, 4}, 1);
    two_folds.model.parts.front().folds = {"0", "1"};
    const WeightStore second = RandomWeights(two_folds.model.parts.front().graph, "fold_1.", 2);
    for (const auto& [name, tensor] : second.tensors()) two_folds.weights.front().Add(name, tensor.type, tensor.shape, {tensor.bytes.begin(), tensor.bytes.end()});
    return two_folds;
  }();
  const ModelPart& part = bundle.model.parts.front();
  ASSERT_TRUE(LinearHead::Pays(part));
  const LinearHead head(part, bundle.weights.front());
  std::vector<std::unique_ptr<Executor>> trunks;
  std::vector<std::unique_ptr<Executor>> wholes;
  for (size_t fold = 0; fold < 2; ++fold) {
    const float scale = fold == 0 ? 1.0F : -0.5F;
    trunks.push_back(std::make_unique<FeatureExecutor>(head.features_of_fold(), scale));
    wholes.push_back(std::make_unique<LogitsExecutor>(head, fold, scale));
  }
  const ArrayShape shape{7, 9, 21};
  std::vector<float> image(7 * 9 * 21);
  for (size_t v = 0; v < image.size(); ++v) image[v] = std::sin(static_cast<float>(v));
  const PatchGrid grid = MakePatchGrid(shape, part.patch_size, 0.5);
  for (const Accumulation accumulation : {Accumulation::kFloat32, Accumulation::kReference})
    for (const Finishing finishing : {Finishing::kLines, Finishing::kWholeRows}) {
      const auto run = [&](std::span<const std::unique_ptr<Executor>> folds, const LinearHead* with) {
        std::vector<float> logits(7 * image.size());
        std::mutex mutex;
        PredictLogits(image, grid, {part, folds, {accumulation, 3}, {}, {}, nullptr, with}, finishing, [&](const LogitsBlock& block) {
          const std::lock_guard lock(mutex);
          const auto voxels = static_cast<size_t>((block.line_end - block.line_begin) * shape[2]);
          for (size_t c = 0; c < 7; ++c) {
            const auto first = block.logits.begin() + static_cast<std::ptrdiff_t>(c) * block.channel_stride;
            std::copy_n(first, voxels, logits.begin() + static_cast<std::ptrdiff_t>(c * image.size()) + (block.row * shape[1] + block.line_begin) * shape[2]);
          }
        });
        return logits;
      };
      const std::vector<float> expected = run(wholes, nullptr);
      const std::vector<float> actual = run(trunks, &head);
      for (size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(actual[i], expected[i], 1e-4F) << i;
    }
}

/// A head of `classes` with random weights, and features [3][stride].
struct HeadSample {
  HeadSample(int64_t classes, int64_t length) : stride(length), features(static_cast<size_t>(3 * length)) {
    bundle = TinyBundle(TinyUnet(3, classes), {4, 4, 4}, 5);
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    for (float& feature : features) feature = normal(random);
  }
  LinearHead Head() const { return LinearHead(bundle.model.parts.front(), bundle.weights.front()); }

  /// Summed one after another, without vectors.
  float Logit(int64_t c, int64_t v) const {
    const std::vector<float> weights = ToFloat(bundle.weights.front().At("fold_0.head.weight"));
    float sum = ToFloat(bundle.weights.front().At("fold_0.head.bias"))[static_cast<size_t>(c)];
    for (int64_t f = 0; f < 3; ++f) sum += weights[static_cast<size_t>(c * 3 + f)] * features[static_cast<size_t>(f * stride + v)];
    return sum;
  }

  Bundle bundle;
  int64_t stride;
  std::vector<float> features;
};

TEST(LinearHead, GivesTheSameBitsWhereverAVoxelLies) {
  for (const int64_t classes : {4, 6, 7, 13})
    for (const int64_t voxels : {1, 15, 16, 17, 40, 1030}) {
      const HeadSample sample(classes, voxels + 5);
      std::vector<float> logits(static_cast<size_t>(classes * (voxels + 2)), -1.0F);
      sample.Head().Run(sample.features.data(), sample.stride, voxels, logits.data(), voxels + 2);
      for (int64_t c = 0; c < classes; ++c) {
        for (int64_t v = 0; v < voxels; ++v) ASSERT_EQ(logits[static_cast<size_t>(c * (voxels + 2) + v)], sample.Logit(c, v)) << c << ", " << v;
        EXPECT_EQ(logits[static_cast<size_t>(c * (voxels + 2) + voxels)], -1.0F) << "written behind the last voxel";
      }
    }
}

TEST(LinearHead, GivesTheLargestLogitsClass) {
  for (const int64_t voxels : {1, 17, 1030}) {
    const HeadSample sample(13, voxels);
    std::vector<uint16_t> largest(static_cast<size_t>(voxels) + 1, 99);
    sample.Head().Largest(sample.features.data(), sample.stride, voxels, largest.data());
    for (int64_t v = 0; v < voxels; ++v) {
      int64_t expected = 0;
      for (int64_t c = 1; c < 13; ++c)
        if (sample.Logit(c, v) > sample.Logit(expected, v)) expected = c;
      ASSERT_EQ(largest[static_cast<size_t>(v)], expected) << v;
    }
    EXPECT_EQ(largest.back(), 99) << "written behind the last voxel";
  }
}

/// Weights and biases of 13 classes and 3 features, all 0 but one bias.
WeightStore ZerosButBias(size_t place, float value) {
  WeightStore weights;
  std::vector<float> bias(13, 0.0F);
  bias[place] = value;
  const auto bytes = std::as_bytes(std::span(bias));
  weights.Add("fold_0.head.weight", TensorType::kFloat32, {13, 3, 1, 1, 1}, std::vector<std::byte>(13 * 3 * sizeof(float)));
  weights.Add("fold_0.head.bias", TensorType::kFloat32, {13}, {bytes.begin(), bytes.end()});
  return weights;
}

TEST(LinearHead, TheLowestClassWinsATie) {
  HeadSample sample(13, 2);
  sample.bundle.weights.front() = ZerosButBias(12, 0);
  std::vector<uint16_t> largest(2, 99);
  sample.Head().Largest(sample.features.data(), sample.stride, 2, largest.data());
  EXPECT_EQ(largest, (std::vector<uint16_t>{0, 0}));
  sample.bundle.weights.front() = ZerosButBias(12, 1);
  sample.Head().Largest(sample.features.data(), sample.stride, 2, largest.data());
  EXPECT_EQ(largest, (std::vector<uint16_t>{12, 12}));
}

TEST(LinearHead, FeaturesUpToTheLargestGiveFiniteLogits) {
  HeadSample sample(13, 16);
  const LinearHead head = sample.Head();
  for (size_t i = 0; i < sample.features.size(); ++i) sample.features[i] = i % 2 == 0 ? head.LargestFeature() : -head.LargestFeature();
  std::vector<float> logits(13 * 16);
  head.Run(sample.features.data(), sample.stride, 16, logits.data(), 16);
  EXPECT_TRUE(std::all_of(logits.begin(), logits.end(), [](float logit) { return std::isfinite(logit); }));
  EXPECT_GT(head.LargestFeature(), 1e30F) << "so large that no trained network comes near";
}

TEST(LinearHead, RefusesWeightsThatAreNotFinite) {
  HeadSample sample(13, 2);
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    sample.bundle.weights.front() = ZerosButBias(7, value);
    ExpectError(ErrorCode::kDataLoss, "the last layer's class 7 holds a number that is not finite", [&] { sample.Head().LargestFeature(); });
  }
}

TEST(PredictWithAHead, RefusesFeaturesThatMakeLogitsOverflow) {
  const Bundle bundle = TinyBundle(TinyUnet(2, 7), {4, 4, 4}, 1);
  const ModelPart& part = bundle.model.parts.front();
  const LinearHead head(part, bundle.weights.front());
  std::vector<std::unique_ptr<Executor>> trunk;
  trunk.push_back(std::make_unique<FeatureExecutor>(head.features_of_fold(), 1e37F));
  const std::vector<float> image(4 * 4 * 4, 15.0F);
  for (const Finishing finishing : {Finishing::kLargest, Finishing::kLines, Finishing::kWholeRows}) {
    ExpectError(ErrorCode::kInternal, "not finite", [&] {
      PredictLogits(image, MakePatchGrid({4, 4, 4}, part.patch_size, 0.5), {part, trunk, {}, {}, {}, nullptr, &head}, finishing, [](const LogitsBlock&) {});
    });
  }
}

TEST(PredictWithAHead, GivesTheLargestLogitInsteadOfAllWhereThatIsEnough) {
  const Bundle bundle = TinyBundle(TinyUnet(2, 7), {4, 4, 4}, 1);
  const ModelPart& part = bundle.model.parts.front();
  const LinearHead head(part, bundle.weights.front());
  std::vector<std::unique_ptr<Executor>> trunk;
  trunk.push_back(std::make_unique<FeatureExecutor>(head.features_of_fold(), 1.0F));
  const ArrayShape shape{7, 9, 21};
  std::vector<float> image(7 * 9 * 21);
  for (size_t v = 0; v < image.size(); ++v) image[v] = std::sin(static_cast<float>(v));
  const PatchGrid grid = MakePatchGrid(shape, part.patch_size, 0.5);
  const auto labels = [&](bool all_logits) {
    const auto logits = MakeLogitsExport(part, {shape, part.spacing_mm, shape, part.spacing_mm}, {.threads = 3});
    EXPECT_EQ(logits->finishing(), Finishing::kLargest);
    std::atomic<int64_t> shortcuts = 0;  // counted by all threads
    PredictLogits(image, grid, {part, trunk, {.threads = 3}, {}, {}, nullptr, &head}, all_logits ? Finishing::kLines : Finishing::kLargest,
                  [&](const LogitsBlock& block) {
                    if (!block.largest.empty()) ++shortcuts;
                    logits->Take(block);
                  });
    EXPECT_EQ(shortcuts > 0, !all_logits);
    return logits->Labels();
  };
  EXPECT_EQ(labels(false), labels(true));
}

TEST(LinearHead, PaysWhereAFoldHasFewerFeaturesThanClasses) {
  ModelPart part = TinyBundle(TinyUnet(2, 7), {4, 4, 4}, 1).model.parts.front();
  EXPECT_TRUE(LinearHead::Pays(part));
  part.folds = {"0", "1", "2", "3"};
  EXPECT_FALSE(LinearHead::Pays(part)) << "8 features in all, 7 classes";
  part.folds = {"0"};
  part.graph.layers.back().kernel = {3, 3, 3};
  EXPECT_FALSE(LinearHead::Pays(part));
}

}  // namespace
}  // namespace tuckerseg
