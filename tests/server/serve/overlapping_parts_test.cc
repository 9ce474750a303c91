/// Tasks of several networks: how often one of them overwrote what an earlier one had found, as clients are told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/engine/segment/threshold_model.h"
#include "tests/server/serve/compare_conversation.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/served_model.h"
#include "tests/server/variants/tiny_variants.h"

namespace tuckerseg {
namespace {

/// 1 HU everywhere but for three voxels along the first row: the liver's alone, and two more that are bright enough for the spleen, too.
std::vector<std::byte> Ct() {
  constexpr Index3 kShape{20, 9, 9};
  std::vector<int16_t> voxels(static_cast<size_t>(kShape[0] * kShape[1] * kShape[2]), 1);
  voxels[3] = 200;
  voxels[10] = 400;
  voxels[11] = 800;
  return NiftiBuilder().Shape(kShape).Voxels(voxels).Spacing({1, 1, 1}).Bytes();
}

/// The original, whose spleen begins at 300 HU, and the level `half`, whose spleen begins at 600.
class OverlappingParts : public testing::Test {
 protected:
  static ServedOptions Serving(const ModelOnDisk& disk) {
    const Bundle half = OverlappingBundle("overlapping", 100, 600);
    VariantFiles files = TinyVariant(disk.model(), {{"half", 0.5, true, 1}}, 11);
    files.variant.levels.front().graphs = {half.model.parts[0].graph, half.model.parts[1].graph};
    files.weights = half.weights;
    SaveVariant(files, disk.model(), disk.variant("half"));
    ServedOptions options;
    options.models = disk.models();
    return options;
  }
  v1::Summary SummaryOf(v1::SegmentHeader header) {
    header.mutable_level()->set_name("original");
    const Answer answer = Segment(served_.channel(), Ct(), header);
    EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
    return answer.summary;
  }

  const ModelOnDisk disk_{OverlappingBundle("overlapping", 100, 300)};
  ServedModel served_{Serving(disk_)};
};

TEST_F(OverlappingParts, AreCountedInTheSummary) {
  const v1::Summary summary = SummaryOf({});
  EXPECT_EQ(summary.part_overlap_voxels(), 2U);
  ASSERT_EQ(summary.volumes_size(), 2);
  EXPECT_EQ(summary.volumes(0).voxels(), 1U) << "what the spleen has left of the liver";
  EXPECT_EQ(summary.volumes(1).voxels(), 2U);
}

TEST_F(OverlappingParts, AreCountedAmongTheNetworksThatRun) {
  v1::SegmentHeader header;
  header.add_structures("spleen");
  EXPECT_EQ(SummaryOf(header).part_overlap_voxels(), 0U) << "the network that knows the liver alone does not run";
}

TEST_F(OverlappingParts, AreCountedOfEachLevelThatIsCompared) {
  const CompareAnswer answer = Compare(served_.channel(), Ct(), Comparing({"original", "half"}));
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  ASSERT_EQ(answer.levels.size(), 2U);
  EXPECT_EQ(answer.levels[0].result.part_overlap_voxels(), 2U);
  EXPECT_EQ(answer.levels[1].result.part_overlap_voxels(), 1U);
}

TEST_F(OverlappingParts, AreToldAgainWithAnAnswerThatIsGivenAgain) {
  v1::SegmentHeader header;
  header.set_idempotency_key("k");
  EXPECT_EQ(SummaryOf(header).part_overlap_voxels(), 2U);
  EXPECT_EQ(SummaryOf(header).part_overlap_voxels(), 2U);
}

}  // namespace
}  // namespace tuckerseg
