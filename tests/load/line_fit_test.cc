#include "tests/load/line_fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/volume/expect_error.h"

namespace tuckerseg::load {
namespace {

using testing::ElementsAre;

TEST(LineFit, OfALineIsTheLineWithoutError) {
  const LineFit fit = FitLine(std::vector<Measured>{{0, 1}, {1, 3}, {4, 9}});
  EXPECT_DOUBLE_EQ(fit.slope, 2);
  EXPECT_NEAR(fit.slope_error, 0, 1e-12);
  EXPECT_NEAR(fit.mean_y, 13.0 / 3, 1e-12);
}

TEST(LineFit, HasTheErrorThatItsResidualsSay) {
  const LineFit fit = FitLine(std::vector<Measured>{{0, 0}, {1, 1}, {2, 1}});
  // Residuals -1/6, 1/3, -1/6: their squares sum to 1/6, on one degree of freedom, over a spread of 2.
  EXPECT_NEAR(fit.slope, 0.5, 1e-12);
  EXPECT_NEAR(fit.slope_error, 0.288675, 1e-6);
}

TEST(LineFit, RefusesPointsThatSayNoSlope) {
  ExpectError(ErrorCode::kInvalidArgument, "points = 2: must be at least 3", [] { FitLine(std::vector<Measured>{{0, 0}, {1, 1}}); });
  ExpectError(ErrorCode::kInvalidArgument, "must have more than one x", [] { FitLine(std::vector<Measured>{{1, 0}, {1, 1}, {1, 2}}); });
}

TEST(BlockMeans, AreOfThePointsOfOneBlock) {
  const std::vector<Measured> points{{10, 1}, {11, 3}, {12, 5}, {13.9, 7}, {20, 2}};
  EXPECT_THAT(BlockMeans(points, 2), ElementsAre(Measured{10.5, 2}, Measured{12.95, 6}, Measured{20, 2})) << "blocks without a point are left out";
  EXPECT_TRUE(BlockMeans({}, 2).empty());
}

}  // namespace
}  // namespace tuckerseg::load
