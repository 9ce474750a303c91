#include "compression/rank/pays.h"

#include <gmock/gmock.h>

#include "compression/rank/architecture.h"
#include "compression/rank/level.h"
#include "compression/rank/rewrite.h"
#include "engine/model/cost.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Layer Convolution(int64_t in, int64_t out, Size3 kernel, Size3 stride = {1, 1, 1}) {
  return {.name = "layer", .kind = LayerKind::kConvolution, .inputs = {0}, .in_channels = in, .out_channels = out, .kernel = kernel, .stride = stride};
}

TEST(Pays, WhereParametersAndMultiplyAddsAreBothFewer) {
  const Layer layer = Convolution(8, 8, {3, 3, 3});
  EXPECT_TRUE(Pays(layer, {4, 4}, {2, 2, 2})) << "32 + 432 + 32 against 1728";
  EXPECT_FALSE(Pays(layer, {8, 8}, {2, 2, 2})) << "64 + 1728 + 64 against 1728";
}

TEST(Pays, NotWhereTheyAreAsMany) {
  EXPECT_FALSE(Pays(Convolution(8, 8, {1, 1, 3}), {4, 8}, {1, 1, 1})) << "32 + 96 + 64 against 192";
}

TEST(Pays, NotWhereTheFactorAtTheFinerResolutionEatsTheGain) {
  const Layer layer = Convolution(8, 2, {1, 1, 3}, {2, 2, 2});
  EXPECT_LT(ParameterCount(InTuckerForm(layer, {1, 1})), ParameterCount(layer)) << "8 + 3 + 2 against 48";
  EXPECT_FALSE(Pays(layer, {1, 1}, {2, 2, 2})) << "8 * 8 + 3 + 2 multiply-adds against 48";
}

TEST(Pays, NotOfAHeadOfOneTapThatIsNarrow) { EXPECT_FALSE(Pays(Convolution(4, 3, {1, 1, 1}), {2, 2}, {4, 4, 4})); }

TEST(WherePays, DropsTheLayersForWhichItDoesNot) {
  const LayerGraph graph = TinyUnet(8, 3);
  const RankPlan plan = WherePays(graph, {{"encoder.1.conv", {4, 8}}, {"decoder.0.conv", {16, 8}}, {"head", {8, 3}}}, {8, 8, 8});
  EXPECT_EQ(plan, (RankPlan{{"encoder.1.conv", {4, 8}}}));
}

TEST(WherePays, LeavesWholeWhatThePapersRuleMakesDearer) {
  const Network network = PaperNetwork("1.5mm");
  const RankPlan paper = PaperRanks(network.graph, 0.9);
  const RankPlan plan = WherePays(network.graph, paper, network.patch);
  EXPECT_FALSE(plan.contains("decoder.seg_layers.4")) << "32 * 29 + 29 * 23 + 23 * 25 against 32 * 25";
  EXPECT_TRUE(plan.contains("encoder.stages.5.0.convs.1.conv"));
  EXPECT_LT(TotalMultiplyAdds(WithRanks(network.graph, plan), network.patch), TotalMultiplyAdds(WithRanks(network.graph, paper), network.patch));
}

TEST(WherePays, RefusesWhatWithRanksRefuses) {
  ExpectError(ErrorCode::kInvalidArgument, "layer absent", [] { WherePays(TinyUnet(4, 3), {{"absent", {1, 1}}}, {8, 8, 8}); });
}

TEST(RanksThatPay, AreThePairsOnTheGridAndTheChannelsThemselves) {
  EXPECT_THAT(RanksThatPay(Convolution(8, 8, {1, 1, 3}), {1, 1, 4}, 4), ElementsAre(RankPair{4, 4}));
  // in * 6 + in * out * 27 + out * 6 against 972.
  EXPECT_THAT(RanksThatPay(Convolution(6, 6, {3, 3, 3}), {4, 4, 4}, 4), ElementsAre(RankPair{4, 4}, RankPair{4, 6}, RankPair{6, 4}));
  EXPECT_THAT(RanksThatPay(Convolution(4, 3, {1, 1, 1}), {4, 4, 4}, 2), IsEmpty());
}

TEST(RanksThatPay, RefuseAGridBelowOne) {
  ExpectError(ErrorCode::kInvalidArgument, "grid = 0: must be at least 1", [] { RanksThatPay(Convolution(4, 4, {1, 1, 1}), {1, 1, 1}, 0); });
}

}  // namespace
}  // namespace tuckerseg
