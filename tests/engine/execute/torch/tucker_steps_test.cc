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

TEST(TuckerSteps, GiveTheSameAnswerWithPaddedRanks) {
  at::manual_seed(7);
  for (const LayerKind kind : {LayerKind::kTuckerConvolution, LayerKind::kTuckerTransposedConvolution})
    for (const TuckerFold& fold : {TuckerFold{}, TuckerFold{.in = true}, TuckerFold{.out = true}}) {
      const Layer layer{.name = "layer", .kind = kind, .inputs = {0}, .in_channels = 24, .out_channels = 32, .kernel = {3, 3, 3}, .stride = {1, 1, 1}, .rank_in = 5, .rank_out = 11};
      const bool transposed = IsTransposed(kind);
      const TuckerSteps plain = StepsOf(layer, fold, at::randn({24, 5}), transposed ? at::randn({5, 11, 3, 3, 3}) : at::randn({11, 5, 3, 3, 3}), at::randn({32, 11}));
      const TuckerSteps padded = WithPaddedRanks(layer, 8, plain);
      const int64_t core_in = fold.in ? 24 : 8, core_out = fold.out ? 32 : 16;
      EXPECT_EQ(padded.core.sizes(), transposed ? (Shape{core_in, core_out, 3, 3, 3}) : (Shape{core_out, core_in, 3, 3, 3}));
      EXPECT_EQ(fold.in ? 8 : padded.in.size(0), 8);
      EXPECT_EQ(fold.out ? 16 : padded.out.size(1), 16);
      const at::Tensor input = at::randn({1, 24, 4, 5, 6});
      const auto answer = [&](const TuckerSteps& steps) {
        const at::Tensor reduced = fold.in ? input : at::conv3d(input, steps.in);
        const at::Tensor core = transposed ? at::conv_transpose3d(reduced, steps.core) : at::conv3d(reduced, steps.core);
        return fold.out ? core : at::conv3d(core, steps.out);
      };
      // Zeros add nothing: only the order of sums of 24 x 27 products of a few units differs.
      EXPECT_TRUE(at::allclose(answer(padded), answer(plain), 1e-4, 1e-3)) << transposed << fold.in << fold.out;
    }
}

TEST(TuckerSteps, KeepTheLayoutOfTransposedWeights) {
  EXPECT_EQ(RandomSteps(LayerKind::kTuckerTransposedConvolution, {.in = true}).core.sizes(), (Shape{24, 12, 3, 2, 1}));
  EXPECT_EQ(RandomSteps(LayerKind::kTuckerTransposedConvolution, {.in = true, .out = true}).core.sizes(), (Shape{24, 32, 3, 2, 1}));
}

}  // namespace
}  // namespace tuckerseg
