#include "server/serve/segment_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "engine/sha256.h"
#include "engine/volume/nifti_reader.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/served_model.h"

namespace tuckerseg {
namespace {

std::string Sha256Of(std::span<const std::byte> bytes) {
  Sha256 digest;
  digest.Update(bytes);
  return digest.Digest();
}

/// What the engine says of `file` without a server.
std::vector<uint16_t> LabelsOf(std::span<const std::byte> file) {
  Segmenter segmenter(TinyServedBundle(), PlainExecutorFactory());
  return segmenter.Segment(ReadNifti(file).volume, {}).label_map.labels;
}

v1::SegmentHeader Uncompressed() {
  v1::SegmentHeader header;
  header.mutable_output()->set_compression(v1::COMPRESSION_NONE);
  return header;
}

class SegmentCallTest : public testing::Test {
 protected:
  Answer Ask(const v1::SegmentHeader& header = {}) { return Segment(served_.channel(), ct_, header); }

  ServedModel served_;
  const std::vector<std::byte> ct_ = SmallCt().Bytes();
};

TEST_F(SegmentCallTest, AnswersInTheOrderOfTheContract) {
  const Answer answer = Ask();
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_THAT(answer.order, testing::MatchesRegex("ap+hc+s"));
}

TEST_F(SegmentCallTest, SaysWhatItHasAccepted) {
  const v1::Accepted accepted = Ask().accepted;
  EXPECT_EQ(accepted.request_id().size(), 32U);
  EXPECT_EQ(accepted.variant(), "original");
  EXPECT_EQ(accepted.reason(), v1::LEVEL_REASON_ONLY);
  EXPECT_EQ(accepted.device(), "cpu");
  EXPECT_EQ(accepted.queue_position(), 0U);
  v1::SegmentHeader by_name;
  by_name.mutable_level()->set_name("original");
  EXPECT_EQ(Ask(by_name).accepted.reason(), v1::LEVEL_REASON_ASKED);
}

TEST_F(SegmentCallTest, ProgressNeverGoesBackAndEndsAtTheLastPatch) {
  const Answer answer = Ask();
  double fraction = 0;
  for (const v1::Progress& progress : answer.progress) {
    EXPECT_GE(progress.fraction(), fraction);
    fraction = progress.fraction();
  }
  EXPECT_EQ(answer.progress.back().patches_done(), 12U);
  EXPECT_EQ(answer.progress.back().patches_total(), 12U);
  EXPECT_EQ(fraction, 1);
}

TEST_F(SegmentCallTest, GivesTheLabelsThatTheSegmenterGives) {
  const std::vector<uint16_t> expected = LabelsOf(ct_);
  EXPECT_GT(*std::max_element(expected.begin(), expected.end()), 0) << "a random network labels something";
  EXPECT_EQ(DecodedLabels(Ask().file), expected);
  EXPECT_EQ(DecodedLabels(Segment(served_.channel(), SmallCt().Gzip()).file), expected);
}

TEST_F(SegmentCallTest, KeepsTheInputsGeometryByteForByte) {
  const NiftiHeader input = ReadNifti(ct_).header;
  const Answer answer = Ask();
  const NiftiHeader output = ReadNifti(answer.file).header;
  // NIfTI-1: dim; pixdim with qfac; xyzt_units; form codes, quaternion, offsets and sform.
  for (const auto& [first, last] : {std::pair{40, 56}, {76, 108}, {123, 124}, {252, 328}}) {
    for (int i = first; i < last; ++i)
      EXPECT_EQ(output.fields[static_cast<size_t>(i)], input.fields[static_cast<size_t>(i)]) << i;
  }
  const v1::Geometry& geometry = answer.header.geometry();
  EXPECT_THAT(geometry.shape(), testing::ElementsAre(13, 9, 11));
  EXPECT_THAT(geometry.spacing_mm(), testing::ElementsAre(1, 1, 1));
  EXPECT_THAT(geometry.affine_ras(), testing::ElementsAre(-1, 0, 0, 12.5, 0, -1, 0, -7, 0, 0, 1, 300));
}

TEST_F(SegmentCallTest, SaysSizeAndChecksumOfTheLabelMapBeforeIt) {
  for (const v1::SegmentHeader& header : {v1::SegmentHeader(), Uncompressed()}) {
    const Answer answer = Ask(header);
    EXPECT_EQ(answer.header.bytes(), answer.file.size());
    EXPECT_EQ(answer.header.sha256(), Sha256Of(answer.file));
  }
}

TEST_F(SegmentCallTest, CompressesTheLabelMapUnlessToldOtherwise) {
  v1::SegmentHeader gzip;
  gzip.mutable_output()->set_compression(v1::COMPRESSION_GZIP);
  EXPECT_EQ(Ask().file.front(), std::byte{0x1F});
  EXPECT_EQ(Ask(gzip).file, Ask().file);
  const std::vector<std::byte> raw = Ask(Uncompressed()).file;
  EXPECT_EQ(raw.front(), std::byte{0x5C}) << "348, the size of a NIfTI-1 header";
  EXPECT_EQ(DecodedLabels(raw), LabelsOf(ct_));
}

TEST_F(SegmentCallTest, ListsEveryLabelThatTheFileCanHold) {
  const v1::LabelMapHeader header = Ask().header;
  ASSERT_EQ(header.labels_size(), 3);
  EXPECT_EQ(header.labels(0).value(), 1U);
  EXPECT_EQ(header.labels(2).name(), "structure_3");
}

TEST_F(SegmentCallTest, SumsUpVolumesOfTheStructuresFound) {
  const Answer answer = Ask();
  const std::vector<uint16_t> labels = DecodedLabels(answer.file);
  for (const v1::StructureVolume& volume : answer.summary.volumes()) {
    const auto voxels = std::count(labels.begin(), labels.end(), volume.value());
    EXPECT_GT(voxels, 0);
    EXPECT_EQ(volume.voxels(), static_cast<uint64_t>(voxels));
    EXPECT_DOUBLE_EQ(volume.volume_ml(), static_cast<double>(voxels) / 1000.0);
    EXPECT_EQ(volume.name(), "structure_" + std::to_string(volume.value()));
  }
  const std::set<uint16_t> found(labels.begin(), labels.end());
  EXPECT_EQ(static_cast<size_t>(answer.summary.volumes_size()), found.size() - found.count(0));
}

TEST_F(SegmentCallTest, SumsUpWhatTheRequestCost) {
  const auto begin = std::chrono::steady_clock::now();
  const Answer answer = Ask();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  ASSERT_EQ(answer.summary.stages_size(), 8);
  double sum = 0;
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(answer.summary.stages(i).stage(), i + 1);
    EXPECT_GE(answer.summary.stages(i).seconds(), -1e-9);
    sum += answer.summary.stages(i).seconds();
  }
  EXPECT_LE(sum, seconds) << "stages exclude one another";
  EXPECT_GT(answer.summary.stages(v1::STAGE_INFER - 1).seconds(), 0);
  EXPECT_GT(answer.summary.peak_memory_bytes(), 0U);
  EXPECT_EQ(answer.summary.variant(), "original");
  EXPECT_NE(answer.summary.quality_statement(), "");
  EXPECT_EQ(answer.summary.provenance().model(), "tiny");
  EXPECT_EQ(answer.summary.provenance().task(), "tiny");
}

TEST_F(SegmentCallTest, KeepsTheStructuresAskedForAndTheirValues) {
  v1::SegmentHeader header;
  header.add_structures("structure_3");
  header.add_structures("structure_1");
  const Answer answer = Ask(header);
  std::vector<uint16_t> expected = LabelsOf(ct_);
  std::replace(expected.begin(), expected.end(), uint16_t{2}, uint16_t{0});
  EXPECT_EQ(DecodedLabels(answer.file), expected);
  ASSERT_EQ(answer.header.labels_size(), 2);
  EXPECT_EQ(answer.header.labels(0).name(), "structure_1");
  EXPECT_EQ(answer.header.labels(1).name(), "structure_3");
  for (const v1::StructureVolume& volume : answer.summary.volumes()) EXPECT_NE(volume.value(), 2U);
}

TEST_F(SegmentCallTest, TakesTheAnnouncedLengthAndChecksum) {
  v1::SegmentHeader header;
  header.set_task("tiny");
  header.set_total_bytes(ct_.size());
  header.set_sha256(Sha256Of(ct_));
  header.set_priority(-10);
  EXPECT_TRUE(Ask(header).status.ok());
}

TEST_F(SegmentCallTest, GivesTheSameBytesThirtyTimes) {
  const std::vector<std::byte> first = Ask().file;
  for (int i = 1; i < 30; ++i) ASSERT_EQ(Ask().file, first) << "request " << i;
  EXPECT_TRUE(served_.BecomesIdle());
}

TEST_F(SegmentCallTest, ServesCallsThatComeAtOnce) {
  const std::vector<std::byte> expected = Ask().file;
  std::vector<std::jthread> clients;
  std::atomic<int> equal = 0;
  for (int i = 0; i < 6; ++i) {
    clients.emplace_back([&] { equal += Ask().file == expected ? 1 : 0; });
  }
  clients.clear();
  EXPECT_EQ(equal, 6);
  EXPECT_TRUE(served_.BecomesIdle());
}

/// One convolution of a single tap, in one patch: as fast as a network can be.
Bundle TrivialBundle(const Size3& patch) {
  LayerGraph graph;
  AddLayer(graph, {.name = "input", .kind = LayerKind::kInput, .in_channels = 1, .out_channels = 1});
  AddLayer(graph, {.name = "head",
                   .kind = LayerKind::kConvolution,
                   .inputs = {0},
                   .in_channels = 1,
                   .out_channels = 2,
                   .bias = true});
  return TinyBundle(graph, patch, 3);
}

TEST(SegmentCallLargeVolume, PassesGrpcsStockMessageLimitBothWays) {
  // 4.3 MiB of labels, 8.6 MiB of voxels: more than the 4 MiB that a message may have.
  ServedOptions options;
  options.bundles = {TrivialBundle({160, 160, 176})};
  ServedModel served(std::move(options));
  const std::vector<std::byte> ct = RandomCt({176, 160, 160}, 2).Bytes();
  const Answer answer = Segment(served.channel(), ct, Uncompressed(), size_t{1} << 20);
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_GT(ct.size(), size_t{8} << 20);
  EXPECT_GT(answer.file.size(), size_t{4} << 20);
  EXPECT_LE(answer.largest_chunk, size_t{512} << 10);
  EXPECT_EQ(answer.header.sha256(), Sha256Of(answer.file));
}

}  // namespace
}  // namespace tuckerseg
