#include "compression/tune/distillation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/compression/tune/tuning_samples.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;

TEST(SandwichLevels, AreTheLargestOneBetweenAndTheSmallest) {
  EXPECT_THAT(SandwichLevels(1, 0, 0), ElementsAre(0));
  EXPECT_THAT(SandwichLevels(2, 0, 0), ElementsAre(0, 1));
  std::set<size_t> between;
  for (int64_t step = 0; step < 50; ++step) {
    const std::vector<size_t> levels = SandwichLevels(5, 3, step);
    ASSERT_EQ(levels.size(), 3U);
    EXPECT_EQ(levels.front(), 0U);
    EXPECT_EQ(levels.back(), 4U);
    between.insert(levels[1]);
    EXPECT_EQ(levels, SandwichLevels(5, 3, step)) << "the same draw after an interruption";
  }
  EXPECT_THAT(between, ElementsAre(1, 2, 3));
}

class DistillationTest : public testing::Test {
 protected:
  static Batch Patches(int64_t samples, uint64_t seed) {
    at::manual_seed(seed);
    return {at::randn({samples, 1, 16, 16, 16}), at::zeros({samples, 16, 16, 16}, at::kLong)};
  }

  TrainerOptions Options(std::vector<std::string> devices = {"cpu"}) const {
    TrainerOptions options;
    options.devices = std::move(devices);
    options.threads = 1;
    options.total_steps = 60;
    options.average_decay = 0;
    options.optimizer.kind = OptimizerKind::kAdamW;
    options.optimizer.learning_rate = 3e-3;
    return options;
  }

  double MeanLoss(const Student& student, const Parameters& parameters, size_t level) const {
    const at::NoGradGuard no_gradients;
    const Batch batch = Patches(2, 99);
    const at::Tensor logits = student.graph(level).Forward(student.AtLevel(parameters, level), batch.image, Precision::kFloat32).front();
    return DistillationLoss(logits, TargetOf(teacher_.Logits(batch.image), {}), {}).item<double>();
  }

  const Bundle bundle_ = SphereBundle(1);
  const ModelPart& part_ = bundle_.model.parts.front();
  const TrainableGraph graph_{part_.graph, false};
  const Teacher teacher_{graph_, LoadParameters(graph_, bundle_.weights.front(), "fold_0.", 0), {"cpu"}, Precision::kFloat32};
};

TEST_F(DistillationTest, BringsAPerturbedStudentBackToTheTeacher) {
  const VariantFiles files = HosvdVariant(bundle_, {1});  // full ranks: nothing is lost that cannot be found again
  const Student student(files.variant, 0);
  Parameters perturbed = student.Load(files.weights.front(), "0");
  EXPECT_LT(MeanLoss(student, perturbed, 0), 1e-6);
  at::manual_seed(5);
  for (auto& [name, tensor] : perturbed) tensor.add_(at::randn_like(tensor) * 0.1 * tensor.std(/*unbiased=*/false));
  const double before = MeanLoss(student, perturbed, 0);
  Trainer trainer(perturbed, Options(), Distillation(student, &teacher_, {}));
  while (trainer.step() < 60) trainer.Step(Patches(2, static_cast<uint64_t>(trainer.step())));
  EXPECT_LT(MeanLoss(student, trainer.average(), 0), 0.3 * before);
}

TEST_F(DistillationTest, BringsAllLevelsOfAnElasticStudentNearer) {
  const VariantFiles files = HosvdVariant(bundle_, {1, 0.75, 0.5});
  const Student student(files.variant, 0);
  const Parameters initial = student.Load(files.weights.front(), "0");
  Trainer trainer(initial, Options(), Distillation(student, &teacher_, {}));
  while (trainer.step() < 60) trainer.Step(Patches(2, static_cast<uint64_t>(trainer.step())));
  for (const size_t level : {1, 2}) EXPECT_LT(MeanLoss(student, trainer.average(), level), 0.7 * MeanLoss(student, initial, level)) << level;
  EXPECT_LT(MeanLoss(student, trainer.average(), 0), MeanLoss(student, trainer.average(), 2)) << "more ranks are still better";
}

TEST_F(DistillationTest, OnTwoDevicesHasTheGradientsOfTheWholeBatch) {
  const VariantFiles files = HosvdVariant(bundle_, {0.5});
  const Student student(files.variant, 0);
  const Parameters initial = student.Load(files.weights.front(), "0");
  Trainer one(initial, Options(), Distillation(student, &teacher_, {}));
  Trainer two(initial, Options({"cpu", "cpu"}), Distillation(student, &teacher_, {}));
  for (int i = 0; i < 3; ++i) EXPECT_NEAR(one.Step(Patches(5, 7)), two.Step(Patches(5, 7)), 1e-5);
  // AdamW's first steps are as large for a small gradient as for a large one: rounding shows more than in the loss. Behind a convolution's
  // bias a norm takes every mean away: its gradient is rounding alone, and so is its step.
  for (const auto& [name, tensor] : one.parameters()) {
    if (name.ends_with(".conv.bias")) continue;
    EXPECT_TRUE(at::allclose(tensor, two.parameters().at(name), 1e-3, 2e-4)) << name;
  }
}

TEST_F(DistillationTest, GivesTheSameGradientsWithRecomputedActivations) {
  const VariantFiles files = HosvdVariant(bundle_, {1, 0.5});
  const Student student(files.variant, 0);
  const Parameters initial = student.Load(files.weights.front(), "0");
  Trainer kept(initial, Options(), Distillation(student, &teacher_, {}));
  Trainer recomputed(initial, Options(), Distillation(student, &teacher_, {.activations = Activations::kRecomputed}));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(kept.Step(Patches(1, 7)), recomputed.Step(Patches(1, 7)));
  for (const auto& [name, tensor] : kept.parameters()) EXPECT_TRUE(at::equal(tensor, recomputed.parameters().at(name))) << name;
}

TEST_F(DistillationTest, LearnsFromLabelsAndFromBoth) {
  const VariantFiles files = HosvdVariant(bundle_, {0.5});
  const Student student(files.variant, 0);
  const Parameters initial = student.Load(files.weights.front(), "0");
  Batch batch = Patches(2, 7);
  batch.labels.narrow(-1, 4, 8).fill_(1);
  const auto first_loss = [&](TuningTarget target) {
    return Trainer(initial, Options(), Distillation(student, target == TuningTarget::kLabels ? nullptr : &teacher_, {.target = target})).Step(batch);
  };
  EXPECT_NEAR(first_loss(TuningTarget::kBoth), (first_loss(TuningTarget::kTeacher) + first_loss(TuningTarget::kLabels)) / 2, 1e-5);
}

}  // namespace
}  // namespace tuckerseg
