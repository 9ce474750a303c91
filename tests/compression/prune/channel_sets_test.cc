#include "compression/prune/channel_sets.h"

#include <gmock/gmock.h>

#include "compression/rank/rewrite.h"
#include "engine/error.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;

/// The group that holds the layer's first output channel.
const ChannelGroup& GroupOf(const std::vector<ChannelGroup>& groups, const LayerGraph& graph, const std::string& layer) {
  for (const ChannelGroup& group : groups)
    for (const ChannelSet& set : group.sets)
      for (const ChannelPlace& place : set)
        if (graph.layers[place.layer].name == layer) return group;
  throw Error(ErrorCode::kInternal, "no group holds " + layer);
}

/// The layers that a set runs through, with its channel in each: "up:1".
std::vector<std::string> Names(const ChannelSet& set, const LayerGraph& graph) {
  std::vector<std::string> names;
  for (const ChannelPlace& place : set) names.push_back(graph.layers[place.layer].name + ":" + std::to_string(place.channel));
  return names;
}

TEST(FindChannelGroups, FollowsAChannelThroughNormActivationPoolAndConcatenation) {
  const LayerGraph graph = TinyUnet(4, 3);
  const ChannelGroup group = GroupOf(FindChannelGroups(graph), graph, "encoder.0.conv");
  ASSERT_EQ(group.sets.size(), 4U);
  EXPECT_FALSE(group.fixed);
  // The skip lies behind the transposed convolution's four channels in the concatenation.
  EXPECT_THAT(Names(group.sets[1], graph),
              ElementsAre("encoder.0.conv:1", "encoder.0.norm:1", "encoder.0.nonlin:1", "pool:1", "concat:5"));
}

TEST(FindChannelGroups, TiesWhatIsAdded) {
  const LayerGraph graph = TinyUnet(4, 3);
  const ChannelGroup group = GroupOf(FindChannelGroups(graph), graph, "sum");
  ASSERT_EQ(group.sets.size(), 8U);
  EXPECT_THAT(Names(group.sets[7], graph), ElementsAre("encoder.1.conv:7", "encoder.1.norm:7", "encoder.1.nonlin:7", "project:7", "sum:7"));
}

TEST(FindChannelGroups, DoesNotMakeWhatIsConcatenatedCompete) {
  const LayerGraph graph = TinyUnet(4, 3);
  const std::vector<ChannelGroup> groups = FindChannelGroups(graph);
  EXPECT_EQ(GroupOf(groups, graph, "up").sets.size(), 4U);
  EXPECT_THAT(Names(GroupOf(groups, graph, "up").sets[0], graph), ElementsAre("up:0", "concat:0"));
}

TEST(FindChannelGroups, FixesTheInputAndTheClasses) {
  const LayerGraph graph = TinyUnet(4, 3);
  const std::vector<ChannelGroup> groups = FindChannelGroups(graph);
  EXPECT_TRUE(GroupOf(groups, graph, "input").fixed);
  EXPECT_TRUE(GroupOf(groups, graph, "head").fixed);
  EXPECT_EQ(std::count_if(groups.begin(), groups.end(), [](const ChannelGroup& g) { return g.fixed; }), 2);
}

TEST(FindChannelGroups, FixesWhatIsAddedToTheInput) {
  LayerGraph graph;
  AddLayer(graph, {.name = "input", .kind = LayerKind::kInput, .in_channels = 1, .out_channels = 1});
  AddLayer(graph, {.name = "conv", .kind = LayerKind::kConvolution, .inputs = {0}, .in_channels = 1, .out_channels = 1});
  AddLayer(graph, {.name = "sum", .kind = LayerKind::kAdd, .inputs = {0, 1}, .in_channels = 1, .out_channels = 1});
  AddLayer(graph, {.name = "head", .kind = LayerKind::kConvolution, .inputs = {2}, .in_channels = 1, .out_channels = 2});
  EXPECT_TRUE(GroupOf(FindChannelGroups(graph), graph, "conv").fixed);
}

TEST(FindChannelGroups, HasEveryChannelOnce) {
  const LayerGraph graph = TinyUnet(4, 3);
  int64_t channels = 0, places = 0;
  for (const Layer& layer : graph.layers) channels += layer.out_channels;
  for (const ChannelGroup& group : FindChannelGroups(graph))
    for (const ChannelSet& set : group.sets) places += static_cast<int64_t>(set.size());
  EXPECT_EQ(places, channels);
}

TEST(FindChannelGroups, RefusesATuckerLayerAndNamesIt) {
  const LayerGraph graph = WithRanks(TinyUnet(4, 3), {{"up", {2, 2}}});
  ExpectError(ErrorCode::kInvalidArgument, "layer up: is in Tucker form", [&] { FindChannelGroups(graph); });
}

}  // namespace
}  // namespace tuckerseg
