#include "compression/bench/torch/on_device_executor.h"

#include <gtest/gtest.h>

#include <vector>

#include "compression/bench/random_network.h"
#include "engine/error.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

TEST(OnDeviceExecutor, RunsANetworkAndGivesNoLogitsBack) {
  const LayerGraph graph = TinyUnet(4, 3);
  const WeightStore weights = RandomWeightsFor(graph, 1);
  const auto executor = OnDeviceExecutorFactory("cpu", 1, Precision::kFloat32)(graph, weights, "");
  const std::vector<float> patch(4096, 1.0F);
  EXPECT_TRUE(executor->Run(std::span(patch).first(512), {8, 8, 8}).empty());
  EXPECT_TRUE(executor->Run(patch, {16, 16, 16}).empty()) << "another shape: another patch";
}

TEST(OnDeviceExecutor, RefusesAPatchThatDoesNotFitTheNetwork) {
  const LayerGraph graph = TinyUnet(4, 3);
  const WeightStore weights = RandomWeightsFor(graph, 1);
  const auto executor = OnDeviceExecutorFactory("cpu", 1, Precision::kFloat32)(graph, weights, "");
  const std::vector<float> patch(512, 1.0F);
  ExpectError(ErrorCode::kInvalidArgument, "patch axis 0 = 7: must be a positive multiple of 2", [&] { executor->Run(patch, {7, 8, 8}); });
  ExpectError(ErrorCode::kInvalidArgument, "patch of 512 values: must have 4096", [&] { executor->Run(patch, {16, 16, 16}); });
}

TEST(OnDeviceExecutor, KnowsTheDevicesThatTheOtherOneKnows) {
  ExpectError(ErrorCode::kInvalidArgument, "device = tpu: must be one of cpu", [] { OnDeviceExecutorFactory("tpu", 1, Precision::kFloat32); });
}

}  // namespace
}  // namespace tuckerseg
