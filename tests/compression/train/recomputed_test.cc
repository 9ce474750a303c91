#include "compression/train/recomputed.h"

#include <ATen/ATen.h>
#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <gtest/gtest.h>

#include "compression/train/parameters.h"
#include "compression/train/segmentation_loss.h"
#include "engine/model/unet_builder.h"
#include "tests/engine/tiny_network.h"

namespace tuckerseg {
namespace {

/// LibTorch tells it of every allocation of this thread.
class AllocatedBytes final : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void*, int64_t bytes, size_t, size_t, c10::Device) override {
    now_ += bytes;
    most_ = std::max(most_, now_);
  }
  void reportOutOfMemory(int64_t, size_t, size_t, c10::Device) override {}
  bool memoryProfilingEnabled() const override { return true; }
  int64_t now() const { return now_; }
  int64_t most() const { return most_; }

 private:
  int64_t now_ = 0;
  int64_t most_ = 0;
};

TEST(Recomputed, HasTheValuesAndGradientsOfTheFunctionItself) {
  at::manual_seed(1);
  const TensorFunction function = [](const std::vector<at::Tensor>& in) {
    const at::Tensor inner = (in[0] * in[1]).sin();
    return std::vector<at::Tensor>{inner * in[0], inner.sum()};
  };
  std::vector<at::Tensor> plain{at::randn({4}, at::kDouble).requires_grad_(true), at::randn({4}, at::kDouble).requires_grad_(true), at::ones({1}).requires_grad_(true)};
  std::vector<at::Tensor> again;
  for (const at::Tensor& tensor : plain) again.push_back(tensor.detach().clone().requires_grad_(true));
  const std::vector<at::Tensor> expected = function(plain);
  const std::vector<at::Tensor> found = Recomputed(function, again);
  EXPECT_TRUE(at::equal(found[0], expected[0]));
  (expected[0].sum() * 3 + expected[1]).backward();
  (found[0].sum() * 3 + found[1]).backward();
  for (size_t i = 0; i < 2; ++i) EXPECT_TRUE(at::equal(again[i].grad(), plain[i].grad())) << i;
  EXPECT_FALSE(again[2].grad().defined() && again[2].grad().abs().max().item<double>() > 0) << "the function does not read it";
}

TEST(Recomputed, AsksForNoGradientOfWhatNeedsNone) {
  const at::Tensor constant = at::ones({2});
  at::Tensor weight = at::full({2}, 3.0).requires_grad_(true);
  const auto out = Recomputed([](const std::vector<at::Tensor>& in) { return std::vector<at::Tensor>{in[0] * in[1]}; }, {constant, weight});
  out.front().sum().backward();
  EXPECT_FALSE(constant.grad().defined());
  EXPECT_EQ(weight.grad().sum().item<double>(), 2);
}

LayerGraph DeepUnet() {
  UnetPlan plan;
  plan.out_channels = 3;
  for (int i = 0; i < 4; ++i) {
    plan.features.push_back(8);
    plan.kernels.push_back({3, 3, 3});
    plan.strides.push_back(i == 0 ? Size3{1, 1, 1} : Size3{2, 2, 2});
    plan.encoder_convs.push_back(2);
    if (i > 0) plan.decoder_convs.push_back(2);
  }
  return BuildUnet(plan);
}

struct Pass {
  at::Tensor loss;
  int64_t kept = 0;  ///< bytes between the passes
  int64_t most = 0;
  Parameters parameters;
};

Pass ForwardAndBackward(const TrainableGraph& graph, Activations activations, Precision precision = Precision::kFloat32) {
  Pass pass;
  pass.parameters = InitialParameters(graph, 3);
  for (auto& [name, tensor] : pass.parameters) tensor.requires_grad_(true);
  at::manual_seed(4);
  // So large that features outweigh what a convolution works on.
  const at::Tensor image = at::randn({2, 1, 32, 32, 32});
  const at::Tensor labels = at::randint(3, {2, 32, 32, 32}, at::kLong);
  const auto bytes = std::make_shared<AllocatedBytes>();
  const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, bytes);
  {
    const std::vector<at::Tensor> outputs = graph.Forward(pass.parameters, image, precision, activations);
    pass.kept = bytes->now();
    pass.loss = SegmentationLoss(outputs, graph.heads(), labels, {});
  }
  pass.loss.backward();
  pass.most = bytes->most();
  return pass;
}

TEST(TrainableGraph, WithRecomputedActivationsHasTheSameGradientsToTheLastBitAndKeepsLess) {
  const TrainableGraph graph(DeepUnet(), /*deep_supervision=*/true);
  const Pass kept = ForwardAndBackward(graph, Activations::kKept);
  const Pass recomputed = ForwardAndBackward(graph, Activations::kRecomputed);
  EXPECT_EQ(kept.loss.item<double>(), recomputed.loss.item<double>());
  for (const auto& [name, tensor] : kept.parameters) EXPECT_TRUE(at::equal(tensor.grad(), recomputed.parameters.at(name).grad())) << name;
  // Of the full resolution, 13 features of 8 channels without, and 2 with: the skip, and the decoder's end, which the head reads.
  EXPECT_LT(recomputed.kept, kept.kept / 3);
  EXPECT_LT(recomputed.most, kept.most * 8 / 10);
}

TEST(TrainableGraph, WithRecomputedActivationsWorksOnResidualSumsAndInBFloat16) {
  const TrainableGraph graph(TinyUnet(4, 3), /*deep_supervision=*/false);
  for (const Precision precision : {Precision::kFloat32, Precision::kBFloat16}) {
    const Pass kept = ForwardAndBackward(graph, Activations::kKept, precision);
    const Pass recomputed = ForwardAndBackward(graph, Activations::kRecomputed, precision);
    for (const auto& [name, tensor] : kept.parameters) EXPECT_TRUE(at::equal(tensor.grad(), recomputed.parameters.at(name).grad())) << name;
  }
}

}  // namespace
}  // namespace tuckerseg
