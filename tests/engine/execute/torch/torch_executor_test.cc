#include "engine/execute/torch/torch_executor.h"

#include <ATen/Parallel.h>
#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <random>
#include <thread>

#include "engine/error.h"
#include "engine/execute/plain/plain_executor.h"
#include "engine/execute/torch/torch_network.h"
#include "tests/engine/execute/torch/joined_unet.h"
#include "tests/engine/execute/torch/relative_difference.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using testing::ElementsAreArray;
using testing::FloatNear;
using testing::HasSubstr;
using testing::Pointwise;

std::vector<float> RandomPatch(int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> patch(static_cast<size_t>(count));
  for (float& value : patch) value = normal(random);
  return patch;
}

std::vector<float> RunOnce(const ExecutorFactory& factory, const LayerGraph& graph, const WeightStore& weights,
                           const std::vector<float>& patch, const Size3& shape) {
  const auto executor = factory(graph, weights, "");
  const std::span<const float> logits = executor->Run(patch, shape);
  return {logits.begin(), logits.end()};
}

/// Every device that is here is held to the plain executor: on a machine with a GPU that one too.
class TorchExecutorOnDevice : public testing::TestWithParam<std::string> {};

TEST_P(TorchExecutorOnDevice, AgreesWithThePlainExecutorOnEveryLayer) {
  const LayerGraph graph = TinyUnet(4, 3);
  const WeightStore weights = RandomWeights(graph, "", 7);
  const Size3 shape{8, 6, 5};
  const std::vector<float> patch = RandomPatch(8 * 6 * 5, 3);
  // Tolerance: sums of at most 8 * 27 products of order 1, in float32.
  EXPECT_THAT(RunOnce(TorchExecutorFactory(GetParam(), 2), graph, weights, patch, shape),
              Pointwise(FloatNear(2e-4F), RunOnce(PlainExecutorFactory(), graph, weights, patch, shape)));
}

TEST_P(TorchExecutorOnDevice, AgreesWithThePlainExecutorOnATuckerConvolutionWhicheverFactorsArePartOfItsCore) {
  for (const LayerKind kind : {LayerKind::kTuckerConvolution, LayerKind::kTuckerTransposedConvolution})
    for (const Size3& kernel : {Size3{3, 3, 1}, Size3{1, 1, 1}})
      for (const int64_t rank_in : {3, 6})
        for (const int64_t rank_out : {4, 8}) {
          LayerGraph graph;
          AddLayer(graph, {.name = "input", .kind = LayerKind::kInput, .in_channels = 6, .out_channels = 6});
          if (IsTransposed(kind)) {  // which undoes a stride
            AddLayer(graph, {.name = "pool", .kind = LayerKind::kAveragePool, .inputs = {0}, .in_channels = 6, .out_channels = 6, .kernel = {2, 1, 1}, .stride = {2, 1, 1}});
          }
          AddLayer(graph, {.name = "tucker", .kind = kind, .inputs = {static_cast<int>(graph.layers.size()) - 1}, .in_channels = 6, .out_channels = 8,
                           .kernel = IsTransposed(kind) ? Size3{2, 1, 1} : kernel, .stride = {2, 1, 1}, .bias = true, .rank_in = rank_in, .rank_out = rank_out});
          const WeightStore weights = RandomWeights(graph, "", 11);
          const Size3 shape{6, 5, 4};
          const std::vector<float> patch = RandomPatch(6 * 6 * 5 * 4, 5);
          EXPECT_THAT(RunOnce(TorchExecutorFactory(GetParam(), 1), graph, weights, patch, shape),
                      Pointwise(FloatNear(2e-4F), RunOnce(PlainExecutorFactory(), graph, weights, patch, shape)))
              << (IsTransposed(kind) ? "transposed " : "plain ") << kernel[0] << " " << rank_in << " " << rank_out;
          if (GetParam() == "cpu") continue;
          // Ranks are padded there. Three layers in a row, each of which rounds its result by up to 2^-11 of it.
          EXPECT_LT(RelativeDifference(RunOnce(TorchExecutorFactory(GetParam(), 1, Precision::kFloat16), graph, weights, patch, shape),
                                       RunOnce(PlainExecutorFactory(), graph, weights, patch, shape)), 0.004);
        }
}

TEST_P(TorchExecutorOnDevice, AgreesWithThePlainExecutorWhereOthersReadANormOrWhatItReads) {
  LayerGraph graph;
  AddLayer(graph, {.name = "input", .kind = LayerKind::kInput, .in_channels = 1, .out_channels = 1});
  AddLayer(graph, {.name = "conv", .kind = LayerKind::kConvolution, .inputs = {0}, .in_channels = 1, .out_channels = 5, .kernel = {3, 3, 3}, .stride = {1, 1, 1}, .bias = true});
  AddLayer(graph, {.name = "norm", .kind = LayerKind::kInstanceNorm, .inputs = {1}, .in_channels = 5, .out_channels = 5, .epsilon = 1e-5});
  AddLayer(graph, {.name = "relu", .kind = LayerKind::kLeakyRelu, .inputs = {2}, .in_channels = 5, .out_channels = 5, .negative_slope = 0.1});
  AddLayer(graph, {.name = "sum", .kind = LayerKind::kAdd, .inputs = {2, 3}, .in_channels = 5, .out_channels = 5});     // the norm without its ReLU, and with it
  AddLayer(graph, {.name = "joined", .kind = LayerKind::kConcat, .inputs = {4, 1}, .in_channels = 10, .out_channels = 10});  // what the norm has read
  AddLayer(graph, {.name = "last", .kind = LayerKind::kInstanceNorm, .inputs = {5}, .in_channels = 10, .out_channels = 10, .epsilon = 1e-5});
  const WeightStore weights = RandomWeights(graph, "", 13);
  const Size3 shape{6, 5, 4};
  const std::vector<float> patch = RandomPatch(6 * 5 * 4, 5);
  EXPECT_THAT(RunOnce(TorchExecutorFactory(GetParam(), 2), graph, weights, patch, shape),
              Pointwise(FloatNear(2e-4F), RunOnce(PlainExecutorFactory(), graph, weights, patch, shape)));
}

TEST_P(TorchExecutorOnDevice, AgreesWithThePlainExecutorWhereATuckerConvolutionReadsAConcat) {
  using Options = JoinedUnetOptions;
  int network = 0;
  for (const Options& options : {Options{}, Options{.up_first = false}, Options{.up_bias = false}, Options{.up_twice = true}, Options{.skip_twice = true}, Options{.joins_input = true},
                                 Options{.up_channels = 1, .rank_in = 4}, Options{.another_reads_up = true}, Options{.another_reads_concat = true}}) {
    SCOPED_TRACE("network " + std::to_string(network++));
    const LayerGraph graph = JoinedUnet(options);
    const WeightStore weights = RandomWeights(graph, "", 13);
    const Size3 shape{8, 6, 5};
    const std::vector<float> patch = RandomPatch(8 * 6 * 5, 5);
    const std::vector<float> reference = RunOnce(PlainExecutorFactory(), graph, weights, patch, shape);
    // Half a dozen layers in a row, each of which rounds sums of at most 12 * 27 products by some 2^-24, or its result by up to 2^-8 in bfloat16.
    EXPECT_LT(RelativeDifference(RunOnce(TorchExecutorFactory(GetParam(), 2), graph, weights, patch, shape), reference), 1e-5);
    EXPECT_LT(RelativeDifference(RunOnce(TorchExecutorFactory(GetParam(), 2, Precision::kBFloat16), graph, weights, patch, shape), reference), 0.02);
  }
}

TEST_P(TorchExecutorOnDevice, AgreesWithThePlainExecutorWhateverIsAroundAConvolutionOfOneChannel) {
  // Of the patch, read by a norm with two readers; of a feature, which a ReLU then writes into before the norm behind the convolution has come.
  LayerGraph graph;
  AddLayer(graph, {.name = "input", .kind = LayerKind::kInput, .in_channels = 1, .out_channels = 1});
  const auto convolution = [&graph](const std::string& name, int source) {
    return AddLayer(graph, {.name = name, .kind = LayerKind::kConvolution, .inputs = {source}, .in_channels = 1, .out_channels = 1, .kernel = {3, 3, 3}, .bias = true});
  };
  const auto of_one_channel = [&graph](const std::string& name, LayerKind kind, int source) {
    return AddLayer(graph, {.name = name, .kind = kind, .inputs = {source}, .in_channels = 1, .out_channels = 1});
  };
  const int norm = of_one_channel("norm", LayerKind::kInstanceNorm, convolution("conv", 0));
  const int of_norm = convolution("of_norm", norm);
  const int relu = of_one_channel("relu", LayerKind::kLeakyRelu, norm);
  const int second_norm = of_one_channel("second_norm", LayerKind::kInstanceNorm, of_norm);
  AddLayer(graph, {.name = "sum", .kind = LayerKind::kAdd, .inputs = {relu, second_norm, 0}, .in_channels = 1, .out_channels = 1});
  const WeightStore weights = RandomWeights(graph, "", 17);
  const std::vector<float> patch = RandomPatch(6 * 5 * 4, 5);
  EXPECT_THAT(RunOnce(TorchExecutorFactory(GetParam(), 2), graph, weights, patch, {6, 5, 4}),
              Pointwise(FloatNear(2e-4F), RunOnce(PlainExecutorFactory(), graph, weights, patch, {6, 5, 4})));
}

TEST(TorchNetwork, AnswersInCOrderWhereANormOrItsReluIsLastOnTheCpu) {
  LayerGraph graph;
  AddLayer(graph, {.name = "input", .kind = LayerKind::kInput, .in_channels = 2, .out_channels = 2});
  AddLayer(graph, {.name = "conv", .kind = LayerKind::kConvolution, .inputs = {0}, .in_channels = 2, .out_channels = 5, .kernel = {3, 3, 3}, .bias = true});
  for (const Layer& last : {Layer{.name = "norm", .kind = LayerKind::kInstanceNorm, .inputs = {1}, .in_channels = 5, .out_channels = 5},
                            Layer{.name = "relu", .kind = LayerKind::kLeakyRelu, .inputs = {2}, .in_channels = 5, .out_channels = 5}}) {
    AddLayer(graph, last);
    const TorchNetwork network(graph, RandomWeights(graph, "", 3), "", at::kCPU, Precision::kFloat32);
    EXPECT_TRUE(network.Forward(at::rand({1, 2, 6, 5, 4})).is_contiguous()) << last.name;
  }
}

TEST_P(TorchExecutorOnDevice, GivesTheSameBitsOnEveryRun) {
  const LayerGraph graph = TinyUnet(4, 3);
  const WeightStore weights = RandomWeights(graph, "", 7);
  const std::vector<float> patch = RandomPatch(8 * 8 * 8, 3);
  const auto executor = TorchExecutorFactory(GetParam(), 2)(graph, weights, "");
  const std::span<const float> first = executor->Run(patch, {8, 8, 8});
  const std::vector<float> kept(first.begin(), first.end());
  const std::span<const float> second = executor->Run(patch, {8, 8, 8});
  EXPECT_THAT(std::vector<float>(second.begin(), second.end()), ElementsAreArray(kept));
}

TEST_P(TorchExecutorOnDevice, LeavesThePatchAsItWas) {
  LayerGraph graph;
  AddLayer(graph, {.name = "input", .kind = LayerKind::kInput, .in_channels = 1, .out_channels = 1});
  AddLayer(graph, {.name = "relu", .kind = LayerKind::kLeakyRelu, .inputs = {0}, .in_channels = 1, .out_channels = 1});
  const std::vector<float> patch{-1, -2, 3};
  RunOnce(TorchExecutorFactory(GetParam(), 1), graph, {}, patch, {1, 1, 3});
  EXPECT_THAT(patch, ElementsAreArray({-1.0F, -2.0F, 3.0F}));
}

TEST_P(TorchExecutorOnDevice, StaysNearFloat32WithHalfOfTheBits) {
  LayerGraph graph = TinyUnet(8, 3);
  for (Layer& layer : graph.layers) {
    if (layer.name != "decoder.0.conv" && layer.name != "up") continue;
    layer.kind = IsTransposed(layer.kind) ? LayerKind::kTuckerTransposedConvolution : LayerKind::kTuckerConvolution;
    layer.rank_in = layer.rank_out = 6;
  }
  const WeightStore weights = RandomWeights(graph, "", 7);
  const std::vector<float> patch = RandomPatch(8 * 8 * 8, 3);
  const std::vector<float> reference = RunOnce(TorchExecutorFactory(GetParam(), 2), graph, weights, patch, {8, 8, 8});
  // A dozen layers in a row, each of which rounds its result by up to 2^-8 (bfloat16) or 2^-11 (float16) of it.
  const auto bfloat16 = RunOnce(TorchExecutorFactory(GetParam(), 2, Precision::kBFloat16), graph, weights, patch, {8, 8, 8});
  EXPECT_LT(RelativeDifference(bfloat16, reference), 0.03);
  EXPECT_GT(RelativeDifference(bfloat16, reference), 1e-4) << "was computed in float32";
  if (GetParam() == "cpu") return;
  const auto float16 = RunOnce(TorchExecutorFactory(GetParam(), 2, Precision::kFloat16), graph, weights, patch, {8, 8, 8});
  EXPECT_LT(RelativeDifference(float16, reference), 0.004);
}

TEST_P(TorchExecutorOnDevice, TakesStatisticsOfNormsInFloat32) {
  LayerGraph graph;
  AddLayer(graph, {.name = "input", .kind = LayerKind::kInput, .in_channels = 1, .out_channels = 1});
  AddLayer(graph, {.name = "norm", .kind = LayerKind::kInstanceNorm, .inputs = {0}, .in_channels = 1, .out_channels = 1});
  WeightStore weights;
  weights.AddFloats("norm.weight", TensorType::kFloat32, {1}, std::vector<float>{1});
  weights.AddFloats("norm.bias", TensorType::kFloat32, {1}, std::vector<float>{0});
  // Sums in bfloat16 would stand still at 256: the next number is 258.
  std::vector<float> patch(4096, 1.0F);
  std::fill(patch.begin(), patch.begin() + 2048, 3.0F);
  const auto normalized = RunOnce(TorchExecutorFactory(GetParam(), 1, Precision::kBFloat16), graph, weights, patch, {16, 16, 16});
  EXPECT_NEAR(normalized.front(), 1.0F, 1e-2F);
  EXPECT_NEAR(normalized.back(), -1.0F, 1e-2F);
}

TEST_P(TorchExecutorOnDevice, RunsAgainAfterItsLogitsWereReleased) {
  const LayerGraph graph = TinyUnet(4, 3);
  const WeightStore weights = RandomWeights(graph, "", 7);
  const std::vector<float> patch = RandomPatch(8 * 8 * 8, 3);
  const auto executor = TorchExecutorFactory(GetParam(), 2)(graph, weights, "");
  const std::span<const float> first = executor->Run(patch, {8, 8, 8});
  const std::vector<float> kept(first.begin(), first.end());
  executor->ReleaseLogits();
  const std::span<const float> second = executor->Run(patch, {8, 8, 8});
  EXPECT_THAT(std::vector<float>(second.begin(), second.end()), ElementsAreArray(kept));
}

INSTANTIATE_TEST_SUITE_P(Devices, TorchExecutorOnDevice, testing::ValuesIn(TorchDevices()), [](const auto& device) {
  std::string name = device.param;
  std::replace(name.begin(), name.end(), ':', '_');
  return name;
});

TEST(TorchExecutor, KeepsItsThreadsBesideExecutorsOfAnotherNumber) {
  const LayerGraph graph = TinyUnet(4, 3);
  const WeightStore weights = RandomWeights(graph, "", 7);
  const std::vector<float> patch = RandomPatch(8 * 8 * 8, 3);
  const auto one = TorchExecutorFactory("cpu", 1)(graph, weights, "");
  const auto two = TorchExecutorFactory("cpu", 2)(graph, weights, "");  // the number that LibTorch was told last
  const auto run = [&](Executor& executor, int threads) {
    for (int i = 0; i < 20; ++i) {
      executor.Run(patch, {8, 8, 8});
      EXPECT_EQ(at::get_num_threads(), threads);
    }
  };
  {
    std::jthread other([&] { run(*one, 1); });
    run(*two, 2);
  }
  run(*one, 1);  // one after the other on one thread, too
  run(*two, 2);
}

TEST(TorchExecutor, IsMadeWithItsThreadsOnWhicheverThread) {
  const LayerGraph graph = TinyUnet(4, 3);
  const WeightStore weights = RandomWeights(graph, "", 7);
  const ExecutorFactory three = TorchExecutorFactory("cpu", 3);
  TorchExecutorFactory("cpu", 1);
  std::jthread([&] {
    three(graph, weights, "");
    EXPECT_EQ(at::get_num_threads(), 3);
  }).join();
}

/// Of what LibTorch's allocator hands out and takes back on a thread while this is its reporter.
class MostBytes final : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void* /*ptr*/, int64_t alloc_size, size_t /*total_allocated*/, size_t /*total_reserved*/, c10::Device /*device*/) override {
    bytes_ += alloc_size;
    most_ = std::max(most_, bytes_);
  }
  bool memoryProfilingEnabled() const override { return true; }
  int64_t most() const { return most_; }

 private:
  int64_t bytes_ = 0;
  int64_t most_ = 0;
};

TEST(TorchExecutor, FreesWhatEachStepOfATuckerConvolutionHasRead) {
  LayerGraph graph;
  AddLayer(graph, {.name = "input", .kind = LayerKind::kInput, .in_channels = 1, .out_channels = 1});
  AddLayer(graph, {.name = "wide", .kind = LayerKind::kConvolution, .inputs = {0}, .in_channels = 1, .out_channels = 32, .kernel = {3, 3, 3}});
  AddLayer(graph, {.name = "tucker", .kind = LayerKind::kTuckerConvolution, .inputs = {1}, .in_channels = 32, .out_channels = 32, .kernel = {3, 3, 3}, .rank_in = 16, .rank_out = 16});
  AddLayer(graph, {.name = "head", .kind = LayerKind::kConvolution, .inputs = {2}, .in_channels = 32, .out_channels = 1});
  const Size3 shape{64, 32, 32};  // what oneDNN works on for a while is little beside a channel
  const std::vector<float> patch = RandomPatch(64 * 32 * 32, 3);
  const auto executor = TorchExecutorFactory("cpu", 1)(graph, RandomWeights(graph, "", 7), "");
  executor->Run(patch, shape);  // what is set up once
  executor->ReleaseLogits();
  const auto reporter = std::make_shared<MostBytes>();
  {
    const c10::DebugInfoGuard reporting(c10::DebugInfoKind::PROFILER_STATE, reporter);
    executor->Run(patch, shape);
  }
  const int64_t channel = int64_t{64} * 32 * 32 * 4;
  EXPECT_GE(reporter->most(), (32 + 16) * channel) << "a step's input and output";
  EXPECT_LT(reporter->most(), (32 + 16 + 16) * channel) << "and nothing of the steps before: all together are 96 channels";
}

TEST(TorchExecutor, RefusesFloat16OnTheCpu) {
  ExpectError(ErrorCode::kInvalidArgument, "precision = fp16: must be fp32 or bf16 on the CPU", [] { TorchExecutorFactory("cpu", 1, Precision::kFloat16); });
}

TEST(TorchExecutor, NamesTheDevicesWhenAskedForAnother) {
  try {
    TorchExecutorFactory("cuda:99", 1);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(error.what(), HasSubstr("device = cuda:99: must be one of cpu"));
    if (TorchDevices().size() == 1) {
      EXPECT_THAT(error.what(), HasSubstr("no CUDA: "));
    }
  }
}

}  // namespace
}  // namespace tuckerseg
