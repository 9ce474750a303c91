#include "server/serve/compare_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/volume/label_overlap.h"
#include "engine/volume/nifti_reader.h"
#include "tests/server/serve/compare_conversation.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/served_model.h"
#include "tests/server/variants/tiny_variants.h"

namespace tuckerseg {
namespace {

/// The original, tucker-0.3, and two levels that give every voxel one label: `ones` and `twos`; `nothing` gives all of them background.
class CompareCallTest : public testing::Test {
 protected:
  static ServedOptions Serving(const ModelOnDisk& disk) {
    disk.Add("coarse", {{"tucker-0.3", 0.3, true, 1}}, 11, TinyCard("tucker-0.3", 0.93, 0.91));
    disk.AddDrawing(1, "ones", {{"ones", 0.5, true, 2}}, 12);
    disk.AddDrawing(2, "twos", {{"twos", 0.6, true, 2}}, 13);
    disk.AddDrawing(0, "nothing", {{"nothing", 0.1, true, 1}}, 14);
    ServedOptions options;
    options.models = disk.models();
    return options;
  }
  CompareAnswer Ask(const std::vector<std::string>& levels, bool label_maps = false) {
    v1::CompareHeader header = Comparing(levels);
    header.set_label_maps(label_maps);
    return Compare(served_.channel(), ct_, header);
  }
  Answer SegmentAt(const std::string& level) {
    v1::SegmentHeader header;
    header.mutable_level()->set_name(level);
    return Segment(served_.channel(), ct_, header);
  }

  const ModelOnDisk disk_{TinyServedBundle()};
  ServedModel served_{Serving(disk_)};
  const std::vector<std::byte> ct_ = SmallCt().Bytes();
};

TEST_F(CompareCallTest, AnswersForEachLevelInTheOrderOfTheHeader) {
  const CompareAnswer answer = Ask({"tucker-0.3", "original", "ones"});
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_THAT(answer.order, testing::MatchesRegex("(ap+r){3}"));
  ASSERT_EQ(answer.levels.size(), 3U);
  EXPECT_EQ(answer.levels[0].result.variant(), "tucker-0.3");
  EXPECT_EQ(answer.levels[1].result.variant(), "original");
  EXPECT_EQ(answer.levels[2].result.variant(), "ones");
  for (const AnsweredLevel& level : answer.levels) {
    EXPECT_EQ(level.accepted.variant(), level.result.variant());
    EXPECT_EQ(level.accepted.reason(), v1::LEVEL_REASON_ASKED);
    EXPECT_EQ(level.accepted.request_id(), answer.levels[0].accepted.request_id()) << "it is one call";
    EXPECT_EQ(level.result.device(), "cpu");
    EXPECT_EQ(level.result.precision(), "fp32");
    EXPECT_GT(level.result.peak_memory_bytes(), 0U);
  }
  EXPECT_THAT(answer.levels[0].result.quality_statement(), testing::HasSubstr("mean Dice 0.930"));
  EXPECT_TRUE(served_.BecomesIdle());
}

TEST_F(CompareCallTest, SaysWhichWeightsRan) {
  const CompareAnswer answer = Ask({"original", "ones"});
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.levels[0].result.variant_weights_sha256(), disk_.model().provenance.weights_sha256);
  EXPECT_EQ(answer.levels[1].result.variant_weights_sha256(), ReadVariant(disk_.variant("ones"), disk_.model()).weights_sha256);
}

TEST_F(CompareCallTest, TakesLevelsByTheirNumbers) {
  const CompareAnswer answer = Ask({"original", "0.30", "0.5"});
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.levels[1].result.variant(), "tucker-0.3");
  EXPECT_EQ(answer.levels[2].result.variant(), "ones");
}

TEST_F(CompareCallTest, ComparesTheLabelMapsThatSegmentGives) {
  const std::vector<uint16_t> first = DecodedLabels(SegmentAt("original").file);
  const std::vector<uint16_t> second = DecodedLabels(SegmentAt("tucker-0.3").file);
  const std::map<int64_t, Overlap> overlaps = CountOverlaps(second, first);
  const v1::LevelResult result = Ask({"original", "tucker-0.3"}).levels.at(1).result;
  EXPECT_EQ(result.equal_share(), EqualShare(first, second));
  EXPECT_LT(result.equal_share(), 1) << "random networks differ";
  ASSERT_EQ(static_cast<size_t>(result.dice_size()), overlaps.size());
  for (const v1::StructureDice& dice : result.dice()) {
    EXPECT_EQ(dice.name(), "structure_" + std::to_string(dice.value()));
    EXPECT_EQ(dice.dice(), overlaps.at(dice.value()).Dice());
  }
}

TEST_F(CompareCallTest, FindsTheFirstLevelEqualToItself) {
  const v1::LevelResult first = Ask({"original", "ones"}).levels.at(0).result;
  EXPECT_EQ(first.equal_share(), 1);
  EXPECT_EQ(first.mean_dice(), 1);
  EXPECT_GT(first.dice_size(), 0);
}

TEST_F(CompareCallTest, TellsOfStructuresThatOneOfTheTwoLevelsHolds) {
  constexpr uint64_t kVoxels = 13 * 9 * 11;
  const v1::LevelResult result = Ask({"ones", "twos"}).levels.at(1).result;
  EXPECT_EQ(result.equal_share(), 0);
  EXPECT_EQ(result.mean_dice(), 0);
  ASSERT_EQ(result.dice_size(), 2) << "structure_3 is in neither";
  EXPECT_EQ(result.dice(0).name(), "structure_1");
  EXPECT_EQ(result.dice(0).voxels(), 0U);
  EXPECT_EQ(result.dice(0).first_voxels(), kVoxels);
  EXPECT_EQ(result.dice(1).voxels(), kVoxels);
  EXPECT_FALSE(Ask({"nothing", "twos"}).levels.at(0).result.has_mean_dice());
}

TEST_F(CompareCallTest, GivesTheFilesThatSegmentGivesIfAskedForThem) {
  const CompareAnswer answer = Ask({"original", "tucker-0.3", "ones"}, true);
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_THAT(answer.order, testing::MatchesRegex("(ap+rhc+){3}"));
  for (const AnsweredLevel& level : answer.levels) {
    const Answer alone = SegmentAt(level.result.variant());
    EXPECT_EQ(level.file, alone.file) << level.result.variant();
    EXPECT_EQ(level.header.sha256(), alone.header.sha256());
    EXPECT_EQ(level.header.bytes(), alone.header.bytes());
    EXPECT_EQ(level.header.labels_size(), 3);
  }
  EXPECT_TRUE(served_.BecomesIdle());
}

TEST_F(CompareCallTest, TakesTheSecondsOfTheWorkAlone) {
  for (const AnsweredLevel& level : Ask({"original", "tucker-0.3"}).levels) {
    std::map<v1::Stage, double> seconds;
    for (const v1::StageTime& time : level.result.stages()) seconds[time.stage()] = time.seconds();
    ASSERT_EQ(seconds.size(), 4U);
    const double work = seconds.at(v1::STAGE_PREPROCESS) + seconds.at(v1::STAGE_INFER) + seconds.at(v1::STAGE_POSTPROCESS);
    EXPECT_GT(level.result.seconds(), 0);
    EXPECT_LE(level.result.seconds(), work + 1e-9) << "which ends where this call's thread takes the result";
    EXPECT_LE(level.result.network_seconds(), seconds.at(v1::STAGE_INFER) + 1e-9);
    EXPECT_TRUE(seconds.contains(v1::STAGE_QUEUE)) << "beside them";
  }
}

TEST_F(CompareCallTest, TellsProgressOfAllLevelsTogether) {
  const CompareAnswer answer = Ask({"original", "tucker-0.3"});
  double fraction = 0;
  for (const v1::Progress& progress : answer.progress) {
    EXPECT_GE(progress.fraction(), fraction);
    fraction = progress.fraction();
    EXPECT_LE(progress.patches_done(), 12U) << "those of one level";
  }
  EXPECT_EQ(fraction, 1);
  const auto half = [](const v1::Progress& progress) { return progress.fraction() == 0.5; };
  EXPECT_TRUE(std::any_of(answer.progress.begin(), answer.progress.end(), half)) << "the first level is done";
}

TEST_F(CompareCallTest, LearnsTimesWhereItMakesWhatSegmentMakes) {
  const LevelKey coarse{"tiny", "tucker-0.3"};
  const double expected_s = served_.times().KnownPatchSeconds(coarse).value();
  ASSERT_TRUE(Ask({"original", "tucker-0.3"}).status.ok());
  EXPECT_EQ(served_.times().KnownPatchSeconds(coarse), expected_s) << "no answer was made: its time would be missing";
  ASSERT_TRUE(Ask({"original", "tucker-0.3"}, true).status.ok());
  EXPECT_NE(served_.times().KnownPatchSeconds(coarse), expected_s);
}

TEST_F(CompareCallTest, ChecksLengthAndChecksumAsSegmentDoes) {
  v1::CompareHeader header = Comparing({"original", "ones"});
  header.set_total_bytes(ct_.size());
  EXPECT_TRUE(Compare(served_.channel(), ct_, header).status.ok());
  header.set_sha256(std::string(64, '0'));
  const CompareAnswer changed = Compare(served_.channel(), ct_, header);
  EXPECT_EQ(changed.status.error_code(), grpc::DATA_LOSS);
  EXPECT_EQ(changed.order, "");
  EXPECT_TRUE(served_.BecomesIdle());
}

}  // namespace
}  // namespace tuckerseg
