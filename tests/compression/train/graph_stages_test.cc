#include "compression/train/graph_stages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/tiny_network.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;

std::vector<std::string> Names(const LayerGraph& graph, const std::vector<int>& places) {
  std::vector<std::string> names;
  for (const int place : places) names.push_back(graph.layers[static_cast<size_t>(place)].name);
  return names;
}

TEST(StagesOf, BeginWhereTheResolutionChangesAndPassOnWhatOthersRead) {
  const LayerGraph graph = TinyUnet(2, 3);
  const std::vector<GraphStage> stages = StagesOf(graph, {});
  ASSERT_EQ(stages.size(), 4U);
  EXPECT_EQ(stages[0].begin, 1U);
  EXPECT_THAT(Names(graph, stages[0].inputs), ElementsAre("input"));
  EXPECT_THAT(Names(graph, stages[0].outputs), ElementsAre("encoder.0.nonlin"));
  EXPECT_THAT(stages[0].tensors, ElementsAre("encoder.0.conv.weight", "encoder.0.conv.bias", "encoder.0.norm.weight", "encoder.0.norm.bias"));
  EXPECT_EQ(graph.layers[stages[1].begin].name, "encoder.1.conv");
  EXPECT_EQ(graph.layers[stages[2].begin].name, "pool");
  EXPECT_THAT(Names(graph, stages[2].inputs), ElementsAre("encoder.0.nonlin", "encoder.1.nonlin"));
  EXPECT_THAT(Names(graph, stages[2].outputs), ElementsAre("decoder.0.nonlin"));
  EXPECT_THAT(Names(graph, stages[3].outputs), ElementsAre("head"));
  EXPECT_EQ(stages.back().end, graph.layers.size());
  for (size_t s = 1; s < stages.size(); ++s) EXPECT_EQ(stages[s].begin, stages[s - 1].end);
}

TEST(StagesOf, PassOnWhatHeadsRead) {
  const LayerGraph graph = TinyUnet(2, 3);
  EXPECT_THAT(Names(graph, StagesOf(graph, {2})[0].outputs), ElementsAre("encoder.0.norm", "encoder.0.nonlin"));
}

}  // namespace
}  // namespace tuckerseg
