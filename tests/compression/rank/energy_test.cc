#include "compression/rank/energy.h"

#include <gmock/gmock.h>

#include <cmath>

#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

const std::vector<double> kThree{2, 1, 1};  // squares 4, 1, 1: shares 2/3, 1/6, 1/6

TEST(RankForEnergy, IsTheSmallestThatKeepsTheShareOfTheSquares) {
  EXPECT_EQ(RankForEnergy(kThree, 0.5), 1);
  EXPECT_EQ(RankForEnergy(kThree, 0.67), 2);
  EXPECT_EQ(RankForEnergy(kThree, 0.84), 3);
  EXPECT_EQ(RankForEnergy(std::vector<double>{3, 1}, 0.9), 1) << "exactly the share";
}

TEST(RankForEnergy, KeepsAllThatIsNotZeroAtOne) {
  EXPECT_EQ(RankForEnergy(kThree, 1), 3);
  EXPECT_EQ(RankForEnergy(std::vector<double>{2, 1, 1e-9, 0}, 1), 2);
}

TEST(RankForEnergy, IsAtLeastOne) {
  EXPECT_EQ(RankForEnergy(kThree, 1e-6), 1);
  EXPECT_EQ(RankForEnergy(std::vector<double>{0, 0}, 0.9), 1);
}

TEST(RankForEnergy, RefusesWhatAreNoSingularValues) {
  ExpectError(ErrorCode::kInvalidArgument, "energy = 0: must be in (0, 1]", [] { RankForEnergy(kThree, 0); });
  ExpectError(ErrorCode::kInvalidArgument, "energy = 1.5: must be in (0, 1]", [] { RankForEnergy(kThree, 1.5); });
  ExpectError(ErrorCode::kInvalidArgument, "must be there and descend", [] { RankForEnergy(std::vector<double>{1, 2}, 0.9); });
  ExpectError(ErrorCode::kInvalidArgument, "must be there and descend", [] { RankForEnergy({}, 0.9); });
  ExpectError(ErrorCode::kDataLoss, "must be finite", [] { RankForEnergy(std::vector<double>{2, std::nan("")}, 0.9); });
}

TEST(RanksForEnergy, AreOfEachModeOfTheLayersThatHaveSpectra) {
  const std::map<std::string, ModeSpectra> spectra{{"decoder.0.conv", {{3, 1, 0.1, 0, 0, 0, 0, 0}, {2, 2, 2, 2}}}, {"head", {{1, 0, 0, 0}, {1, 1, 1}}}};
  EXPECT_EQ(RanksForEnergy(TinyUnet(4, 3), spectra, 0.89), (RankPlan{{"decoder.0.conv", {1, 4}}, {"head", {1, 3}}}));
}

TEST(RanksForEnergy, ArePutOnTheGridWithinTheChannels) {
  // Fewer values than channels: the others are zero.
  EXPECT_EQ(RanksForEnergy(TinyUnet(4, 3), {{"decoder.0.conv", {{3, 1}, {2, 2}}}}, 0.9, 3), (RankPlan{{"decoder.0.conv", {3, 3}}}));
  EXPECT_EQ(RanksForEnergy(TinyUnet(4, 3), {{"decoder.0.conv", {{1}, {1}}}}, 0.9, 16), (RankPlan{{"decoder.0.conv", {8, 4}}}));
}

TEST(RanksForEnergy, NameTheLayerThatIsWrong) {
  const LayerGraph graph = TinyUnet(4, 3);
  ExpectError(ErrorCode::kInvalidArgument, "layer absent: must be a convolution of the graph", [&] { RanksForEnergy(graph, {{"absent", {{1}, {1}}}}, 0.9); });
  ExpectError(ErrorCode::kInvalidArgument, "layer sum: must be a convolution of the graph", [&] { RanksForEnergy(graph, {{"sum", {{1}, {1}}}}, 0.9); });
  ExpectError(ErrorCode::kInvalidArgument, "layer head: 4 singular values: must not be more than the 3 channels",
              [&] { RanksForEnergy(graph, {{"head", {{1}, {1, 1, 1, 1}}}}, 0.9); });
  ExpectError(ErrorCode::kDataLoss, "layer head: singular values", [&] { RanksForEnergy(graph, {{"head", {{1}, {-1}}}}, 0.9); });
  ExpectError(ErrorCode::kInvalidArgument, "energy = 2", [&] { RanksForEnergy(graph, {}, 2); });
}

}  // namespace
}  // namespace tuckerseg
