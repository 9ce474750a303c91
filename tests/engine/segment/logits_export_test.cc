#include "engine/segment/logits_export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <random>
#include <vector>

#include "engine/segment/label_rule.h"
#include "tests/engine/tiny_network.h"

namespace tuckerseg {
namespace {

struct ExportCase {
  const char* name;
  Resampling rule;
  ArrayShape network;
  Spacing3 network_mm;
  ArrayShape wanted;
  Spacing3 wanted_mm;
};

class LogitsExportTest : public testing::TestWithParam<ExportCase> {};

/// What nnU-Net does: every channel resampled as a whole, then argmax.
std::vector<uint16_t> WholeResampled(const ModelPart& part, const ExportCase& c, const std::vector<float>& logits) {
  const auto voxels = static_cast<size_t>(c.network[0] * c.network[1] * c.network[2]);
  const auto wanted = static_cast<size_t>(c.wanted[0] * c.wanted[1] * c.wanted[2]);
  LabelRule rule(part, wanted);
  std::vector<float> resampled(wanted);
  for (int64_t channel = 0; channel < part.graph.OutChannels(); ++channel) {
    ResampleByPlans(c.rule, std::span(logits).subspan(static_cast<size_t>(channel) * voxels, voxels), c.network, c.network_mm, resampled,
                    c.wanted, c.wanted_mm, 1);
    rule.AddChannel(channel, resampled);
  }
  return {rule.labels().begin(), rule.labels().end()};
}

TEST_P(LogitsExportTest, GivesTheLabelsOfWholeChannelsResampled) {
  const ExportCase& c = GetParam();
  ModelPart part = TinyBundle(TinyUnet(2, 5), {8, 8, 8}, 1).model.parts.front();
  part.logits_resampling = c.rule;
  const auto plane = static_cast<size_t>(c.network[1] * c.network[2]);
  const auto rows = static_cast<size_t>(c.network[0]);
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  std::vector<float> logits(5 * rows * plane);
  for (float& logit : logits) logit = normal(random);

  const auto logits_export = MakeLogitsExport(part, {c.network, c.network_mm, c.wanted, c.wanted_mm}, {.threads = 2});
  EXPECT_EQ(logits_export->finishing(), FinishingOf(part, {c.network, c.network_mm, c.wanted, c.wanted_mm}));
  for (size_t row = 0; row < rows; ++row) {
    std::vector<float> block;
    for (size_t channel = 0; channel < 5; ++channel) {
      const auto first = logits.begin() + static_cast<std::ptrdiff_t>((channel * rows + row) * plane);
      block.insert(block.end(), first, first + static_cast<std::ptrdiff_t>(plane));
    }
    logits_export->Take({static_cast<int64_t>(row), 0, c.network[1], block, static_cast<int64_t>(plane)});
  }
  EXPECT_EQ(logits_export->Labels(), WholeResampled(part, c, logits));
}

INSTANTIATE_TEST_SUITE_P(
    Resamplings, LogitsExportTest,
    testing::Values(ExportCase{"EqualGrids", {.order = 1}, {5, 6, 7}, {1, 1, 1}, {5, 6, 7}, {1, 1, 1}},
                    ExportCase{"UpLinear", {.order = 1}, {5, 6, 7}, {2, 2, 2}, {11, 9, 20}, {1, 1.5, 0.7}},
                    ExportCase{"DownLinear", {.order = 1}, {11, 9, 20}, {1, 1, 1}, {3, 4, 5}, {3, 2, 4}},
                    ExportCase{"UpNearest", {.order = 0}, {5, 6, 7}, {2, 2, 2}, {11, 12, 13}, {1, 1, 1}},
                    ExportCase{"Trilinear", {.kind = ResamplingKind::kTorchTrilinear, .order = 3}, {5, 6, 7}, {2, 2, 2}, {10, 12, 14}, {1, 1, 1}},
                    ExportCase{"SeparateAxis0", {.order = 1}, {5, 6, 7}, {5, 1, 1}, {12, 7, 8}, {2, 1, 1}},
                    ExportCase{"SeparateAxis2", {.order = 1}, {5, 6, 7}, {1, 1, 5}, {7, 8, 12}, {1, 1, 2}},
                    ExportCase{"OneRow", {.order = 1}, {1, 6, 7}, {2, 2, 2}, {4, 12, 14}, {1, 1, 1}},
                    ExportCase{"Cubic", {.order = 3}, {5, 6, 7}, {2, 2, 2}, {11, 12, 13}, {1, 1, 1}}),
    [](const auto& one) { return one.param.name; });

TEST(LogitsExport, TellsAStepForEachChannelThatItResamplesAsAWhole) {
  ModelPart part = TinyBundle(TinyUnet(2, 5), {8, 8, 8}, 1).model.parts.front();
  part.logits_resampling.order = 3;
  int steps = 0;
  const auto logits_export = MakeLogitsExport(part, {{5, 6, 7}, {2, 2, 2}, {11, 12, 13}, {1, 1, 1}}, {}, {}, [&steps] { ++steps; });
  EXPECT_EQ(steps, 0);
  logits_export->Labels();
  EXPECT_EQ(steps, 5);
}

TEST(LogitsExportBytes, HoldsTwoRowsInsteadOfTheVolumeWhereTheOrderAllowsIt) {
  ModelPart part = TinyBundle(TinyUnet(2, 5), {8, 8, 8}, 1).model.parts.front();
  const ExportGrids grids{{50, 60, 70}, {2, 2, 2}, {100, 120, 140}, {1, 1, 1}};
  part.logits_resampling.order = 3;
  const int64_t whole = LogitsExportBytes(part, grids, 2);
  part.logits_resampling.order = 1;
  EXPECT_GT(whole, 50 * 60 * 70 * 5 * 4);
  EXPECT_LT(LogitsExportBytes(part, grids, 2), whole / 5);
}

/// A case of which nothing was cropped away, without its voxels.
CaseImage CaseOf(const ArrayShape& shape) { return {.image = {}, .shape = shape, .box = {{0, 0, 0}, shape}, .spacing_mm = {1, 1, 1}}; }

ModelPart PartWithAxes(const std::array<int, 3>& transpose_forward) {
  ModelPart part;
  part.transpose_forward = transpose_forward;
  return part;
}

TEST(MergeLabels, CountsTheVoxelsInWhichAnotherLabelGaveWay) {
  std::vector<uint16_t> labels{0, 1, 2, 0, 0, 3, 4, 0};
  const std::vector<uint16_t> part{0, 0, 12, 12, 12, 13, 0, 0};
  EXPECT_EQ(MergeLabels(part, PartWithAxes({0, 1, 2}), CaseOf({2, 2, 2}), labels, {0, 2}), 2) << "12 over 2, 13 over 3";
  EXPECT_EQ(labels, (std::vector<uint16_t>{0, 1, 12, 12, 12, 13, 4, 0}));
}

TEST(MergeLabels, CountsNoVoxelOnWhichBothPartsAgree) {
  std::vector<uint16_t> labels{5, 5, 6, 0};
  EXPECT_EQ(MergeLabels(std::vector<uint16_t>{5, 0, 5, 5}, PartWithAxes({0, 1, 2}), CaseOf({1, 2, 2}), labels, {0, 1}), 1) << "5 over 6";
  EXPECT_EQ(labels, (std::vector<uint16_t>{5, 5, 5, 5}));
}

TEST(MergeLabels, WritesAllRowsAndCountsThoseThatAreKept) {
  std::vector<uint16_t> labels(4 * 3, 1);
  EXPECT_EQ(MergeLabels(std::vector<uint16_t>(4 * 3, 2), PartWithAxes({0, 1, 2}), CaseOf({4, 1, 3}), labels, {1, 3}), 2 * 3);
  EXPECT_EQ(labels, std::vector<uint16_t>(4 * 3, 2));
}

TEST(MergeLabels, CountsRowsOfTheCaseWhateverTheNetworksAxesAre) {
  // The case's z is the network's last axis; of three rows the nonzero crop has left the last two, which the network saw.
  CaseImage image = CaseOf({3, 1, 2});
  image.box.begin = {1, 0, 0};
  std::vector<uint16_t> labels(3 * 2, 1);
  const std::vector<uint16_t> part{0, 2, 3, 0};  // of the first column rows 1 and 2, then of the second
  EXPECT_EQ(MergeLabels(part, PartWithAxes({2, 1, 0}), image, labels, {2, 3}), 1) << "2 over 1 in row 2; 3 over 1 lies in row 1";
  EXPECT_EQ(labels, (std::vector<uint16_t>{1, 1, 1, 3, 2, 1}));
}

}  // namespace
}  // namespace tuckerseg
