#include "compression/tune/distillation_loss.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <cmath>

namespace tuckerseg {
namespace {

/// [1, classes, 1, 1, voxels] from the voxels' logits.
at::Tensor Logits(const std::vector<std::vector<double>>& voxels) {
  at::Tensor logits = at::empty({1, static_cast<int64_t>(voxels.front().size()), 1, 1, static_cast<int64_t>(voxels.size())}, at::kDouble);
  for (size_t v = 0; v < voxels.size(); ++v)
    for (size_t c = 0; c < voxels[v].size(); ++c) logits.index_put_({at::tensor(0), at::tensor(int64_t(c)), at::tensor(0), at::tensor(0), at::tensor(int64_t(v))}, voxels[v][c]);
  return logits;
}

at::Tensor Of(const at::Tensor& student, const at::Tensor& teacher, const DistillationLossOptions& options = {}) {
  return DistillationLoss(student, TargetOf(teacher, options), options);
}

double Loss(const at::Tensor& student, const at::Tensor& teacher, DistillationLossOptions options = {}) {
  options.smooth = 0;
  return Of(student, teacher, options).item<double>();
}

/// p is 1/2, 1/2 twice; q is 3/4, 1/4 and 1/4, 3/4.
const at::Tensor& Even() {
  static const at::Tensor logits = Logits({{0, 0}, {0, 0}});
  return logits;
}
const at::Tensor& Tilted() {
  static const at::Tensor logits = Logits({{std::log(3), 0}, {0, std::log(3)}});
  return logits;
}

TEST(DistillationLoss, IsTheDivergencePlusOneMinusDiceOfTheStructures) {
  const double divergence = 0.75 * std::log(1.5) + 0.25 * std::log(0.5);  // of both voxels
  const double dice = 2 * (0.5 * 0.25 + 0.5 * 0.75) / (2 * 0.25 + 0.0625 + 0.5625);  // class 1: 8 / 9
  EXPECT_NEAR(Loss(Even(), Tilted()), divergence + 1 - dice, 1e-12);
  EXPECT_NEAR(Loss(Even(), Tilted(), {.divergence_weight = 0}), 1.0 / 9, 1e-12);
}

TEST(DistillationLoss, FlattensBothForTheDivergenceAloneAndMultipliesByTheTemperaturesSquare) {
  const double q = std::sqrt(3) / (1 + std::sqrt(3));
  const double divergence = q * std::log(2 * q) + (1 - q) * std::log(2 * (1 - q));
  EXPECT_NEAR(Loss(Even(), Tilted(), {.temperature = 2}), 4 * divergence + 1.0 / 9, 1e-12);
}

TEST(DistillationLoss, TakesTheWinnersAsTargetsWhereTheyAreToBeHard) {
  // -log(1/2), and 2 * 1/2 / (2 * 1/4 + 1).
  EXPECT_NEAR(Loss(Even(), Tilted(), {.hard_targets = true}), std::log(2) + 1 - 1 / 1.5, 1e-12);
}

TEST(DistillationLoss, IsNothingForTheTeachersOwnAnswerAndSoIsItsGradient) {
  at::manual_seed(1);
  at::Tensor logits = at::randn({2, 4, 3, 3, 3}, at::kDouble);
  at::Tensor student = logits.clone().requires_grad_(true);
  const at::Tensor loss = Of(student, logits);
  loss.backward();
  EXPECT_NEAR(loss.item<double>(), 0, 1e-9);
  EXPECT_LT(student.grad().abs().max().item<double>(), 1e-7);  // what is left is the smoothing's
}

TEST(DistillationLoss, GivesDiceOfAClassThatNeverWinsNoPart) {
  // Class 2 has a probability everywhere and wins nowhere; class 1 agrees.
  const at::Tensor teacher = Logits({{0, 5, 1}, {5, 0, 1}});
  at::Tensor student = teacher.clone();
  const double with_noise = Loss(student, Logits({{0, 5, 1}, {5, 0, 1.5}}), {.divergence_weight = 0});
  EXPECT_LT(with_noise, 1e-3);
  // Background alone: neither value nor gradient.
  const at::Tensor empty = Logits({{5, 0, 1}, {5, 0, 1}});
  at::Tensor other = Logits({{1, 0, 3}, {2, 1, 0}}).requires_grad_(true);
  const at::Tensor loss = Of(other, empty, {.divergence_weight = 0});
  loss.backward();
  EXPECT_EQ(loss.item<double>(), 0);
  EXPECT_EQ(other.grad().abs().max().item<double>(), 0);
}

TEST(DistillationLoss, WeighsASmallStructureAsMuchAsALargeOne) {
  // Class 1 fills 99 voxels, class 2 one. Missing either costs about the same half of the Dice.
  std::vector<std::vector<double>> truth(99, {0, 20, 0});
  truth.push_back({0, 0, 20});
  std::vector<std::vector<double>> without_small = truth;
  without_small.back() = {20, 0, 0};
  std::vector<std::vector<double>> without_large(99, {20, 0, 0});
  without_large.push_back({0, 0, 20});
  const DistillationLossOptions dice{.divergence_weight = 0};
  EXPECT_NEAR(Loss(Logits(without_small), Logits(truth), dice), 0.5, 1e-3);
  EXPECT_NEAR(Loss(Logits(without_large), Logits(truth), dice), 0.5, 1e-3);
}

TEST(DistillationLoss, OfABatchIsTheMeanOfItsSamples) {
  at::manual_seed(2);
  const at::Tensor student = at::randn({2, 4, 2, 3, 4}, at::kDouble);
  const at::Tensor teacher = at::randn({2, 4, 2, 3, 4}, at::kDouble) * 3;
  const double first = Loss(student.narrow(0, 0, 1), teacher.narrow(0, 0, 1));
  const double second = Loss(student.narrow(0, 1, 1), teacher.narrow(0, 1, 1));
  EXPECT_NEAR(Loss(student, teacher), (first + second) / 2, 1e-12);
}

TEST(DistillationLoss, HasTheGradientOfFiniteDifferences) {
  at::manual_seed(3);
  const at::Tensor teacher = at::randn({2, 3, 2, 2, 3}, at::kDouble) * 2;
  for (const DistillationLossOptions& options : {DistillationLossOptions{}, {.divergence_weight = 0.3, .dice_weight = 2, .temperature = 3}, {.hard_targets = true}}) {
    at::Tensor student = at::randn({2, 3, 2, 2, 3}, at::kDouble).requires_grad_(true);
    (2 * Of(student, teacher, options)).backward();
    const at::NoGradGuard no_gradients;
    at::Tensor flat = student.detach().view(-1);
    for (int64_t i = 0; i < flat.numel(); ++i) {
      constexpr double kStep = 1e-5;
      const double value = flat[i].item<double>();
      flat[i] = value + kStep;
      const double above = Of(student, teacher, options).item<double>();
      flat[i] = value - kStep;
      const double below = Of(student, teacher, options).item<double>();
      flat[i] = value;
      EXPECT_NEAR(student.grad().view(-1)[i].item<double>(), 2 * (above - below) / (2 * kStep), 1e-8) << i;
    }
  }
}

/// The formula of the header for one sample in which every class wins somewhere, for autograd.
at::Tensor PlainLoss(const at::Tensor& student, const at::Tensor& teacher) {
  const at::Tensor p = at::softmax(student, 1).flatten(2);
  const at::Tensor q = at::softmax(teacher, 1).flatten(2);
  const at::Tensor divergence = (q * (q / p).log()).sum(1).mean();
  constexpr double kSmooth = 1e-5;
  const at::Tensor dice = (2 * (p * q).sum(2) + kSmooth) / (p.square().sum(2) + q.square().sum(2) + kSmooth);
  return divergence + 1 - dice.narrow(1, 1, dice.size(1) - 1).mean();
}

TEST(DistillationLoss, DoesNotDependOnWhereChunksEnd) {
  at::manual_seed(6);
  const at::Tensor teacher = at::randn({1, 3, 1, 300, 300}, at::kDouble);  // 90,000 voxels, many chunks of answer_sums
  at::Tensor student = at::randn({1, 3, 1, 300, 300}, at::kDouble).requires_grad_(true);
  at::Tensor plain = student.detach().clone().requires_grad_(true);
  const at::Tensor loss = Of(student, teacher);
  const at::Tensor expected = PlainLoss(plain, teacher);
  EXPECT_NEAR(loss.item<double>(), expected.item<double>(), 1e-12);
  loss.backward();
  expected.backward();
  EXPECT_TRUE(at::allclose(student.grad(), plain.grad(), /*rtol=*/1e-9, /*atol=*/1e-15));
}

}  // namespace
}  // namespace tuckerseg
