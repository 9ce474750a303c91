#include "compression/calibrate/level_bias.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "compression/calibrate/layerwise.h"
#include "compression/calibrate/logit_probe.h"
#include "compression/rank/rewrite.h"
#include "compression/train/parameters.h"
#include "tests/engine/tiny_network.h"

namespace tuckerseg {
namespace {

/// A network fitted at most of its ranks, and a level of fewer that is cut from it. Its head and its transposed convolution have no norm behind them.
class LevelBias : public testing::Test {
 protected:
  LevelBias() {
    at::manual_seed(3);
    for (int p = 0; p < 4; ++p) patches_.push_back(at::avg_pool3d(at::randn({1, 1, 18, 18, 18}), {3, 3, 3}, {1, 1, 1}) * 3);
    const FittedNetwork fitted = FitLayerwise(graph_, original_, Plan(6), patches_, {});
    level_ = WithRanks(graph_, Plan(3));
    for (const TensorSpec& spec : RequiredTensors(level_)) cut_[spec.name] = LeadingBlock(fitted.parameters.at(spec.name), spec.shape);
  }

  RankPlan Plan(int64_t rank) const {
    RankPlan plan;
    for (const Layer& layer : graph_.layers)
      if (CanBeDecomposed(layer.kind) && layer.in_channels >= 8) plan[layer.name] = {rank, std::min(rank, layer.out_channels)};
    return plan;
  }

  at::Tensor Logits(const LayerGraph& graph, const Parameters& parameters, const at::Tensor& patch) const {
    return TrainableGraph(graph, false).Forward(parameters, patch, Precision::kFloat32).front().detach();
  }
  /// By class, over all patches.
  at::Tensor MeanLogits(const LayerGraph& graph, const Parameters& parameters) const {
    at::Tensor sum = at::zeros({graph.OutChannels()});
    for (const at::Tensor& patch : patches_) sum += Logits(graph, parameters, patch).mean(at::IntArrayRef{0, 2, 3, 4});
    return sum / static_cast<double>(patches_.size());
  }
  double Divergence(const Parameters& parameters) const {
    double sum = 0;
    for (const at::Tensor& patch : patches_) sum += LogitProbe(Logits(graph_, original_, patch), 1).Divergence(Logits(level_, parameters, patch));
    return sum;
  }

  Bundle bundle_ = TinyBundle(TinyUnet(8, 4), {16, 16, 16}, 2);
  const LayerGraph& graph_ = bundle_.model.parts.front().graph;
  Parameters original_ = LoadParameters(TrainableGraph(graph_, false), bundle_.weights.front(), "fold_0.", 0);
  std::vector<at::Tensor> patches_;
  LayerGraph level_;
  Parameters cut_;
};

TEST_F(LevelBias, IsForTuckerLayersWithoutANormBehindThemAlone) {
  const Parameters biases = BiasesOfLevel(graph_, original_, level_, cut_, patches_);
  std::vector<std::string> names;
  for (const auto& [name, bias] : biases) names.push_back(name);
  EXPECT_THAT(names, testing::UnorderedElementsAre("head.bias", "up.bias"));
}

TEST_F(LevelBias, GivesTheAnswersTheMeanThatTheCutHasTakenFromThem) {
  Parameters corrected = cut_;
  for (const auto& [name, bias] : BiasesOfLevel(graph_, original_, level_, cut_, patches_)) corrected[name] = bias;
  const at::Tensor expected = MeanLogits(graph_, original_);
  EXPECT_GT((MeanLogits(level_, cut_) - expected).abs().max().item<double>(), 1e-2) << "else there is nothing to correct";
  EXPECT_LT((MeanLogits(level_, corrected) - expected).abs().max().item<double>(), 1e-4);
  EXPECT_LT(Divergence(corrected), Divergence(cut_));
}

TEST_F(LevelBias, LeavesTheCutAsItWas) {
  const at::Tensor before = cut_.at("head.bias").clone();
  BiasesOfLevel(graph_, original_, level_, cut_, patches_);
  EXPECT_TRUE(at::equal(cut_.at("head.bias"), before));
}

}  // namespace
}  // namespace tuckerseg
