#include "compression/tucker/hooi.h"

#include <gtest/gtest.h>

#include "tests/compression/tucker/random_weight.h"

namespace tuckerseg {
namespace {

TEST(Hooi, IsNeverWorseThanTheHosvdItStartsFrom) {
  for (const unsigned seed : {1U, 2U, 3U}) {
    const ChannelWeight weight = RandomWeight(12, 10, 27, seed);
    for (const int64_t in : {1, 4, 9})
      for (const int64_t out : {2, 7, 12}) EXPECT_LE(RelativeError(weight, Hooi(weight, in, out)), RelativeError(weight, Hosvd(weight, in, out)) + 1e-12);
  }
}

TEST(Hooi, GainsWhereBothModesAreCut) {
  const ChannelWeight weight = RandomWeight(12, 10, 8, 4);
  EXPECT_LT(RelativeError(weight, Hooi(weight, 3, 3)), RelativeError(weight, Hosvd(weight, 3, 3)) - 1e-3);
}

TEST(Hooi, LeavesAWeightOfZerosAsItIs) {
  const ChannelWeight weight{4, 3, 8, Matrix::Zero(4, 24)};
  EXPECT_EQ(RelativeError(weight, Hooi(weight, 2, 2)), 0);
}

TEST(Hooi, HasOrthonormalFactors) {
  const TuckerWeight form = Hooi(RandomWeight(12, 10, 8, 5), 6, 5);
  EXPECT_LT((form.in_factor.transpose() * form.in_factor - Matrix::Identity(6, 6)).norm(), 1e-12);
  EXPECT_LT((form.out_factor.transpose() * form.out_factor - Matrix::Identity(5, 5)).norm(), 1e-12);
}

}  // namespace
}  // namespace tuckerseg
