#include "compression/tune/answer_sums.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

/// By default more voxels than a chunk holds, and a number of classes that no vector divides.
Answers RandomAnswers(at::ScalarType type, double temperature, int64_t voxels = 3000) {
  at::manual_seed(4);
  const at::Tensor logits = at::randn({voxels, 11}, type) * 5;
  const at::Tensor wanted = at::randn({voxels, 11}, type) * 5;
  Answers answers;
  answers.logits = logits / temperature;
  answers.p = at::softmax(logits, 1);
  answers.cool_p = temperature == 1 ? answers.p : at::softmax(answers.logits, 1);
  answers.q = at::softmax(wanted, 1);
  answers.cool_q = at::softmax(wanted / temperature, 1);
  answers.information = (answers.cool_q * answers.cool_q.log()).sum(1);
  return answers;
}

bool Same(const at::Tensor& a, const at::Tensor& b) {
  const double tolerance = a.scalar_type() == at::kFloat ? 1e-5 : 1e-12;
  return at::allclose(a, b, tolerance, tolerance / 100);
}

TEST(AnswerSums, AreTheSameByVoxelsAsByTensors) {
  for (const at::ScalarType type : {at::kFloat, at::kDouble})
    for (const double temperature : {1.0, 3.0}) {
      const Answers answers = RandomAnswers(type, temperature);
      const AnswerSums by_tensors = SumByTensors(answers);
      const AnswerSums by_voxels = SumByVoxels(answers, 2);
      EXPECT_TRUE(Same(by_voxels.overlap, by_tensors.overlap));
      EXPECT_TRUE(Same(by_voxels.squares, by_tensors.squares));
      EXPECT_TRUE(Same(by_voxels.divergence, by_tensors.divergence));
      const at::Tensor plain = (answers.cool_q * (answers.cool_q / answers.cool_p).log()).sum();
      EXPECT_TRUE(Same(by_voxels.divergence, plain));
    }
}

TEST(AnswerSums, GiveEachVoxelTheSameGradientByVoxelsAsByTensors) {
  for (const at::ScalarType type : {at::kFloat, at::kDouble})
    for (const double temperature : {1.0, 3.0}) {
      const Answers first = RandomAnswers(type, temperature);
      const Answers second = RandomAnswers(type, temperature);
      const AnswerWeights weights{at::rand({11}, type), at::rand({11}, type), 0.7};
      PutGradientByTensors(first, weights);
      PutGradientByVoxels(second, weights, 2);
      EXPECT_TRUE(Same(second.p, first.p));
    }
}

TEST(AnswerSums, AreTheSameBehindTheEndOfASlab) {
  const Answers first = RandomAnswers(at::kDouble, 1, 70'000);  // of 65,536 voxels
  const Answers second = RandomAnswers(at::kDouble, 1, 70'000);
  EXPECT_TRUE(Same(SumByTensors(first).divergence, SumByVoxels(second, 2).divergence));
  const AnswerWeights weights{at::rand({11}, at::kDouble), at::rand({11}, at::kDouble), 0.7};
  PutGradientByTensors(first, weights);
  PutGradientByVoxels(second, weights, 2);
  EXPECT_TRUE(Same(second.p, first.p));
}

TEST(AnswerSums, DoNotDependOnTheNumberOfThreads) {
  const Answers first = RandomAnswers(at::kFloat, 1);
  const Answers second = RandomAnswers(at::kFloat, 1);
  const AnswerSums one = SumByVoxels(first, 1);
  const AnswerSums three = SumByVoxels(second, 3);
  EXPECT_TRUE(at::equal(one.overlap, three.overlap));
  EXPECT_TRUE(at::equal(one.squares, three.squares));
  EXPECT_TRUE(at::equal(one.divergence, three.divergence));
  const AnswerWeights weights{at::rand({11}), at::rand({11}), 0.7};
  PutGradientByVoxels(first, weights, 1);
  PutGradientByVoxels(second, weights, 3);
  EXPECT_TRUE(at::equal(first.p, second.p));
}

TEST(AnswerSums, CountAVoxelWhoseAnswerIsOutOfTheTypesRangeWithItsLogits) {
  // p of class 1 is exp(-300), which float32 has not; the divergence is 300 all the same.
  const at::Tensor logits = at::tensor({300.0F, 0.0F}).view({1, 2});
  const at::Tensor q = at::tensor({0.0F, 1.0F}).view({1, 2});
  const at::Tensor p = at::softmax(logits, 1);
  const Answers answers{logits, p, p, q, q, at::zeros({1})};
  EXPECT_NEAR(SumByVoxels(answers, 1).divergence.item<double>(), 300, 1e-3);
  EXPECT_NEAR(SumByTensors(answers).divergence.item<double>(), 300, 1e-3);
}

}  // namespace
}  // namespace tuckerseg
