#include "engine/segment/linear_head.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::Pointwise;

void AddFloats(WeightStore& weights, const std::string& name, std::vector<int64_t> shape, const std::vector<float>& values) {
  std::vector<std::byte> bytes(values.size() * sizeof(float));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  weights.Add(name, TensorType::kFloat32, std::move(shape), std::move(bytes));
}

/// A relu of `features` channels and a head to `classes`, in Tucker form where ranks are given.
ModelPart HeadPart(int64_t features, int64_t classes, int64_t rank_in, int64_t rank_out, std::vector<std::string> folds) {
  LayerGraph graph;
  AddLayer(graph, {.name = "input", .kind = LayerKind::kInput, .in_channels = features, .out_channels = features});
  AddLayer(graph, {.name = "relu", .kind = LayerKind::kLeakyRelu, .inputs = {0}, .in_channels = features, .out_channels = features});
  AddLayer(graph, {.name = "head", .kind = rank_in > 0 ? LayerKind::kTuckerConvolution : LayerKind::kConvolution, .inputs = {1}, .in_channels = features,
                   .out_channels = classes, .bias = true, .rank_in = rank_in, .rank_out = rank_out});
  ModelPart part;
  part.graph = graph;
  part.folds = std::move(folds);
  return part;
}

/// Logits of `voxels` voxels, features one after another.
std::vector<float> LogitsOf(const LinearHead& head, const std::vector<float>& features, int64_t voxels) {
  std::vector<float> logits(static_cast<size_t>(head.classes() * voxels));
  head.Run(features.data(), voxels, voxels, logits.data(), voxels);
  return logits;
}

TEST(LinearHead, OfAConvolutionIsItsMatrixAndBias) {
  WeightStore weights;
  AddFloats(weights, "fold_0.head.weight", {3, 2, 1, 1, 1}, {1, 2, 3, 4, 5, 6});
  AddFloats(weights, "fold_0.head.bias", {3}, {0.5F, 0, -1});
  const LinearHead head(HeadPart(2, 3, 0, 0, {"0"}), weights);
  EXPECT_THAT(LogitsOf(head, {1, 10}, 1), ElementsAre(21.5F, 43, 64));
}

TEST(LinearHead, OfATuckerConvolutionIsTheProductOfItsFactorsAndCore) {
  WeightStore weights;
  AddFloats(weights, "fold_0.head.in_factor", {2, 1}, {3, 5});
  AddFloats(weights, "fold_0.head.core", {2, 1, 1, 1, 1}, {10, 100});
  AddFloats(weights, "fold_0.head.out_factor", {3, 2}, {1, 0, 0, 1, 2, -1});
  AddFloats(weights, "fold_0.head.bias", {3}, {0.5F, 0, -1});
  const LinearHead head(HeadPart(2, 3, 1, 2, {"0"}), weights);
  // Reduced: 3 * 1 + 5 * 2 = 13; core {130, 1300}; classes 130 + 0.5, 1300, 260 - 1300 - 1.
  EXPECT_THAT(LogitsOf(head, {1, 2}, 1), ElementsAre(130.5F, 1300, -1041));
}

/// Random tensors for a Tucker head and, beside them, the convolution that they multiply out to.
WeightStore TuckerAndProduct(int64_t features, int64_t classes, int64_t rank_in, int64_t rank_out, const std::vector<std::string>& folds) {
  WeightStore weights;
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 1);
  const auto draw = [&](int64_t count) {
    std::vector<float> values(static_cast<size_t>(count));
    for (float& value : values) value = normal(random);
    return values;
  };
  for (const std::string& fold : folds) {
    const std::string head = "fold_" + fold + ".head.";
    const std::vector<float> in_factor = draw(features * rank_in);
    const std::vector<float> core = draw(rank_out * rank_in);
    const std::vector<float> out_factor = draw(classes * rank_out);
    std::vector<float> product;
    for (int64_t c = 0; c < classes; ++c)
      for (int64_t f = 0; f < features; ++f) {
        double sum = 0;
        for (int64_t o = 0; o < rank_out; ++o)
          for (int64_t i = 0; i < rank_in; ++i)
            sum += static_cast<double>(out_factor[static_cast<size_t>(c * rank_out + o)]) * core[static_cast<size_t>(o * rank_in + i)] * in_factor[static_cast<size_t>(f * rank_in + i)];
        product.push_back(static_cast<float>(sum));
      }
    AddFloats(weights, head + "in_factor", {features, rank_in}, in_factor);
    AddFloats(weights, head + "core", {rank_out, rank_in, 1, 1, 1}, core);
    AddFloats(weights, head + "out_factor", {classes, rank_out}, out_factor);
    AddFloats(weights, head + "weight", {classes, features, 1, 1, 1}, product);
    AddFloats(weights, head + "bias", {classes}, draw(classes));
  }
  return weights;
}

TEST(LinearHead, OfATuckerConvolutionEqualsThatOfItsProductForAllFoldsAndForEach) {
  const std::vector<std::string> folds{"0", "1"};
  const WeightStore weights = TuckerAndProduct(5, 13, 3, 4, folds);
  const LinearHead tucker(HeadPart(5, 13, 3, 4, folds), weights);
  const LinearHead whole(HeadPart(5, 13, 0, 0, folds), weights);
  constexpr int64_t kVoxels = 37;  // a tile and a rest
  std::vector<float> features(static_cast<size_t>(tucker.features() * kVoxels));
  std::mt19937 random(2);
  for (float& feature : features) feature = std::normal_distribution<float>()(random);
  EXPECT_THAT(LogitsOf(tucker, features, kVoxels), Pointwise(FloatNear(1e-4F), LogitsOf(whole, features, kVoxels)));
  std::vector<uint16_t> largest(kVoxels);
  std::vector<uint16_t> expected(kVoxels);
  tucker.Largest(features.data(), kVoxels, kVoxels, largest.data());
  whole.Largest(features.data(), kVoxels, kVoxels, expected.data());
  EXPECT_EQ(largest, expected);
  for (size_t fold = 0; fold < 2; ++fold) {
    std::vector<float> logits(13 * kVoxels);
    std::vector<float> wanted(13 * kVoxels);
    tucker.RunFold(fold, features.data(), kVoxels, logits.data());
    whole.RunFold(fold, features.data(), kVoxels, wanted.data());
    EXPECT_THAT(logits, Pointwise(FloatNear(1e-4F), wanted));
  }
  EXPECT_NEAR(tucker.LargestFeature() / whole.LargestFeature(), 1, 1e-4);
}

TEST(LinearHead, GivesTheBitsOfOneVoxelAfterTheOtherWhateverTheMachinesVectors) {
  constexpr int64_t kFeatures = 3;
  constexpr int64_t kStride = 70;  // of more voxels than there are
  std::mt19937 random(3);
  const auto draw = [&random](int64_t count) {
    std::vector<float> values(static_cast<size_t>(count));
    for (float& value : values) value = std::normal_distribution<float>()(random);
    return values;
  };
  const std::vector<float> features = draw(kFeatures * kStride);
  for (int64_t classes = 1; classes <= 14; ++classes) {
    std::vector<float> matrix = draw(classes * kFeatures);
    std::vector<float> bias = draw(classes);
    for (int64_t c = 1; c < classes; c += 2) {  // as large as the class before it: that one wins
      std::copy_n(matrix.begin() + (c - 1) * kFeatures, kFeatures, matrix.begin() + c * kFeatures);
      bias[static_cast<size_t>(c)] = bias[static_cast<size_t>(c - 1)];
    }
    WeightStore weights;
    AddFloats(weights, "fold_0.head.weight", {classes, kFeatures, 1, 1, 1}, matrix);
    AddFloats(weights, "fold_0.head.bias", {classes}, bias);
    const LinearHead head(HeadPart(kFeatures, classes, 0, 0, {"0"}), weights);
    for (const int64_t voxels : {1, 7, 8, 9, 16, 31, 32, 33, 64, 69}) {
      std::vector<float> wanted;
      std::vector<uint16_t> winners(static_cast<size_t>(voxels), 0);
      for (int64_t c = 0; c < classes; ++c)
        for (int64_t v = 0; v < voxels; ++v) {
          float sum = bias[static_cast<size_t>(c)];
          for (int64_t f = 0; f < kFeatures; ++f) sum += matrix[static_cast<size_t>(c * kFeatures + f)] * features[static_cast<size_t>(f * kStride + v)];
          wanted.push_back(sum);
          uint16_t& winner = winners[static_cast<size_t>(v)];
          if (sum > wanted[static_cast<size_t>(winner * voxels + v)]) winner = static_cast<uint16_t>(c);
        }
      std::vector<float> logits(static_cast<size_t>(classes * voxels));
      head.Run(features.data(), kStride, voxels, logits.data(), voxels);
      EXPECT_EQ(logits, wanted) << classes << " classes, " << voxels << " voxels";
      std::vector<uint16_t> largest(static_cast<size_t>(voxels));
      head.Largest(features.data(), kStride, voxels, largest.data());
      EXPECT_EQ(largest, winners) << classes << " classes, " << voxels << " voxels";
    }
  }
}

TEST(LinearHead, PaysForHeadsOfOneTapWithFewerFeaturesThanClassesInEitherForm) {
  EXPECT_TRUE(LinearHead::Pays(HeadPart(5, 13, 0, 0, {"0", "1"})));
  EXPECT_TRUE(LinearHead::Pays(HeadPart(5, 13, 3, 4, {"0", "1"})));
  EXPECT_FALSE(LinearHead::Pays(HeadPart(5, 13, 3, 4, {"0", "1", "2"}))) << "15 features";
  ModelPart part = HeadPart(5, 13, 3, 4, {"0"});
  part.graph.layers.back().kernel = {3, 3, 3};
  EXPECT_FALSE(LinearHead::Pays(part));
  part = HeadPart(5, 13, 3, 4, {"0"});
  part.graph.layers.back().kind = LayerKind::kTuckerTransposedConvolution;
  EXPECT_FALSE(LinearHead::Pays(part));
}

TEST(SummedChannels, AreLogitsThatFoldsShareOrFeaturesOfEachOfThem) {
  const LayerGraph graph = HeadPart(5, 13, 0, 0, {"0", "1"}).graph;
  const SummedChannels logits = SummedChannelsOf(graph, 2, /*head_apart=*/false);
  EXPECT_EQ(logits.channels, 13);
  EXPECT_EQ(logits.averaged, 2);
  EXPECT_EQ(logits.FirstOf(1), 0);
  const SummedChannels features = SummedChannelsOf(graph, 2, /*head_apart=*/true);
  EXPECT_EQ(features.channels, 10);
  EXPECT_EQ(features.averaged, 1);
  EXPECT_EQ(features.FirstOf(1), 5);
}

TEST(LinearHead, RefusesATuckerHeadThatLacksATensor) {
  WeightStore weights = RandomWeights(HeadPart(5, 13, 3, 4, {"0"}).graph, "fold_0.", 1);
  ExpectError(ErrorCode::kFailedPrecondition, "tensor fold_1.head.in_factor: missing", [&] { LinearHead(HeadPart(5, 13, 3, 4, {"1"}), weights); });
}

}  // namespace
}  // namespace tuckerseg
