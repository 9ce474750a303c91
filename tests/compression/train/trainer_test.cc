#include "compression/train/trainer.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "compression/train/parameters.h"
#include "compression/train/segmentation_loss.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

OptimizerOptions Sgd() { return {}; }

OptimizerOptions AdamW() {
  OptimizerOptions options;
  options.kind = OptimizerKind::kAdamW;
  return options;
}

Parameters OneParameter(double value, double gradient) {
  Parameters parameters{{"w", at::full({1}, value, at::kDouble).requires_grad_(true)}};
  parameters.at("w").mutable_grad() = at::full({1}, gradient, at::kDouble);
  return parameters;
}

TEST(LearningRate, FallsAsAPolynomialOrACosine) {
  OptimizerOptions options;
  EXPECT_DOUBLE_EQ(LearningRate(options, 0, 100), 0.01);
  EXPECT_DOUBLE_EQ(LearningRate(options, 50, 100), 0.01 * std::pow(0.5, 0.9));
  EXPECT_DOUBLE_EQ(LearningRate(options, 100, 100), 0);
  options.schedule = Schedule::kCosine;
  EXPECT_DOUBLE_EQ(LearningRate(options, 0, 100), 0.01);
  EXPECT_NEAR(LearningRate(options, 50, 100), 0.005, 1e-15);
}

TEST(Optimizer, SgdFollowsNesterovAndDecaysWeights) {
  // d = g + wd w = 2 + 3e-5; momentum buffer = d; w -= lr (d + 0.99 d), as torch.optim.SGD.
  Parameters parameters = OneParameter(1, 2);
  Optimizer optimizer(Sgd(), parameters);
  optimizer.Step(parameters, 0.1);
  const double decayed = 2 + 3e-5;
  EXPECT_NEAR(parameters.at("w").item<double>(), 1 - 0.1 * 1.99 * decayed, 1e-12);
  EXPECT_NEAR(optimizer.state().at("momentum.w").item<double>(), decayed, 1e-12);
}

TEST(Optimizer, AdamWMovesByTheRateInItsFirstStep) {
  Parameters parameters = OneParameter(1, 2);
  Optimizer optimizer(AdamW(), parameters);
  optimizer.Step(parameters, 0.1);
  EXPECT_NEAR(parameters.at("w").item<double>(), 1 * (1 - 0.1 * 3e-5) - 0.1, 1e-8);
}

TEST(Optimizer, AdamWCountsTheUpdatesOfEachTensorAlone) {
  Parameters parameters = OneParameter(1, 2);
  Optimizer optimizer(AdamW(), parameters);
  parameters.at("w").mutable_grad() = at::Tensor();
  for (int i = 0; i < 5; ++i) optimizer.Step(parameters, 0.1);
  EXPECT_EQ(parameters.at("w").item<double>(), 1);
  parameters.at("w").mutable_grad() = at::full({1}, 2.0, at::kDouble);
  optimizer.Step(parameters, 0.1);
  EXPECT_NEAR(parameters.at("w").item<double>(), 1 * (1 - 0.1 * 3e-5) - 0.1, 1e-8) << "its first update, by the rate";
}

TEST(ClipGradients, ScalesThemToTheNormThatIsAllowedAndNoFurther) {
  Parameters parameters = OneParameter(1, 30);
  EXPECT_DOUBLE_EQ(ClipGradients(parameters, 12), 30);
  EXPECT_NEAR(parameters.at("w").grad().item<double>(), 12, 1e-5);
  EXPECT_NEAR(ClipGradients(parameters, 20), 12, 1e-5);
  EXPECT_NEAR(parameters.at("w").grad().item<double>(), 12, 1e-5);
}

TEST(UpdateAverage, ForgetsTheBeginningSoonAndKeepsTheDecayLater) {
  Parameters average{{"w", at::zeros({1}, at::kDouble)}};
  const Parameters one{{"w", at::ones({1}, at::kDouble)}};
  UpdateAverage(average, one, 0.999, 0);
  EXPECT_NEAR(average.at("w").item<double>(), 0.9, 1e-12);  // d = 1 / 10
  average.at("w").zero_();
  UpdateAverage(average, one, 0.999, 1000000);
  EXPECT_NEAR(average.at("w").item<double>(), 0.001, 1e-12);
  UpdateAverage(average, one, 0, 5);
  EXPECT_EQ(average.at("w").item<double>(), 1);
}

StepLoss Segmentation() {
  return [](const std::vector<at::Tensor>& outputs, const Batch& batch) { return SegmentationLoss(outputs, {}, batch.labels, {}); };
}

/// A bright cube of class 1 in noise.
Batch CubeBatch() {
  at::manual_seed(3);
  Batch batch;
  batch.image = at::randn({1, 1, 8, 8, 8}) * 0.1;
  batch.labels = at::zeros({1, 8, 8, 8}, at::kLong);
  const auto cube = [](at::Tensor tensor) { return tensor.narrow(-1, 2, 4).narrow(-2, 1, 4).narrow(-3, 3, 4); };
  cube(batch.image).add_(1);
  cube(batch.labels).fill_(1);
  return batch;
}

TrainerOptions Options(int64_t steps) {
  TrainerOptions options;
  options.threads = 1;
  options.total_steps = steps;
  return options;
}

double DiceOf(const TrainableGraph& graph, const Parameters& parameters, const Batch& batch) {
  const at::NoGradGuard no_gradients;
  const at::Tensor predicted = graph.Forward(parameters, batch.image, Precision::kFloat32).front().argmax(1) == 1;
  const at::Tensor reference = batch.labels == 1;
  return 2 * at::logical_and(predicted, reference).sum().item<double>() / (predicted.sum() + reference.sum()).item<double>();
}

TEST(Trainer, LearnsOneCaseByHeart) {
  const TrainableGraph graph(TinyUnet(4, 2), false);
  const Batch batch = CubeBatch();
  for (const OptimizerKind kind : {OptimizerKind::kSgd, OptimizerKind::kAdamW}) {
    TrainerOptions options = Options(60);
    options.optimizer.kind = kind;
    options.average_decay = 0.9;
    Trainer trainer(graph, InitialParameters(graph, 1), options, Segmentation());
    const double before = trainer.Step(batch);
    double after = before;
    while (trainer.step() < 60) after = trainer.Step(batch);
    EXPECT_LT(after, before - 0.5);
    EXPECT_GT(DiceOf(graph, trainer.average(), batch), 0.9);
  }
}

TEST(Trainer, GoesOnFromItsStateToTheLastBit) {
  const TrainableGraph graph(TinyUnet(2, 2), false);
  const Batch batch = CubeBatch();
  for (const OptimizerKind kind : {OptimizerKind::kSgd, OptimizerKind::kAdamW}) {
    TrainerOptions options = Options(10);
    options.optimizer.kind = kind;
    Trainer whole(graph, InitialParameters(graph, 1), options, Segmentation());
    Trainer first(graph, InitialParameters(graph, 1), options, Segmentation());
    for (int i = 0; i < 4; ++i) EXPECT_EQ(whole.Step(batch), first.Step(batch));
    Trainer second(graph, InitialParameters(graph, 2), options, Segmentation());
    second.Restore(first.State(), first.step());
    EXPECT_EQ(second.step(), 4);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(whole.Step(batch), second.Step(batch));
    for (const auto& [name, tensor] : whole.average()) EXPECT_TRUE(at::equal(tensor, second.average().at(name))) << name;
  }
}

TEST(Trainer, TakesAStateWithoutNumbersOfUpdatesForOneWhoseTensorsWereAllUpdatedInEveryStep) {
  const TrainableGraph graph(TinyUnet(2, 2), false);
  const Batch batch = CubeBatch();
  TrainerOptions options = Options(10);
  options.optimizer.kind = OptimizerKind::kAdamW;
  Trainer first(graph, InitialParameters(graph, 1), options, Segmentation());
  for (int i = 0; i < 4; ++i) first.Step(batch);
  const auto state = std::make_shared<const WeightStore>(first.State());
  WeightStore older;
  for (const auto& [name, tensor] : state->tensors())
    if (!name.starts_with("optimizer.updates.")) older.AddView(name, tensor, state);
  ASSERT_LT(older.tensors().size(), state->tensors().size());
  Trainer second(graph, InitialParameters(graph, 2), options, Segmentation());
  second.Restore(older, 4);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(second.Step(batch), first.Step(batch));
}

TEST(Trainer, RehearsesWithoutEffect) {
  const TrainableGraph graph(TinyUnet(2, 2), false);
  const Batch batch = CubeBatch();
  Trainer rehearsed(graph, InitialParameters(graph, 1), Options(10), Segmentation());
  Trainer other(graph, InitialParameters(graph, 1), Options(10), Segmentation());
  rehearsed.Rehearse(batch, 0);
  EXPECT_EQ(rehearsed.step(), 0);
  EXPECT_EQ(rehearsed.Step(batch), other.Step(batch));
}

TEST(Trainer, RehearsesTheStepThatItIsTold) {
  std::vector<int64_t> steps;
  Trainer trainer(OneParameter(1, 0), Options(10), [&steps](const Parameters&, const Batch&, int64_t step) {
    steps.push_back(step);
    return 0.5;
  });
  for (const int64_t step : {0, 3}) trainer.Rehearse(CubeBatch(), step);
  trainer.Step(CubeBatch());
  EXPECT_THAT(steps, testing::ElementsAre(0, 3, 0));
}

TEST(Trainer, RefusesTheStateOfAnotherNetworkAndDevicesThatAreNotThere) {
  const TrainableGraph graph(TinyUnet(2, 2), false);
  const TrainableGraph wider(TinyUnet(3, 2), false);
  Trainer trainer(graph, InitialParameters(graph, 1), Options(10), Segmentation());
  const Trainer other(wider, InitialParameters(wider, 1), Options(10), Segmentation());
  ExpectError(ErrorCode::kDataLoss, "missing or of another shape", [&] { trainer.Restore(other.State(), 1); });
  TrainerOptions options = Options(10);
  options.devices = {"tpu"};
  ExpectError(ErrorCode::kInvalidArgument, "device = tpu", [&] { Trainer(graph, InitialParameters(graph, 1), options, Segmentation()); });
}

TEST(Trainer, StopsWhereTheLossIsNotFinite) {
  const TrainableGraph graph(TinyUnet(2, 2), false);
  Batch batch = CubeBatch();
  batch.image.fill_(std::numeric_limits<float>::infinity());
  Trainer trainer(graph, InitialParameters(graph, 1), Options(10), Segmentation());
  ExpectError(ErrorCode::kInternal, "loss of step 0 is not finite", [&] { trainer.Step(batch); });
}

TEST(Trainer, StopsBeforeAnUpdateByAGradientThatIsNotFinite) {
  const StepGradients endless = [](const Parameters& parameters, const Batch&, int64_t) {
    parameters.at("w").mutable_grad() = at::full({1}, std::numeric_limits<double>::infinity(), at::kDouble);
    return 0.5;
  };
  for (const double clip : {0.0, 12.0}) {
    TrainerOptions options = Options(10);
    options.optimizer.clip_norm = clip;
    Trainer trainer(OneParameter(1, 0), options, endless);
    ExpectError(ErrorCode::kInternal, "gradient of step 0 is not finite: must be a smaller learning rate", [&] { trainer.Step(CubeBatch()); });
    EXPECT_EQ(trainer.parameters().at("w").item<double>(), 1);
    EXPECT_EQ(trainer.step(), 0);
  }
}

}  // namespace
}  // namespace tuckerseg
