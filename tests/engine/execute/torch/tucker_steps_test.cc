#include "engine/execute/torch/tucker_steps.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

/// Steps of a layer from 24 to 32 channels at ranks 8 and 12.
TuckerSteps RandomSteps(LayerKind kind, const TuckerFold& fold) {
  const Layer layer{.name = "layer", .kind = kind, .inputs = {0}, .in_channels = 24, .out_channels = 32, .kernel = {3, 2, 1}, .stride = {1, 1, 1}, .rank_in = 8, .rank_out = 12};
  const at::Tensor core = IsTransposed(kind) ? at::randn({8, 12, 3, 2, 1}) : at::randn({12, 8, 3, 2, 1});
  return StepsOf(layer, fold, at::randn({24, 8}), core, at::randn({32, 12}));
}

using Shape = std::vector<int64_t>;

TEST(TuckerSteps, AreThreeConvolutionsWhereNothingIsFolded) {
  const TuckerSteps steps = RandomSteps(LayerKind::kTuckerConvolution, {});
  EXPECT_EQ(steps.in.sizes(), (Shape{8, 24, 1, 1, 1}));
  EXPECT_EQ(steps.core.sizes(), (Shape{12, 8, 3, 2, 1}));
  EXPECT_EQ(steps.out.sizes(), (Shape{32, 12, 1, 1, 1}));
}

TEST(TuckerSteps, HaveACoreOfTheChannelsOfAFoldedMode) {
  const TuckerSteps in = RandomSteps(LayerKind::kTuckerConvolution, {.in = true});
  EXPECT_FALSE(in.in.defined());
  EXPECT_EQ(in.core.sizes(), (Shape{12, 24, 3, 2, 1}));
  const TuckerSteps out = RandomSteps(LayerKind::kTuckerConvolution, {.out = true});
  EXPECT_FALSE(out.out.defined());
  EXPECT_EQ(out.core.sizes(), (Shape{32, 8, 3, 2, 1}));
}

TEST(TuckerSteps, KeepTheLayoutOfTransposedWeights) {
  EXPECT_EQ(RandomSteps(LayerKind::kTuckerTransposedConvolution, {.in = true}).core.sizes(), (Shape{24, 12, 3, 2, 1}));
  EXPECT_EQ(RandomSteps(LayerKind::kTuckerTransposedConvolution, {.in = true, .out = true}).core.sizes(), (Shape{24, 32, 3, 2, 1}));
}

}  // namespace
}  // namespace tuckerseg
