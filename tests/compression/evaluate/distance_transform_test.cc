#include "compression/evaluate/distance_transform.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace tuckerseg {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();

std::vector<uint8_t> RandomMask(size_t size, unsigned one_in, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<uint8_t> mask(size);
  for (uint8_t& voxel : mask) voxel = random() % one_in == 0 ? 1 : 0;
  return mask;
}

/// What the header promises, by trying every pair.
std::vector<double> TriedDistances(const std::vector<uint8_t>& to, const Index3& shape, const Spacing3& spacing_mm) {
  const auto place = [&](size_t voxel, int axis) {
    const auto v = static_cast<int64_t>(voxel);
    return static_cast<double>(axis == 0 ? v % shape[0] : axis == 1 ? v / shape[0] % shape[1] : v / shape[0] / shape[1]);
  };
  std::vector<double> nearest(to.size(), kInfinite);
  for (size_t a = 0; a < to.size(); ++a) {
    for (size_t b = 0; b < to.size(); ++b) {
      if (to[b] == 0) continue;
      double squares = 0;
      for (int axis = 0; axis < 3; ++axis) squares += std::pow((place(a, axis) - place(b, axis)) * spacing_mm[static_cast<size_t>(axis)], 2);
      nearest[a] = std::min(nearest[a], std::sqrt(squares));
    }
  }
  return nearest;
}

TEST(NearestDistances, AreMeasuredInMillimetresAlongEachAxis) {
  // A grid of 3 x 2 x 2 voxels with one target in its first corner.
  std::vector<uint8_t> to(12, 0);
  to[0] = 1;
  const std::vector<uint8_t> all(12, 1);
  const std::vector<double> found = NearestDistancesMm(all, to, {3, 2, 2}, {3, 4, 12});
  EXPECT_EQ(found, (std::vector<double>{0, 3, 6, 4, 5, std::sqrt(52.0), 12, std::sqrt(153.0), std::sqrt(180.0), std::sqrt(160.0), 13, 14}));
}

TEST(NearestDistances, AreThoseOfEveryPairTriedOnRandomGrids) {
  const Index3 shape{9, 7, 8};
  const Spacing3 spacing{0.7, 1.9, 3.1};
  for (const unsigned one_in : {2U, 20U, 250U}) {
    const std::vector<uint8_t> to = RandomMask(9 * 7 * 8, one_in, one_in);
    const std::vector<double> expected = TriedDistances(to, shape, spacing);
    const std::vector<double> found = NearestDistancesMm(std::vector<uint8_t>(to.size(), 1), to, shape, spacing);
    ASSERT_EQ(found.size(), expected.size());
    for (size_t v = 0; v < found.size(); ++v) EXPECT_NEAR(found[v], expected[v], 1e-12) << "voxel " << v << ", one in " << one_in;
  }
}

TEST(NearestDistances, AreOfTheAskedVoxelsAloneInTheirOrder) {
  const Index3 shape{9, 7, 8};
  const std::vector<uint8_t> to = RandomMask(9 * 7 * 8, 30, 1);
  const std::vector<uint8_t> from = RandomMask(9 * 7 * 8, 5, 2);
  const std::vector<double> everywhere = NearestDistancesMm(std::vector<uint8_t>(to.size(), 1), to, shape, {1, 2, 3});
  std::vector<double> expected;
  for (size_t v = 0; v < from.size(); ++v)
    if (from[v] != 0) expected.push_back(everywhere[v]);
  EXPECT_EQ(NearestDistancesMm(from, to, shape, {1, 2, 3}), expected);
  EXPECT_EQ(NearestDistancesMm(from, to, shape, {1, 2, 3}, /*threads=*/3), expected) << "threads change nothing";
}

TEST(NearestDistances, AreInfiniteWhereThereIsNothingToReach) {
  EXPECT_EQ(NearestDistancesMm(std::vector<uint8_t>{1, 0, 1, 0}, std::vector<uint8_t>(4, 0), {2, 2, 1}, {1, 1, 1}),
            (std::vector<double>{kInfinite, kInfinite}));
}

}  // namespace
}  // namespace tuckerseg
