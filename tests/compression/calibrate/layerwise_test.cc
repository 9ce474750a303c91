#include "compression/calibrate/layerwise.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "compression/calibrate/logit_probe.h"
#include "compression/calibrate/sensitivity.h"
#include "compression/rank/rewrite.h"
#include "compression/train/parameters.h"
#include "compression/tucker/decompose.h"
#include "engine/model/cost.h"
#include "tests/engine/tiny_network.h"

namespace tuckerseg {
namespace {

class TinyNetwork : public testing::Test {
 protected:
  TinyNetwork() {
    at::manual_seed(3);
    for (int p = 0; p < 4; ++p) patches_.push_back(at::avg_pool3d(at::randn({1, 1, 18, 18, 18}), {3, 3, 3}, {1, 1, 1}) * 3);
  }

  std::vector<at::Tensor> Logits(const LayerGraph& graph, const Parameters& parameters) const {
    const TrainableGraph network(graph, false);
    std::vector<at::Tensor> logits;
    for (const at::Tensor& patch : patches_) logits.push_back(network.Forward(parameters, patch, Precision::kFloat32).front().detach());
    return logits;
  }

  /// Mean over patches of the divergence from the original's answers.
  double Divergence(const LayerGraph& graph, const Parameters& parameters) const {
    const std::vector<at::Tensor> expected = Logits(part_.graph, original_);
    const std::vector<at::Tensor> given = Logits(graph, parameters);
    double sum = 0;
    for (size_t p = 0; p < expected.size(); ++p) sum += LogitProbe(expected[p], false, 1).Divergence(given[p]);
    return sum / static_cast<double>(expected.size());
  }

  /// Both ranks of every 3x3x3 convolution at this share of the channels.
  RankPlan Plan(double share) const {
    RankPlan plan;
    for (const Layer& layer : part_.graph.layers) {
      if (!CanBeDecomposed(layer.kind) || layer.kernel == Size3{1, 1, 1} || layer.in_channels == 1) continue;
      plan[layer.name] = {std::max<int64_t>(1, std::llround(share * static_cast<double>(layer.in_channels))),
                          std::max<int64_t>(1, std::llround(share * static_cast<double>(layer.out_channels)))};
    }
    return plan;
  }

  Bundle bundle_ = TinyBundle(TinyUnet(8, 4), {16, 16, 16}, 2);
  const ModelPart& part_ = bundle_.model.parts.front();
  Parameters original_ = LoadParameters(TrainableGraph(part_.graph, false), bundle_.weights.front(), "fold_0.", 0);
  std::vector<at::Tensor> patches_;
};

TEST_F(TinyNetwork, FittedAtFullRankAnswersAsTheOriginal) {
  const FittedNetwork fitted = FitLayerwise(part_.graph, original_, Plan(1), patches_, {});
  EXPECT_LT(Divergence(fitted.graph, fitted.parameters), 1e-3);
}

TEST_F(TinyNetwork, FittedAnswersCloserToTheOriginalThanDecomposedByItsWeights) {
  const RankPlan plan = Plan(0.5);
  const FittedNetwork fitted = FitLayerwise(part_.graph, original_, plan, patches_, {});
  const LayerGraph graph = WithRanks(part_.graph, plan);
  const WeightStore decomposed = DecomposePart(part_, graph, bundle_.weights.front(), DecompositionMethod::kHooi, TensorType::kFloat32, 1);
  EXPECT_LT(Divergence(fitted.graph, fitted.parameters), 0.7 * Divergence(graph, LoadParameters(TrainableGraph(graph, false), decomposed, "fold_0.", 0)));
}

TEST_F(TinyNetwork, FittedLayerAfterLayerIsNoWorseThanLayerByLayer) {
  LayerwiseOptions alone;
  alone.sequential = false;
  const FittedNetwork together = FitLayerwise(part_.graph, original_, Plan(0.5), patches_, {});
  const FittedNetwork apart = FitLayerwise(part_.graph, original_, Plan(0.5), patches_, alone);
  EXPECT_LT(Divergence(together.graph, together.parameters), 1.05 * Divergence(apart.graph, apart.parameters));
}

TEST_F(TinyNetwork, KeepsAllTensorsOfLayersThatAreNotFitted) {
  const FittedNetwork fitted = FitLayerwise(part_.graph, original_, {{"decoder.0.conv", {4, 4}}}, patches_, {});
  EXPECT_TRUE(fitted.parameters.at("encoder.1.conv.weight").is_same(original_.at("encoder.1.conv.weight")));
  EXPECT_FALSE(fitted.parameters.contains("decoder.0.conv.weight"));
  for (const TensorSpec& spec : RequiredTensors(fitted.graph)) EXPECT_EQ(fitted.parameters.at(spec.name).sizes().vec(), spec.shape) << spec.name;
}

TEST_F(TinyNetwork, TellsEveryFittedLayerInOrder) {
  std::vector<std::string> told;
  const RankPlan plan = Plan(0.5);
  FitLayerwise(part_.graph, original_, plan, patches_, {}, [&](size_t done, size_t total, const std::string& layer, double error) {
    told.push_back(layer);
    EXPECT_EQ(done, told.size());
    EXPECT_EQ(total, plan.size());
    EXPECT_THAT(error, testing::AllOf(testing::Ge(0.0), testing::Le(1.0)));
  });
  EXPECT_THAT(told, testing::ElementsAre("encoder.1.conv", "up", "decoder.0.conv"));
}

double MultiplyAddsOf(const Layer& layer, const Size3& input) { return static_cast<double>(ParameterCount(layer) * input[0] * input[1] * input[2]); }

TEST_F(TinyNetwork, HasForEachLayerACandidateThatLeavesItWholeAndOthersThatTradeCostForLoss) {
  SensitivityOptions options;
  options.patch = {16, 16, 16};
  const Sensitivities measured = MeasureSensitivities(part_.graph, original_, patches_, MultiplyAddsOf, options);
  ASSERT_FALSE(measured.layers.empty());
  EXPECT_GT(measured.fixed_cost, 0);
  for (const LayerCandidates& layer : measured.layers) {
    EXPECT_FALSE(layer.candidates.front().ranks) << layer.layer;
    EXPECT_EQ(layer.candidates.front().loss, 0);
    for (size_t i = 2; i < layer.candidates.size(); ++i) {
      EXPECT_GT(layer.candidates[i].cost, layer.candidates[i - 1].cost) << layer.layer;
      EXPECT_LE(layer.candidates[i].loss, layer.candidates[i - 1].loss * 1.001) << layer.layer;
    }
    EXPECT_GT(layer.candidates[1].loss, 0) << layer.layer;
  }
}

TEST_F(TinyNetwork, MeasuresALossThatIsTheDivergenceOfThisLayerAlone) {
  SensitivityOptions options;
  options.patch = {16, 16, 16};
  options.probe_patches = 4;
  const Sensitivities measured = MeasureSensitivities(part_.graph, original_, patches_, MultiplyAddsOf, options);
  const LayerCandidates& layer = measured.layers.front();
  const RankCandidate& cheapest = layer.candidates[1];
  LayerwiseOptions alone;
  alone.sequential = false;
  const FittedNetwork fitted = FitLayerwise(part_.graph, original_, {{layer.layer, *cheapest.ranks}}, patches_, alone);
  // Interpolated between measured pairs, and by other sampled voxels of each class: of the same size, not equal.
  const double divergence = Divergence(fitted.graph, fitted.parameters);
  EXPECT_LT(cheapest.loss, 3 * divergence);
  EXPECT_GT(cheapest.loss, divergence / 3);
}

TEST(LogitProbe, SeesNoDivergenceFromItselfAndCountsEveryClassAlike) {
  at::Tensor logits = at::zeros({1, 2, 1, 1, 100});
  logits[0][0].slice(2, 0, 99).fill_(4);   // 99 voxels of class 0
  logits[0][1].slice(2, 99, 100).fill_(4); // and one of class 1
  const LogitProbe probe(logits, false, 1);
  EXPECT_NEAR(probe.Divergence(logits), 0, 1e-12);
  at::Tensor lost = logits.clone();
  lost[0][1].slice(2, 99, 100).fill_(0);
  at::Tensor other = logits.clone();
  other[0][0].slice(2, 0, 99).fill_(0);
  EXPECT_NEAR(probe.Divergence(lost), probe.Divergence(other), 1e-9);
  EXPECT_GT(probe.Divergence(lost), 0.1);
}

TEST(LogitProbe, ComparesRegionsOneByOne) {
  at::Tensor logits = at::full({1, 2, 1, 1, 100}, -4);
  logits[0][0].slice(2, 0, 50).fill_(4);  // half of the voxels are in the first region,
  logits[0][1].slice(2, 0, 10).fill_(4);  // and a fifth of those in the second one too
  const LogitProbe probe(logits, true, 1);
  EXPECT_NEAR(probe.Divergence(logits), 0, 1e-12);
  at::Tensor lost = logits.clone();
  lost[0][1].slice(2, 0, 10).fill_(-4);
  EXPECT_GT(probe.Divergence(lost), 0.1);
  EXPECT_GT(probe.Divergence(logits + 1), 0.001) << "a shift of all logits, which a softmax does not see, moves sigmoids";
  const LogitProbe single(logits.narrow(1, 0, 1), true, 1);
  EXPECT_GT(single.Divergence(at::zeros({1, 1, 1, 1, 100})), 0.1) << "one region alone is no certainty";
}

}  // namespace
}  // namespace tuckerseg
