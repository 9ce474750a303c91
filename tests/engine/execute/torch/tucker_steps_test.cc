#include "engine/execute/torch/tucker_steps.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

Layer TuckerLayer(LayerKind kind, const Size3& kernel, const Size3& stride, int64_t rank_in, int64_t rank_out) {
  return {.name = "layer", .kind = kind, .inputs = {0}, .in_channels = 24, .out_channels = 32, .kernel = kernel, .stride = stride, .rank_in = rank_in, .rank_out = rank_out};
}

TuckerSteps RandomSteps(const Layer& layer) {
  at::manual_seed(1);
  const bool transposed = IsTransposed(layer.kind);
  const at::Tensor core = at::randn({transposed ? layer.rank_in : layer.rank_out, transposed ? layer.rank_out : layer.rank_in, layer.kernel[0], layer.kernel[1], layer.kernel[2]});
  return StepsOf(layer, at::randn({24, layer.rank_in}), core, at::randn({32, layer.rank_out}));
}

constexpr auto kPlain = LayerKind::kTuckerConvolution;
constexpr auto kTransposed = LayerKind::kTuckerTransposedConvolution;

TEST(TuckerSteps, AreThreeWhereBothModesAreCut) {
  const TuckerSteps steps = RandomSteps(TuckerLayer(kPlain, {3, 3, 3}, {1, 1, 1}, 8, 12));
  EXPECT_EQ(steps.in.sizes(), (std::vector<int64_t>{8, 24, 1, 1, 1}));
  EXPECT_EQ(steps.core.sizes(), (std::vector<int64_t>{12, 8, 3, 3, 3}));
  EXPECT_EQ(steps.out.sizes(), (std::vector<int64_t>{32, 12, 1, 1, 1}));
}

TEST(TuckerSteps, LeaveOutTheFactorOfAModeThatIsWhole) {
  const TuckerSteps out = RandomSteps(TuckerLayer(kPlain, {3, 3, 3}, {1, 1, 1}, 8, 32));
  EXPECT_TRUE(out.in.defined());
  EXPECT_FALSE(out.out.defined());
  EXPECT_EQ(out.core.sizes(), (std::vector<int64_t>{32, 8, 3, 3, 3}));
  const TuckerSteps in = RandomSteps(TuckerLayer(kTransposed, {2, 2, 2}, {2, 2, 2}, 24, 12));
  EXPECT_FALSE(in.in.defined());
  EXPECT_TRUE(in.out.defined());
  EXPECT_EQ(in.core.sizes(), (std::vector<int64_t>{24, 12, 2, 2, 2}));
}

TEST(TuckerSteps, AreTheConvolutionItselfWhereBothModesAreWhole) {
  const TuckerSteps steps = RandomSteps(TuckerLayer(kPlain, {3, 3, 3}, {2, 2, 2}, 24, 32));
  EXPECT_FALSE(steps.in.defined());
  EXPECT_FALSE(steps.out.defined());
  EXPECT_EQ(steps.core.sizes(), (std::vector<int64_t>{32, 24, 3, 3, 3}));
}

TEST(TuckerSteps, OfAMatrixAreTwoFactors) {
  const TuckerSteps steps = RandomSteps(TuckerLayer(kPlain, {1, 1, 1}, {1, 1, 1}, 8, 8));
  EXPECT_NE(steps.in.defined(), steps.out.defined());
}

TEST(TuckerSteps, CountTheFinerSideOfAStride) {
  // Eight fine voxels lie before each coarse one: there the input factor is the dearest part, 8 * 24 * 8 against 8 more in channels of a core of 8 taps.
  const TuckerSteps steps = RandomSteps(TuckerLayer(kPlain, {2, 2, 2}, {2, 2, 2}, 8, 4));
  EXPECT_FALSE(steps.in.defined());
  EXPECT_TRUE(steps.out.defined());
}

}  // namespace
}  // namespace tuckerseg
