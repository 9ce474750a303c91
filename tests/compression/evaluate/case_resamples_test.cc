#include "compression/evaluate/case_resamples.h"

#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

const CaseValues kLiver{0.91, 0.95, 0.89, 0.97, 0.93, 0.90, 0.96, 0.85};
const CaseValues kSpleen{0.5, std::nullopt, 0.7, 0.6, std::nullopt, 0.8, 0.4, 0.9};

// numpy.percentile(means, [2.5, 97.5]) over the same 10,000 draws (the Mersenne twister of 64 bits, seed 1), made in Python.
TEST(CaseResamples, GiveNumpysPercentilesOfTheMean) {
  const CaseResamples resamples(8);
  const Interval interval = resamples.MeanInterval(kLiver).value();
  EXPECT_NEAR(interval.low, 0.8925, 1e-12);
  EXPECT_NEAR(interval.high, 0.945, 1e-12);
}

TEST(CaseResamples, LeaveOutCasesWithoutAValue) {
  const Interval interval = CaseResamples(8).MeanInterval(kSpleen).value();
  EXPECT_NEAR(interval.low, 0.5142857142857143, 1e-12);
  EXPECT_NEAR(interval.high, 0.7857142857142857, 1e-12);
}

TEST(CaseResamples, DrawStructuresOfACaseTogether) {
  const std::vector<CaseValues> structures{kLiver, kSpleen};
  const Interval interval = CaseResamples(8).MeanOfMeansInterval(structures).value();
  EXPECT_NEAR(interval.low, 0.724375, 1e-12);
  EXPECT_NEAR(interval.high, 0.845625, 1e-12);
}

TEST(CaseResamples, AreTheSameForTheSameSeedAlone) {
  EXPECT_EQ(CaseResamples(8, 5).MeanInterval(kSpleen), CaseResamples(8, 5).MeanInterval(kSpleen));
  EXPECT_NE(CaseResamples(8, 5, 100).MeanInterval(kSpleen), CaseResamples(8, 6, 100).MeanInterval(kSpleen));
}

TEST(CaseResamples, GiveEqualValuesNoWidth) {
  EXPECT_EQ(CaseResamples(6).MeanInterval(CaseValues(6, 0.5)), (Interval{0.5, 0.5}));
}

TEST(CaseResamples, GiveNoIntervalToFewerThanSixCases) {
  EXPECT_FALSE(CaseResamples(5).MeanInterval(CaseValues(5, 0.5)));
  CaseValues five_of_eight(8, std::nullopt);
  for (size_t i = 0; i < 5; ++i) five_of_eight[i] = 0.5;
  EXPECT_FALSE(CaseResamples(8).MeanInterval(five_of_eight));
  EXPECT_FALSE(CaseResamples(8).MeanOfMeansInterval({}));
}

}  // namespace
}  // namespace tuckerseg
