#include "engine/segment/normalize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/error.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;

TEST(Normalize, CtClipsThenStandardises) {
  std::vector<float> image{-2000, 0, 50, 3000};
  Normalize({.scheme = NormalizationScheme::kCt, .lower = -100, .upper = 100, .mean = 50, .std_dev = 10}, image, {1, 1, 4});
  EXPECT_THAT(image, ElementsAre(-15, -5, 0, 5));
}

TEST(Normalize, ZScoreTakesThePopulationDeviation) {
  std::vector<float> image{1, 3, 1, 3};
  Normalize({.scheme = NormalizationScheme::kZScore}, image, {1, 2, 2});
  EXPECT_THAT(image, ElementsAre(-1, 1, -1, 1));
}

TEST(Normalize, ZScoreWithMaskLeavesTheOutsideAsItIs) {
  std::vector<float> image{0, 1, 3, 0};
  Normalize({.scheme = NormalizationScheme::kZScore, .use_mask = true}, image, {1, 1, 4});
  EXPECT_THAT(image, ElementsAre(0, -1, 1, 0));
}

TEST(Normalize, ConstantImagesGiveZeroAndNoDivisionByZero) {
  for (const auto scheme : {NormalizationScheme::kZScore, NormalizationScheme::kRescaleTo01}) {
    std::vector<float> image{4, 4, 4};
    Normalize({.scheme = scheme}, image, {1, 1, 3});
    EXPECT_THAT(image, ElementsAre(0, 0, 0));
  }
}

TEST(Normalize, RescaleTo01SpansTheRange) {
  std::vector<float> image{-10, 0, 30};
  Normalize({.scheme = NormalizationScheme::kRescaleTo01}, image, {1, 1, 3});
  EXPECT_THAT(image, ElementsAre(0, FloatNear(0.25F, 1e-7F), 1));
}

TEST(Normalize, NoneLeavesEverything) {
  std::vector<float> image{-10, 30};
  Normalize({.scheme = NormalizationScheme::kNone}, image, {1, 1, 2});
  EXPECT_THAT(image, ElementsAre(-10, 30));
}

TEST(Normalize, RgbRefusesValuesOutsideItsRange) {
  std::vector<float> good{0, 255};
  Normalize({.scheme = NormalizationScheme::kRgbTo01}, good, {1, 1, 2});
  EXPECT_THAT(good, ElementsAre(0, 1));
  std::vector<float> bad{256};
  try {
    Normalize({.scheme = NormalizationScheme::kRgbTo01}, bad, {1, 1, 1});
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(error.what(), HasSubstr("voxels: must be in [0, 255]"));
  }
}

}  // namespace
}  // namespace tuckerseg
