#include "compression/bench/torch/torch_layer_timer.h"

#include <gmock/gmock.h>

#include "compression/rank/rewrite.h"
#include "engine/error.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

TEST(TorchLayerTimer, TimesEveryKindOfLayer) {
  const LayerGraph graph = WithRanks(TinyUnet(4, 3), {{"up", {3, 2}}, {"encoder.1.conv", {3, 5}}});
  const TorchLayerTimer timer("cpu", 1);
  LayerTimeTable table;
  const std::vector<double> times = LayerTimes(graph, {8, 8, 8}, timer.setting(), table, timer);
  ASSERT_EQ(times.size(), graph.layers.size());
  for (size_t i = 1; i < times.size(); ++i) EXPECT_GT(times[i], 0) << graph.layers[i].name;
}

TEST(TorchLayerTimer, TakesPartsOfUnequalSizeForEqualOnes) {
  const Layer concat{.name = "concat", .kind = LayerKind::kConcat, .inputs = {0, 1}, .in_channels = 5, .out_channels = 5};
  EXPECT_GT(TorchLayerTimer("cpu", 1)(concat, {4, 4, 4}), 0);
}

TEST(TorchLayerTimer, SaysWhatItsTimesAreOf) {
  const TimingSetting setting = TorchLayerTimer("cpu", 2).setting();
  EXPECT_THAT(setting.device, testing::StartsWith("cpu"));
  EXPECT_EQ(setting.executor, "torch");
  EXPECT_EQ(setting.precision, "fp32");
  EXPECT_EQ(setting.threads, 2);
}

TEST(TorchLayerTimer, RefusesADeviceThatIsNotThere) {
  ExpectError(ErrorCode::kInvalidArgument, "device = tpu", [] { TorchLayerTimer("tpu", 1); });
}

}  // namespace
}  // namespace tuckerseg
