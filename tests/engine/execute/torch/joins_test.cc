#include "engine/execute/torch/joins.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/engine/execute/torch/joined_unet.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(ReadersOf, NamesThoseThatReadALayerAndOneThatReadsItTwiceTwice) {
  const LayerGraph graph = JoinedUnet({.skip_twice = true});
  // input, skip, deep, up, concat of up, skip and skip, reader, head
  EXPECT_THAT(ReadersOf(graph), ElementsAre(ElementsAre(1), ElementsAre(2, 4, 4), ElementsAre(3), ElementsAre(4), ElementsAre(5), ElementsAre(6), IsEmpty()));
}

TEST(JoinsOf, FoldsATransposedConvolutionIntoTheMatrixThatATuckerConvolutionBeginsWith) {
  const LayerGraph graph = JoinedUnet({});
  const std::map<size_t, Join> joins = JoinsOf(graph);
  ASSERT_THAT(joins, SizeIs(1));
  const Join& join = joins.begin()->second;
  EXPECT_EQ(graph.layers[joins.begin()->first].name, "concat");
  EXPECT_EQ(graph.layers[join.reader].name, "reader");
  ASSERT_THAT(join.parts, SizeIs(2));
  EXPECT_EQ(graph.layers[join.parts[0].layer].name, "up");
  EXPECT_TRUE(join.parts[0].is_folded);
  EXPECT_EQ(join.parts[0].channels, 6);
  EXPECT_EQ(graph.layers[join.parts[1].layer].name, "skip");
  EXPECT_FALSE(join.parts[1].is_folded) << "not a transposed convolution";
  EXPECT_EQ(join.parts[1].first_channel, 6);
}

TEST(JoinsOf, MakesASumOfConcatsAloneThatATuckerConvolutionAloneReads) {
  EXPECT_THAT(JoinsOf(JoinedUnet({.reader = LayerKind::kConvolution})), IsEmpty());
  EXPECT_THAT(JoinsOf(JoinedUnet({.another_reads_concat = true})), IsEmpty());
  EXPECT_THAT(JoinsOf(JoinedUnet({.rank_in = 10})), IsEmpty()) << "the matrix is part of the core";
}

TEST(JoinsOf, FoldsEveryTransposedConvolutionOfAConcat) {
  const std::map<size_t, Join> joins = JoinsOf(JoinedUnet({.up_twice = true, .joins_input = true}));
  ASSERT_THAT(joins, SizeIs(1));
  const std::vector<JoinPart>& parts = joins.begin()->second.parts;
  ASSERT_THAT(parts, SizeIs(4));
  EXPECT_TRUE(parts[0].is_folded && !parts[1].is_folded && parts[2].is_folded && !parts[3].is_folded);
  EXPECT_EQ(parts[2].first_channel, 10);
  EXPECT_EQ(parts[3].first_channel, 16);
}

TEST(JoinsOf, FoldsNothingThatOthersReadOrThatHasFewerMultiplyAddsByItself) {
  EXPECT_FALSE(JoinsOf(JoinedUnet({.another_reads_up = true})).begin()->second.parts[0].is_folded);
  // 12 to 6 channels and then to 9: 12 * 6 + 6 * 9 = 126 for a voxel, against 12 * 9 = 108; to 1 and then to 4: 16 against 48.
  EXPECT_TRUE(JoinsOf(JoinedUnet({.rank_in = 9})).begin()->second.parts[0].is_folded);
  EXPECT_FALSE(JoinsOf(JoinedUnet({.up_channels = 1, .rank_in = 4})).begin()->second.parts[0].is_folded);
}

}  // namespace
}  // namespace tuckerseg
