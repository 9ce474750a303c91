#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "engine/volume/resample.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/engine/volume/skimage_resize.h"

namespace tuckerseg {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::Pointwise;

size_t Count(const ArrayShape& shape) { return static_cast<size_t>(shape[0] * shape[1] * shape[2]); }

std::vector<float> Resized(const std::vector<float>& input, const ArrayShape& shape, const ArrayShape& output_shape,
                           const HalfPixelRule& rule, int threads = 1) {
  std::vector<float> output(Count(output_shape));
  ResampleHalfPixel(input, shape, rule, output, output_shape, threads);
  return output;
}

/// Element (x, y, z): ((73 x + 31 y + 17 z) mod 101 - 50) / 2.
std::vector<float> Pattern(const ArrayShape& shape) {
  std::vector<float> values;
  for (int64_t x = 0; x < shape[0]; ++x)
    for (int64_t y = 0; y < shape[1]; ++y)
      for (int64_t z = 0; z < shape[2]; ++z) values.push_back(static_cast<float>((73 * x + 31 * y + 17 * z) % 101 - 50) / 2);
  return values;
}

TEST(ResampleHalfPixel, SamplesAtTheCentresOfTheVoxels) {
  // x = -0.25, 0.25, 0.75, 1.25: the outer two are clamped.
  EXPECT_THAT(Resized({0, 100}, {1, 1, 2}, {1, 1, 4}, {.order = 1}), ElementsAre(0, 25, 75, 100));
  EXPECT_THAT(Resized({0, 100}, {1, 1, 2}, {1, 1, 4}, {.order = 0}), ElementsAre(0, 0, 100, 100));
  EXPECT_THAT(Resized({0, 10, 20, 30}, {4, 1, 1}, {2, 1, 1}, {.order = 1}), ElementsAre(5, 25));
}

TEST(ResampleHalfPixel, GivesScikitImagesVoxels) {
  for (const SkimageResize& expected : kSkimageResizes) {
    SCOPED_TRACE(testing::PrintToString(expected.shape) + " to " + testing::PrintToString(expected.output_shape) + " order " +
                 std::to_string(expected.order) + " separate axis " + std::to_string(expected.separate_axis));
    HalfPixelRule rule{expected.order, std::nullopt};
    if (expected.separate_axis >= 0) rule.separate_axis = expected.separate_axis;
    // Values reach 25: 1e-5 is four digits in float32 and far above the rounding of a double sum.
    EXPECT_THAT(Resized(Pattern(expected.shape), expected.shape, expected.output_shape, rule),
                Pointwise(FloatNear(1e-5F), expected.output));
  }
}

TEST(ResampleHalfPixel, LeavesAnArrayOfTheSameShapeAsItIs) {
  const ArrayShape shape{4, 5, 6};
  for (const int order : {0, 1, 3}) {
    EXPECT_THAT(Resized(Pattern(shape), shape, shape, {.order = order}), Pointwise(FloatNear(1e-5F), Pattern(shape)));
    EXPECT_THAT(Resized(Pattern(shape), shape, shape, {order, 0}), Pointwise(FloatNear(1e-5F), Pattern(shape)));
  }
}

TEST(ResampleHalfPixel, ClipsTheSplinesOvershootToTheRangeOfTheInput) {
  const std::vector<float> step{0, 0, 0, 0, 1, 1, 1, 1};
  for (const float value : Resized(step, {1, 1, 8}, {1, 1, 50}, {.order = 3})) {
    EXPECT_GE(value, 0);
    EXPECT_LE(value, 1);
  }
}

TEST(ResampleHalfPixel, ClipsEachPlaneToItsOwnRangeAcrossTheSeparateAxis) {
  // Plane 0 is a step from 0 to 1, plane 1 is 5 everywhere.
  const std::vector<float> planes{0, 0, 1, 1, 5, 5, 5, 5};
  const auto output = Resized(planes, {2, 1, 4}, {2, 1, 16}, {3, 0});
  for (size_t i = 0; i < 16; ++i) EXPECT_LE(output[i], 1);
  EXPECT_THAT(std::vector<float>(output.begin() + 16, output.end()), Each(5));
}

TEST(ResampleHalfPixel, TakesTheNearestPlaneAlongTheSeparateAxis) {
  // t = -0.25, 0.25, 0.75, 1.25 -> 0, 0.25, 0.75, 1 -> 0, 0, 1, 1; halves go up.
  EXPECT_THAT(Resized({1, 2}, {2, 1, 1}, {4, 1, 1}, {3, 0}), ElementsAre(1, 1, 2, 2));
  EXPECT_THAT(Resized({1, 2, 3, 4}, {1, 4, 1}, {1, 2, 1}, {1, 1}), ElementsAre(2, 4));  // t = 0.5, 2.5
}

TEST(ResampleHalfPixel, DoesNotDependOnTheNumberOfThreads) {
  const ArrayShape shape{9, 11, 13};
  for (const auto& rule : {HalfPixelRule{0, {}}, HalfPixelRule{1, {}}, HalfPixelRule{3, {}}, HalfPixelRule{3, 1}}) {
    const auto expected = Resized(Pattern(shape), shape, {17, 5, 13}, rule);
    for (const int threads : {2, 3, 16}) EXPECT_EQ(Resized(Pattern(shape), shape, {17, 5, 13}, rule, threads), expected);
  }
}

TEST(ResampleHalfPixel, SurvivesAPlaneOfNoNumbers) {
  const std::vector<float> values(8, std::numeric_limits<float>::quiet_NaN());
  for (const auto& rule : {HalfPixelRule{1, {}}, HalfPixelRule{3, 0}}) EXPECT_NO_THROW(Resized(values, {2, 2, 2}, {3, 3, 3}, rule));
}

TEST(ResampleHalfPixel, RefusesOtherOrdersAndArraysThatDoNotFit) {
  const auto expect = [](const std::string& message, const auto& call) { ExpectError(ErrorCode::kInvalidArgument, message, call); };
  for (const int order : {-1, 2, 4}) {
    expect("order = " + std::to_string(order) + ": must be 0, 1 or 3",
           [order] { Resized(Pattern({2, 2, 2}), {2, 2, 2}, {3, 3, 3}, {.order = order}); });
  }
  expect("shape 2 x 2 x 2 to 3 x 0 x 3: every axis must have a voxel",
         [] { Resized(Pattern({2, 2, 2}), {2, 2, 2}, {3, 0, 3}, {.order = 1}); });
  expect("array of 8 voxels to one of 27: must be 2 x 2 x 3 and 3 x 3 x 3",
         [] { Resized(Pattern({2, 2, 2}), {2, 2, 3}, {3, 3, 3}, {.order = 1}); });
  expect("separate axis = 3: must be 0, 1 or 2", [] { Resized(Pattern({2, 2, 2}), {2, 2, 2}, {3, 3, 3}, {1, 3}); });
}

TEST(SeparateAxis, IsTheAxisOfLowestResolutionOfAnAnisotropicImage) {
  EXPECT_EQ(SeparateAxis({5, 1, 1}, {1, 1, 1}, std::nullopt), 0);
  EXPECT_EQ(SeparateAxis({1, 1, 3.1}, {1, 1, 1}, std::nullopt), 2);
  EXPECT_EQ(SeparateAxis({3, 1, 1}, {1, 1, 1}, std::nullopt), std::nullopt);  // 3 is not more than 3
}

TEST(SeparateAxis, ComesFromTheWantedSpacingWhereTheImageIsIsotropic) {
  EXPECT_EQ(SeparateAxis({1, 1, 1}, {1, 5, 1}, std::nullopt), 1);
  EXPECT_EQ(SeparateAxis({5, 1, 1}, {1, 5, 1}, std::nullopt), 0);  // the image comes first
}

TEST(SeparateAxis, IsNoneWhereTwoAxesTie) {
  EXPECT_EQ(SeparateAxis({5, 5, 1}, {1, 1, 1}, std::nullopt), std::nullopt);
  EXPECT_EQ(SeparateAxis({1, 1, 1}, {1, 1, 1}, true), std::nullopt);
}

TEST(SeparateAxis, FollowsThePlansWhereTheyForceIt) {
  EXPECT_EQ(SeparateAxis({5, 1, 1}, {1, 1, 1}, false), std::nullopt);
  EXPECT_EQ(SeparateAxis({1, 1, 1.5}, {5, 1, 1}, true), 2);
}

}  // namespace
}  // namespace tuckerseg
