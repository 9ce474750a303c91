#include "compression/rank/level.h"

#include <gmock/gmock.h>

#include <cmath>

#include "compression/rank/architecture.h"
#include "compression/rank/rewrite.h"
#include "engine/segment/memory_plan.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(RankAt, IsTheCeilingOfChannelsTimesTheFactorAtLeastTheLeast) {
  EXPECT_EQ(RankAt(320, 0.3, 8, 1), 96);
  EXPECT_EQ(RankAt(25, 0.5, 8, 1), 13);
  EXPECT_EQ(RankAt(64, 0.1, 8, 1), 8) << "7 is below the least";
  EXPECT_EQ(RankAt(64, 0.1, 1, 1), 7);
}

TEST(RankAt, IsAtMostTheChannels) {
  EXPECT_EQ(RankAt(1, 0.05, 8, 1), 1);
  EXPECT_EQ(RankAt(6, 0.9, 8, 1), 6);
  EXPECT_EQ(RankAt(320, 1, 8, 1), 320);
}

TEST(RankAt, TakesTheFactorAsTheDecimalNumberThatWasMeant) {
  EXPECT_EQ(RankAt(320, 0.1, 8, 1), 32);
  EXPECT_GT(std::ceil(100 * 0.07), 7) << "what a product of binary numbers gives";
  EXPECT_EQ(RankAt(100, 0.07, 1, 1), 7);
  for (int64_t channels = 1; channels <= 320; ++channels)
    for (int64_t percent = 1; percent <= 100; ++percent)
      EXPECT_EQ(RankAt(channels, static_cast<double>(percent) / 100, 1, 1), (channels * percent + 99) / 100) << channels << " at " << percent << " %";
}

TEST(RankAt, IsRoundedUpToTheGridAndCutAtTheChannels) {
  EXPECT_EQ(RankAt(320, 0.3, 8, 16), 96);
  EXPECT_EQ(RankAt(320, 0.31, 8, 16), 112);
  EXPECT_EQ(RankAt(64, 0.1, 8, 16), 16);
  EXPECT_EQ(RankAt(25, 0.9, 8, 16), 25);
}

TEST(RankAt, RefusesFactorsOutsideZeroToOneAndGridsBelowOne) {
  for (const double factor : {0.0, -0.1, 1.01, std::nan("")}) {
    ExpectError(ErrorCode::kInvalidArgument, "must be in (0, 1]", [&] { RankAt(8, factor, 8, 1); });
  }
  ExpectError(ErrorCode::kInvalidArgument, "level = 1.5: must be in (0, 1]", [] { RankAt(8, 1.5, 8, 1); });
  ExpectError(ErrorCode::kInvalidArgument, "grid = 0: must be at least 1", [] { RankAt(8, 0.5, 8, 0); });
}

TEST(PaperRanks, NameEveryConvolutionAndTransposedConvolutionFirstLayerAndHeadIncluded) {
  EXPECT_THAT(PaperRanks(TinyUnet(32, 3), 0.5),
              ElementsAre(Pair("decoder.0.conv", RankPair{32, 16}), Pair("encoder.0.conv", RankPair{1, 16}), Pair("encoder.1.conv", RankPair{16, 32}),
                          Pair("head", RankPair{16, 3}), Pair("project", RankPair{16, 32}), Pair("up", RankPair{32, 16})));
}

TEST(PaperRanks, LeaveLayersThatAreInTuckerFormAlone) {
  LayerGraph graph = TinyUnet(32, 3);
  graph.layers.back().kind = LayerKind::kTuckerConvolution;
  graph.layers.back().rank_in = graph.layers.back().rank_out = 3;
  EXPECT_FALSE(PaperRanks(graph, 0.5).contains("head"));
}

TEST(PaperRanks, TakeNoMoreMemoryOfAGpuThanLargerOnes) {
  for (const char* architecture : {"1.5mm", "3mm"}) {
    const Network network = PaperNetwork(architecture);
    int64_t of_the_larger = DeviceActivationBytes(network.graph, network.patch);
    for (const double factor : {0.5, 0.4, 0.3, 0.2, 0.1}) {
      const int64_t bytes = DeviceActivationBytes(WithRanks(network.graph, PaperRanks(network.graph, factor)), network.patch);
      EXPECT_LE(bytes, of_the_larger) << architecture << " at " << factor;
      of_the_larger = bytes;
    }
  }
}

}  // namespace
}  // namespace tuckerseg
