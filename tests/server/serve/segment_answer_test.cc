/// Statistics and preview as a client gets them from a server.
#include "server/serve/segment_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/preview/preview.h"
#include "engine/segment/statistics.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/served_model.h"

namespace tuckerseg {
namespace {

class SegmentAnswerTest : public testing::Test {
 protected:
  Answer Ask(const v1::SegmentHeader& header) {
    Answer answer = Segment(served_.channel(), ct_, header);
    EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
    return answer;
  }
  /// Label map and volume as the client has them, measured by the engine.
  std::vector<StructureStatistics> Measured(const Answer& answer, const std::vector<uint16_t>& values, bool exclude_incomplete) const {
    std::vector<uint16_t> labels;
    for (const std::byte byte : ReadNifti(answer.file).volume.voxels) labels.push_back(std::to_integer<uint16_t>(byte));
    const Volume volume = ReadNifti(ct_).volume;
    return MeasureStructures(labels, ViewOf(volume), 1, values, {.exclude_incomplete = exclude_incomplete});
  }

  ServedModel served_;
  const std::vector<std::byte> ct_ = SmallCt().Bytes();
};

v1::SegmentHeader Asking(bool statistics, bool preview) {
  v1::SegmentHeader header;
  header.mutable_output()->set_statistics(statistics);
  header.mutable_output()->set_preview(preview);
  return header;
}

TEST_F(SegmentAnswerTest, SendsNeitherUnlessAskedFor) {
  const Answer answer = Ask({});
  EXPECT_EQ(answer.summary.statistics_size(), 0);
  EXPECT_EQ(answer.preview, "");
}

TEST_F(SegmentAnswerTest, SendsThePreviewAfterTheLabelMapAndBeforeTheSummary) {
  const Answer answer = Ask(Asking(false, true));
  EXPECT_THAT(answer.order, testing::MatchesRegex("ap+hc+vs"));
  EXPECT_EQ(answer.preview.substr(1, 3), "PNG");
  EXPECT_LT(answer.preview.size(), kPreviewMaxBytes);
}

TEST_F(SegmentAnswerTest, MeasuresEveryStructureOnTheInputsGrid) {
  const Answer answer = Ask(Asking(true, false));
  const auto expected = Measured(answer, {1, 2, 3}, false);
  ASSERT_EQ(answer.summary.statistics_size(), 3) << "those that were not found too";
  for (int i = 0; i < 3; ++i) {
    const v1::StructureStatistics& structure = answer.summary.statistics(i);
    EXPECT_EQ(structure.name(), "structure_" + std::to_string(i + 1));
    EXPECT_EQ(structure.value(), static_cast<uint32_t>(i + 1));
    EXPECT_EQ(structure.voxels(), static_cast<uint64_t>(expected[static_cast<size_t>(i)].voxels));
    EXPECT_EQ(structure.volume_mm3(), expected[static_cast<size_t>(i)].volume_mm3);
    EXPECT_NEAR(structure.mean_hu(), expected[static_cast<size_t>(i)].mean_hu, 0.5e-5) << "five decimals";
    EXPECT_EQ(structure.touches_border(), expected[static_cast<size_t>(i)].touches_border);
  }
}

TEST_F(SegmentAnswerTest, AppliesTheBorderRuleWhenAskedTo) {
  v1::SegmentHeader header = Asking(true, false);
  header.mutable_output()->set_exclude_incomplete(true);
  const Answer answer = Ask(header);
  for (const auto& structure : answer.summary.statistics()) {
    if (!structure.touches_border()) continue;
    EXPECT_GT(structure.voxels(), 0U);
    EXPECT_EQ(structure.volume_mm3(), 0);
    EXPECT_EQ(structure.mean_hu(), 0);
  }
}

TEST_F(SegmentAnswerTest, MeasuresTheStructuresAskedForAlone) {
  v1::SegmentHeader header = Asking(true, true);
  header.add_structures("structure_3");
  const Answer answer = Ask(header);
  ASSERT_EQ(answer.summary.statistics_size(), 1);
  EXPECT_EQ(answer.summary.statistics(0).name(), "structure_3");
  EXPECT_NE(answer.preview, Ask(Asking(true, true)).preview);
}

TEST_F(SegmentAnswerTest, ChangesNothingElseOfTheAnswer) {
  EXPECT_EQ(Ask(Asking(true, true)).file, Ask({}).file);
  EXPECT_EQ(Ask(Asking(true, true)).preview, Ask(Asking(false, true)).preview) << "the same bytes each time";
  EXPECT_TRUE(served_.BecomesIdle());
}

TEST(SegmentAnswerMemory, IsThatOfTheLabelMapsFileWhereItIsNotCompressed) {
  Model model;
  model.labels = {{.value = 1, .name = "liver"}, {.value = 255, .name = "spleen"}};
  v1::SegmentHeader header;
  EXPECT_EQ(SegmentAnswer(header, model).PeakBytes(1000), 0) << "gzip makes little of it";
  header.mutable_output()->set_compression(v1::COMPRESSION_NONE);
  EXPECT_EQ(SegmentAnswer(header, model).FileBytes(1000), 1000);
  EXPECT_EQ(SegmentAnswer(header, model).PeakBytes(1000), 1000);
  header.mutable_output()->set_preview(true);
  EXPECT_EQ(SegmentAnswer(header, model).PeakBytes(1000), kPreviewPeakBytes);
  EXPECT_EQ(SegmentAnswer(header, model).PeakBytes(2 * kPreviewPeakBytes), 2 * kPreviewPeakBytes);
  model.labels.push_back({.value = 256, .name = "aorta"});
  EXPECT_EQ(SegmentAnswer(header, model).FileBytes(1000), 2000) << "two bytes a voxel";
}

TEST(SegmentAnswerMemory, OfAPreviewIsReserved) {
  ServedOptions options;
  options.config.memory_limit_bytes = kPreviewPeakBytes;
  ServedModel served(std::move(options));
  const std::vector<std::byte> ct = SmallCt().Bytes();
  EXPECT_TRUE(Segment(served.channel(), ct, Asking(true, false)).status.ok());
  EXPECT_EQ(Segment(served.channel(), ct, Asking(false, true)).status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(served.BecomesIdle());
}

}  // namespace
}  // namespace tuckerseg
