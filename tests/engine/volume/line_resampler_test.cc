#include "engine/volume/line_resampler.h"

#include <gmock/gmock.h>

#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using ::testing::ElementsAre;

double Halves(int64_t k) { return static_cast<double>(k) / 2; }

TEST(LineResampler, SamplesLinesThatLieSideBySide) {
  const LineResampler resampler(2, 3, 1, Halves);
  std::vector<double> lines{0, 10, 20,  //
                            4, 30, 20};
  std::vector<double> output(9);
  resampler.Run(lines.data(), 3, output.data());
  EXPECT_THAT(output, ElementsAre(0, 10, 20, 2, 20, 20, 4, 30, 20));
}

TEST(LineResampler, RoundsHalvesUpForOrder0) {
  const LineResampler resampler(2, 4, 0, Halves);
  std::vector<double> line{1, 2};
  std::vector<double> output(4);
  resampler.Run(line.data(), 1, output.data());
  EXPECT_THAT(output, ElementsAre(1, 2, 2, 2));
}

TEST(LineResampler, ClampsPositionsBeyondTheLine) {
  const LineResampler resampler(2, 3, 1, [](int64_t k) { return 10.0 * static_cast<double>(k - 1); });
  std::vector<double> line{1, 2};
  std::vector<double> output(3);
  resampler.Run(line.data(), 1, output.data());
  EXPECT_THAT(output, ElementsAre(1, 1, 2));
}

TEST(LineResampler, Order3PassesThroughTheSamples) {
  const LineResampler resampler(5, 5, 3, [](int64_t k) { return static_cast<double>(k); });
  ASSERT_EQ(resampler.padding(), 12);
  std::vector<double> line(5 + 24);
  const std::vector<double> samples{3, -1, 4, 1, -5};
  std::copy(samples.begin(), samples.end(), line.begin() + 12);
  std::vector<double> output(5);
  resampler.Run(line.data(), 1, output.data());
  for (size_t i = 0; i < 5; ++i) EXPECT_NEAR(output[i], samples[i], 1e-13);
}

TEST(LineResampler, Order3GivesAConstantBackFromASingleSample) {
  const LineResampler resampler(1, 3, 3, [](int64_t k) { return static_cast<double>(k) - 1; });
  std::vector<double> line(25);
  line[12] = 7;
  std::vector<double> output(3);
  resampler.Run(line.data(), 1, output.data());
  for (const double value : output) EXPECT_NEAR(value, 7, 1e-13);
}

TEST(LineResampler, RefusesOtherOrdersAndEmptyLines) {
  ExpectError(ErrorCode::kInvalidArgument, "order = 2: must be 0, 1 or 3", [] { LineResampler(2, 2, 2, Halves); });
  ExpectError(ErrorCode::kInvalidArgument, "axis of 0 voxels to 2: both must be at least 1", [] { LineResampler(0, 2, 1, Halves); });
  ExpectError(ErrorCode::kInvalidArgument, "axis of 2 voxels to 0: both must be at least 1", [] { LineResampler(2, 0, 1, Halves); });
}

TEST(ResampleAlong, TouchesOneAxisOfTheArray) {
  const std::vector<float> input{0, 1, 2,  //
                                 10, 11, 12};
  const auto along = [&input](const ArrayShape& shape, int axis) {
    return ResampleAlong(std::span<const float>(input), shape, axis, LineResampler(2, 3, 1, Halves), 2);
  };
  const std::vector<double> expected{0, 1, 2, 5, 6, 7, 10, 11, 12};
  EXPECT_EQ(along({2, 1, 3}, 0), expected);
  EXPECT_EQ(along({1, 2, 3}, 1), expected);
  EXPECT_THAT(along({3, 1, 2}, 2), ElementsAre(0, 0.5, 1, 2, 6, 10, 11, 11.5, 12));
}

TEST(ResampleAlong, CutsWideArraysIntoBlocksWithoutASeam) {
  // 37 lines: two whole blocks of 16 and a part of one.
  std::vector<double> input(2 * 37);
  for (size_t i = 0; i < 37; ++i) input[37 + i] = static_cast<double>(2 * i);
  const auto output = ResampleAlong(std::span<const double>(input), {2, 37, 1}, 0, LineResampler(2, 3, 1, Halves), 3);
  for (size_t i = 0; i < 37; ++i) {
    EXPECT_EQ(output[i], 0);
    EXPECT_EQ(output[37 + i], static_cast<double>(i));
    EXPECT_EQ(output[74 + i], static_cast<double>(2 * i));
  }
}

}  // namespace
}  // namespace tuckerseg
