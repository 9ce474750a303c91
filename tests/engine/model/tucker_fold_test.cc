#include "engine/model/tucker_fold.h"

#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

constexpr auto kPlain = LayerKind::kTuckerConvolution;
constexpr auto kTransposed = LayerKind::kTuckerTransposedConvolution;

/// From 24 to 32 channels.
Layer TuckerLayer(LayerKind kind, const Size3& kernel, const Size3& stride, int64_t rank_in, int64_t rank_out) {
  return {.name = "layer", .kind = kind, .inputs = {0}, .in_channels = 24, .out_channels = 32, .kernel = kernel, .stride = stride, .rank_in = rank_in, .rank_out = rank_out};
}

void ExpectFold(const TuckerFold& fold, bool in, bool out) {
  EXPECT_EQ(fold.in, in);
  EXPECT_EQ(fold.out, out);
}

TEST(CheapestFold, KeepsThreeConvolutionsWhereBothModesAreCut) {
  ExpectFold(CheapestFold(TuckerLayer(kPlain, {3, 3, 3}, {1, 1, 1}, 8, 12)), false, false);
}

TEST(CheapestFold, LeavesOutTheFactorOfAModeThatIsWhole) {
  ExpectFold(CheapestFold(TuckerLayer(kPlain, {3, 3, 3}, {1, 1, 1}, 8, 32)), false, true);
  ExpectFold(CheapestFold(TuckerLayer(kTransposed, {2, 2, 2}, {2, 2, 2}, 24, 12)), true, false);
  ExpectFold(CheapestFold(TuckerLayer(kPlain, {3, 3, 3}, {2, 2, 2}, 24, 32)), true, true);
}

TEST(CheapestFold, MakesTwoFactorsOfAMatrix) {
  const TuckerFold fold = CheapestFold(TuckerLayer(kPlain, {1, 1, 1}, {1, 1, 1}, 8, 8));
  EXPECT_NE(fold.in, fold.out);
}

TEST(CheapestFold, CountsTheFinerSideOfAStride) {
  // By coarse voxel the input's factor takes 24 * 8 on each of 8 fine voxels, 1536; without it the core has 16 channels more, 8 * 16 * 4 = 512.
  ExpectFold(CheapestFold(TuckerLayer(kPlain, {2, 2, 2}, {2, 2, 2}, 8, 4)), true, false);
}

TEST(CheapestFold, CountsTheProductWhereItServesFewVoxels) {
  // The output's factor times the core: 27 * 8 * 32 * 32 = 221,184. Without it 32 * 32 = 1024 less a voxel.
  const Layer layer = TuckerLayer(kPlain, {3, 3, 3}, {1, 1, 1}, 8, 32);
  ExpectFold(CheapestFold(layer, 215), false, false);
  ExpectFold(CheapestFold(layer, 216), false, true);
}

TEST(CheapestFoldOnCpu, CountsOutputChannelsBy16) {
  // From 24 to 32 channels: a core that gives 17 channels takes as long as one that gives them all, and the factor behind it is for nothing.
  ExpectFold(CheapestFoldOnCpu(TuckerLayer(kPlain, {3, 3, 3}, {1, 1, 1}, 8, 17)), false, true);
  ExpectFold(CheapestFoldOnCpu(TuckerLayer(kPlain, {3, 3, 3}, {1, 1, 1}, 8, 16)), false, false);
  // 23 of 24 channels in: a factor takes 24 * 32 by voxel and spares 27 * 16.
  ExpectFold(CheapestFoldOnCpu(TuckerLayer(kPlain, {3, 3, 3}, {1, 1, 1}, 23, 16)), true, false);
  // On the finer side of a stride it takes 8 * 24 * 16 = 3072 for 27 * 8 * 16 = 3456 less, and twice as much for 17 channels.
  ExpectFold(CheapestFoldOnCpu(TuckerLayer(kPlain, {3, 3, 3}, {2, 2, 2}, 16, 16)), false, false);
  ExpectFold(CheapestFoldOnCpu(TuckerLayer(kPlain, {3, 3, 3}, {2, 2, 2}, 17, 16)), true, false);
}

TEST(CheapestFoldOnCpu, LeavesOutTheFactorOfAModeThatIsWhole) {
  ExpectFold(CheapestFoldOnCpu(TuckerLayer(kPlain, {3, 3, 3}, {1, 1, 1}, 24, 16)), true, false);
  ExpectFold(CheapestFoldOnCpu(TuckerLayer(kPlain, {3, 3, 3}, {1, 1, 1}, 8, 32)), false, true);
  ExpectFold(CheapestFoldOnCpu(TuckerLayer(kTransposed, {2, 2, 2}, {2, 2, 2}, 24, 12)), true, true);  // 8 * 24 * 16 and 12 * 32 * 8 are 8 * 24 * 32
}

}  // namespace
}  // namespace tuckerseg
