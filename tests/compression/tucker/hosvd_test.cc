#include "compression/tucker/hosvd.h"

#include <gtest/gtest.h>

#include <Eigen/SVD>

#include "engine/error.h"
#include "tests/compression/tucker/random_weight.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

TEST(Hosvd, AtFullRankGivesTheWeightBack) {
  const ChannelWeight weight = RandomWeight(8, 4, 27, 7);
  EXPECT_LT(RelativeError(weight, Hosvd(weight, 4, 8)), 1e-12);
}

TEST(Hosvd, FindsTheRanksOfAWeightThatHasFew) {
  const ChannelWeight weight = Compose(Hosvd(RandomWeight(9, 7, 8, 3), 2, 3));
  EXPECT_LT(RelativeError(weight, Hosvd(weight, 2, 3)), 1e-12);
  EXPECT_GT(RelativeError(weight, Hosvd(weight, 1, 3)), 0.1);
}

TEST(Hosvd, HasAnErrorWithinTheSingularValuesCutAway) {
  for (const unsigned seed : {1U, 2U, 3U}) {
    const ChannelWeight weight = RandomWeight(12, 10, 27, seed);
    const ModeBases bases = BasesOf(weight);
    for (const int64_t in : {1, 4, 9})
      for (const int64_t out : {2, 7, 12}) {
        const double cut = bases.in.values.tail(10 - in).squaredNorm() + bases.out.values.tail(12 - out).squaredNorm();
        const double error = RelativeError(weight, Hosvd(weight, bases, in, out)) * weight.by_out.norm();
        EXPECT_LE(error * error, cut + 1e-9) << in << " " << out;
      }
  }
}

TEST(Hosvd, OfASmallerRankIsTheLeadingBlockOfALargerOne) {
  const ChannelWeight weight = RandomWeight(12, 10, 27, 5);
  const TuckerWeight direct = Hosvd(weight, 3, 5);
  const TuckerWeight slice = LeadingRanks(Hosvd(weight, 10, 12), 3, 5);
  EXPECT_LT((direct.core - slice.core).norm(), 1e-12);
  EXPECT_EQ(direct.in_factor, slice.in_factor);
  EXPECT_EQ(direct.out_factor, slice.out_factor);
}

TEST(Hosvd, HasOrthonormalFactors) {
  const TuckerWeight form = Hosvd(RandomWeight(12, 10, 8, 5), 6, 5);
  EXPECT_LT((form.in_factor.transpose() * form.in_factor - Matrix::Identity(6, 6)).norm(), 1e-12);
  EXPECT_LT((form.out_factor.transpose() * form.out_factor - Matrix::Identity(5, 5)).norm(), 1e-12);
}

TEST(Hosvd, RefusesRanksThatTheChannelsDoNotHaveAndNamesThem) {
  const ChannelWeight weight = RandomWeight(8, 4, 1, 1);
  ExpectError(ErrorCode::kInvalidArgument, "rank_out = 9: must be in [1, 8]", [&] { Hosvd(weight, 4, 9); });
  ExpectError(ErrorCode::kInvalidArgument, "rank_in = 0: must be in [1, 4]", [&] { Hosvd(weight, 0, 8); });
}

TEST(ModeBasis, HoldsTheSingularValuesOfTheUnfolding) {
  const Matrix unfolding = RandomWeight(6, 5, 8, 2).by_out;
  const Vector expected = Eigen::JacobiSVD<Eigen::MatrixXd>(Eigen::MatrixXd(unfolding)).singularValues();
  EXPECT_LT((BasisOf(unfolding).values - expected).norm(), 1e-10);
}

TEST(ModeBasis, HasZerosBeyondTheRankOfANarrowUnfolding) {
  const ModeBasis basis = BasisOf(RandomWeight(6, 1, 2, 2).by_out);
  EXPECT_GT(basis.values[1], 0.1);
  EXPECT_LT(basis.values.tail(4).norm(), 1e-6);
}

TEST(ModeBasis, HasNoSignToChoose) {
  const Matrix unfolding = RandomWeight(6, 5, 8, 2).by_out;
  const Matrix vectors = BasisOf(unfolding).vectors;
  for (int64_t c = 0; c < vectors.cols(); ++c) EXPECT_GT(vectors.col(c).maxCoeff(), -vectors.col(c).minCoeff());
}

}  // namespace
}  // namespace tuckerseg
