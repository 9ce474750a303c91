#include "engine/segment/label_rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

using testing::ElementsAre;

ModelPart PartWith(std::vector<int64_t> labels, bool regions) {
  ModelPart part;
  part.channel_labels = std::move(labels);
  part.regions = regions;
  return part;
}

TEST(LabelRule, TakesTheLabelOfTheLargestLogit) {
  const ModelPart part = PartWith({0, 7, 9}, false);
  LabelRule rule(part, 3);
  rule.AddChannel(0, std::vector<float>{1, 0, 0});
  rule.AddChannel(1, std::vector<float>{0, 2, 1});
  rule.AddChannel(2, std::vector<float>{0, 1, 3});
  EXPECT_THAT(rule.labels(), ElementsAre(0, 7, 9));
}

TEST(LabelRule, TheLowestChannelWinsATie) {
  const ModelPart part = PartWith({0, 7, 9}, false);
  LabelRule rule(part, 2);
  rule.AddChannel(0, std::vector<float>{1, 0});
  rule.AddChannel(1, std::vector<float>{1, 5});
  rule.AddChannel(2, std::vector<float>{1, 5});
  EXPECT_THAT(rule.labels(), ElementsAre(0, 7));
}

TEST(LabelRule, LaterRegionsOverwriteEarlierOnes) {
  const ModelPart part = PartWith({1, 2}, true);
  LabelRule rule(part, 4);
  rule.AddChannel(0, std::vector<float>{1, 1, -1, 0});
  rule.AddChannel(1, std::vector<float>{-1, 1, 1, 0});
  EXPECT_THAT(rule.labels(), ElementsAre(1, 2, 2, 0)) << "sigmoid(0) is 0.5, which is not above 0.5";
}

}  // namespace
}  // namespace tuckerseg
