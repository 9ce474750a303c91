#include "compression/tucker/tucker_weight.h"

#include <gtest/gtest.h>

#include "engine/error.h"
#include "tests/compression/tucker/random_weight.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

TuckerWeight Form() {
  TuckerWeight form;
  form.core = (Matrix(1, 4) << 1, 2, 3, 4).finished();  // ranks 1 and 2, 2 taps
  form.out_factor = (Matrix(2, 1) << 1, 10).finished();
  form.in_factor = (Matrix(3, 2) << 1, 0, 0, 1, 1, 1).finished();
  return form;
}

TEST(TuckerWeight, StandsForTheProductOfItsParts) {
  // Input channels 0, 1, 2 take the core's taps {1, 2}, {3, 4} and their sum; output channel 1 ten times as much.
  EXPECT_EQ(Compose(Form()).by_out, (Matrix(2, 6) << 1, 2, 3, 4, 4, 6, 10, 20, 30, 40, 40, 60).finished());
}

TEST(TuckerWeight, HasNoErrorAgainstWhatItStandsFor) { EXPECT_EQ(RelativeError(Compose(Form()), Form()), 0); }

TEST(TuckerWeight, OfZerosHasNoErrorAgainstZeros) {
  TuckerWeight form = Form();
  form.core.setZero();
  EXPECT_EQ(RelativeError(Compose(form), form), 0);
}

TEST(TuckerWeight, LosesTheLastColumnsOfItsFactorsAtASmallerRank) {
  const TuckerWeight smaller = LeadingRanks(Form(), 1, 1);
  EXPECT_EQ(smaller.core, (Matrix(1, 2) << 1, 2).finished());
  EXPECT_EQ(smaller.in_factor, (Matrix(3, 1) << 1, 0, 1).finished());
}

TEST(TuckerWeight, HasNoLargerRankThanItWasMadeWith) {
  ExpectError(ErrorCode::kInvalidArgument, "rank_in = 3: must be in [1, 2]", [] { LeadingRanks(Form(), 3, 1); });
  ExpectError(ErrorCode::kInvalidArgument, "rank_out = 0: must be in [1, 1]", [] { LeadingRanks(Form(), 1, 0); });
}

}  // namespace
}  // namespace tuckerseg
