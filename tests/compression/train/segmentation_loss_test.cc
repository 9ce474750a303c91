#include "compression/train/segmentation_loss.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace tuckerseg {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;

at::Tensor Labels(std::vector<int64_t> values, std::vector<int64_t> shape) { return at::tensor(values, at::kLong).view(shape); }

TEST(DiceCrossEntropy, OfEqualLogitsIsWhatTheFormulaSaysByHand) {
  // Two voxels, two classes, p = 1/2 everywhere, one voxel of class 1: Dice = (2 * 0.5 + s) / (1 + 1 + s), entropy = log 2.
  const at::Tensor loss = DiceCrossEntropy(at::zeros({1, 2, 1, 1, 2}, at::kDouble), Labels({0, 1}, {1, 1, 1, 2}), {});
  EXPECT_NEAR(loss.item<double>(), std::log(2.0) - (1 + 1e-5) / (2 + 1e-5), 1e-12);
}

TEST(DiceCrossEntropy, OfAPerfectPredictionIsMinusOneEvenWhereAClassIsAbsent) {
  const at::Tensor labels = Labels({0, 1, 1, 0, 1, 0, 0, 1}, {1, 2, 2, 2});  // class 2 does not occur
  const at::Tensor logits = at::one_hot(labels, 3).permute({0, 4, 1, 2, 3}).to(at::kDouble) * 200;
  EXPECT_NEAR(DiceCrossEntropy(logits, labels, {}).item<double>(), -1, 1e-6);
}

TEST(DiceCrossEntropy, IsFiniteWithoutAnyForeground) {
  at::Tensor logits = at::zeros({1, 3, 2, 2, 2}, at::kDouble).requires_grad_(true);
  const at::Tensor loss = DiceCrossEntropy(logits, at::zeros({1, 2, 2, 2}, at::kLong), {});
  loss.backward();
  EXPECT_TRUE(std::isfinite(loss.item<double>()));
  EXPECT_TRUE(at::isfinite(logits.grad()).all().item<bool>());
}

/// nnU-Net's MemoryEfficientSoftDiceLoss and RobustCrossEntropyLoss, written plainly.
at::Tensor Plain(const at::Tensor& logits, const at::Tensor& labels, const LossOptions& options) {
  const at::Tensor p = at::softmax(logits, 1);
  const at::Tensor y = at::one_hot(labels, logits.size(1)).permute({0, 4, 1, 2, 3}).to(logits.scalar_type());
  at::Tensor overlap = (p * y).sum({2, 3, 4}).narrow(1, 1, logits.size(1) - 1);
  at::Tensor predicted = p.sum({2, 3, 4}).narrow(1, 1, logits.size(1) - 1);
  at::Tensor reference = y.sum({2, 3, 4}).narrow(1, 1, logits.size(1) - 1);
  if (options.batch_dice) {
    overlap = overlap.sum(0);
    predicted = predicted.sum(0);
    reference = reference.sum(0);
  }
  const at::Tensor dice = (2 * overlap + options.smooth) / (predicted + reference + options.smooth).clamp_min(1e-8);
  return -(at::log_softmax(logits, 1) * y).sum(1).mean() * options.cross_entropy_weight - dice.mean() * options.dice_weight;
}

TEST(DiceCrossEntropy, AndItsGradientAreThoseOfThePlainFormula) {
  at::manual_seed(1);
  for (const bool batch_dice : {false, true}) {
    LossOptions options;
    options.batch_dice = batch_dice;
    options.dice_weight = 0.7;
    options.cross_entropy_weight = 1.3;
    at::Tensor logits = at::randn({2, 4, 3, 2, 5}, at::kDouble).requires_grad_(true);
    at::Tensor same = logits.detach().clone().requires_grad_(true);
    const at::Tensor labels = at::randint(4, {2, 3, 2, 5}, at::kLong);
    const at::Tensor loss = DiceCrossEntropy(logits, labels, options);
    const at::Tensor expected = Plain(same, labels, options);
    EXPECT_NEAR(loss.item<double>(), expected.item<double>(), 1e-12);
    (loss * 3).backward();
    (expected * 3).backward();
    EXPECT_LT((logits.grad() - same.grad()).abs().max().item<double>(), 1e-12);
  }
}

TEST(DownsampleLabels, TakesTheVoxelBehindEachCentre) {
  const at::Tensor labels = at::arange(8, at::kLong).view({1, 1, 1, 8});
  EXPECT_TRUE(at::equal(DownsampleLabels(labels, {1, 1, 2}).view(-1), at::tensor({1, 3, 5, 7}, at::kLong)));
  EXPECT_TRUE(at::equal(DownsampleLabels(labels, {1, 1, 4}).view(-1), at::tensor({2, 6}, at::kLong)));
}

TEST(DeepSupervisionWeights, HalveFromOutputToOutputAndSumToOne) {
  EXPECT_THAT(DeepSupervisionWeights(1), ElementsAre(DoubleEq(1)));
  EXPECT_THAT(DeepSupervisionWeights(3), ElementsAre(DoubleEq(4.0 / 7), DoubleEq(2.0 / 7), DoubleEq(1.0 / 7)));
}

TEST(SegmentationLoss, IsTheWeightedSumOverTheOutputs) {
  at::manual_seed(2);
  const at::Tensor fine = at::randn({1, 3, 4, 4, 4}, at::kDouble);
  const at::Tensor coarse = at::randn({1, 3, 2, 2, 2}, at::kDouble);
  const at::Tensor labels = at::randint(3, {1, 4, 4, 4}, at::kLong);
  const double expected = (2 * DiceCrossEntropy(fine, labels, {}) + DiceCrossEntropy(coarse, DownsampleLabels(labels, {2, 2, 2}), {})).item<double>() / 3;
  EXPECT_NEAR(SegmentationLoss({fine, coarse}, {{"head", 1, 4, {2, 2, 2}}}, labels, {}).item<double>(), expected, 1e-12);
}

}  // namespace
}  // namespace tuckerseg
