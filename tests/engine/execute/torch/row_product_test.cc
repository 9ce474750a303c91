#include "engine/execute/torch/row_product.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/engine/execute/torch/relative_difference.h"

namespace tuckerseg {
namespace {

class RowProduct : public testing::Test {
 protected:
  void SetUp() override { at::manual_seed(3); }
};

at::Tensor Features(const std::vector<int64_t>& shape) { return at::randn(shape).contiguous(at::MemoryFormat::ChannelsLast3d); }

TEST_F(RowProduct, AddsAConvolutionOfAnyNumberOfChannelsAndVoxels) {
  for (const int64_t in : {1, 6, 33})
    for (const int64_t out : {1, 8, 15, 16, 17, 32, 50})
      for (const std::vector<int64_t>& space : {std::vector<int64_t>{1, 1, 1}, {1, 1, 5}, {3, 5, 7}, {13, 20, 32}}) {
        const at::Tensor input = Features({1, in, space[0], space[1], space[2]});
        const at::Tensor before = Features({1, out, space[0], space[1], space[2]});
        const at::Tensor weight = at::randn({out, in, 1, 1, 1});
        at::Tensor sum = before.clone();
        AddPointwise(sum, input, weight);
        EXPECT_LT(LargestDifference(sum, before.to(at::kDouble) + at::conv3d(input.to(at::kDouble), weight.to(at::kDouble))), 2e-5) << in << " to " << out;
      }
}

TEST_F(RowProduct, MakesABlockOfEachVoxel) {
  for (const int64_t in : {1, 24, 37})
    for (const int64_t out : {1, 6, 8, 13, 40})
      for (const Size3& block : {Size3{2, 2, 2}, Size3{1, 2, 2}, Size3{2, 1, 3}, Size3{1, 1, 1}}) {
        const at::Tensor input = Features({1, in, 3, 4, 13});
        const at::Tensor weight = at::randn({in, out, block[0], block[1], block[2]});
        const at::Tensor bias = at::randn({out});
        const at::Tensor blocks = BlocksOfVoxels(input, weight, bias);
        EXPECT_TRUE(blocks.is_contiguous(at::MemoryFormat::ChannelsLast3d));
        EXPECT_LT(LargestDifference(blocks, at::conv_transpose3d(input.to(at::kDouble), weight.to(at::kDouble), bias.to(at::kDouble), at::IntArrayRef(block))), 2e-5) << in << " to " << out;
        EXPECT_LT(LargestDifference(BlocksOfVoxels(input, weight, {}) + bias.view({out, 1, 1, 1}), blocks), 1e-5);
      }
}

TEST_F(RowProduct, HasTheSameBitsWithAnyNumberOfThreads) {
  const at::Tensor input = Features({1, 12, 16, 16, 31});
  const at::Tensor weight = at::randn({12, 6, 2, 2, 2});
  const at::Tensor matrix = at::randn({6, 12, 1, 1, 1});
  const int threads = at::get_num_threads();
  std::vector<at::Tensor> blocks;
  std::vector<at::Tensor> sums;
  for (const int count : {1, 2, 3}) {
    at::set_num_threads(count);
    blocks.push_back(BlocksOfVoxels(input, weight, {}));
    sums.push_back(at::ones({1, 6, 16, 16, 31}).contiguous(at::MemoryFormat::ChannelsLast3d));
    AddPointwise(sums.back(), input, matrix);
  }
  at::set_num_threads(threads);
  for (size_t i = 1; i < blocks.size(); ++i) EXPECT_TRUE(at::equal(blocks[i], blocks[0]) && at::equal(sums[i], sums[0]));
}

}  // namespace
}  // namespace tuckerseg
