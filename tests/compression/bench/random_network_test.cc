#include "compression/bench/random_network.h"

#include <gmock/gmock.h>

#include <cmath>

#include "engine/error.h"
#include "engine/execute/plain/plain_executor.h"
#include "engine/model/cost.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

TEST(RandomVariants, CostWhatThePaperSays) {
  const auto variants = RandomVariants("3mm", {"original", "0.3"}, 1, {});
  ASSERT_EQ(variants.size(), 2U);
  EXPECT_EQ(variants[0].name, "original");
  EXPECT_EQ(variants[1].networks.front().patch, (Size3{112, 112, 128}));
  EXPECT_NEAR(static_cast<double>(variants[0].MultiplyAdds()) / 1e9, 367.778, 5e-4);
  EXPECT_NEAR(static_cast<double>(variants[1].MultiplyAdds()) / 1e9, 54.925, 5e-4);
}

TEST(RandomVariants, PutRanksOnTheGridAndTakeAPatch) {
  const auto variants = RandomVariants("3mm", {"0.3"}, 16, Size3{32, 32, 32});
  EXPECT_EQ(variants.front().networks.front().patch, (Size3{32, 32, 32}));
  int tucker = 0;
  for (const Layer& layer : variants.front().networks.front().graph.layers) {
    if (!IsTucker(layer.kind)) continue;
    ++tucker;
    EXPECT_TRUE(layer.rank_in % 16 == 0 || layer.rank_in == layer.in_channels) << layer.name;
    EXPECT_TRUE(layer.rank_out % 16 == 0 || layer.rank_out == layer.out_channels) << layer.name;
  }
  EXPECT_GT(tucker, 0);
}

TEST(RandomVariants, RefuseWhatTheyDoNotKnow) {
  ExpectError(ErrorCode::kInvalidArgument, "architecture = 2mm", [] { RandomVariants("2mm", {"original"}, 1, {}); });
  ExpectError(ErrorCode::kInvalidArgument, "level half: must be original or a number in (0, 1]", [] { RandomVariants("3mm", {"half"}, 1, {}); });
  ExpectError(ErrorCode::kInvalidArgument, "level 0.3x", [] { RandomVariants("3mm", {"0.3x"}, 1, {}); });
  ExpectError(ErrorCode::kInvalidArgument, "level 0: ", [] { RandomVariants("3mm", {"0"}, 1, {}); });
  ExpectError(ErrorCode::kInvalidArgument, "level 0.3: must be named once", [] { RandomVariants("3mm", {"0.3", "0.3"}, 1, {}); });
  ExpectError(ErrorCode::kInvalidArgument, "patch[1] = 20: must be a positive multiple of 16",
              [] { RandomVariants("3mm", {"original"}, 1, Size3{32, 20, 32}); });
}

TEST(RandomWeightsFor, KeepLogitsInAHalfsRange) {
  const LayerGraph graph = TinyUnet(8, 3);
  const std::vector<float> patch(8 * 8 * 8, 0.5F);
  const auto executor = PlainExecutorFactory()(graph, RandomWeightsFor(graph, 1), "");
  for (const float logit : executor->Run(patch, {8, 8, 8})) EXPECT_LT(std::abs(logit), 100);
}

TEST(RandomWeightsFor, AreTheSameForTheSameSeed) {
  const LayerGraph graph = TinyUnet(4, 3);
  const auto head = [&](uint32_t seed) { return ToFloat(RandomWeightsFor(graph, seed).At("head.weight")); };
  EXPECT_EQ(head(1), head(1));
  EXPECT_NE(head(1), head(2));
}

}  // namespace
}  // namespace tuckerseg
