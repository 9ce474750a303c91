#include "compression/evaluate/surface_distance.h"

#include <gtest/gtest.h>

#include <vector>

namespace tuckerseg {
namespace {

/// A cube of 3 voxels' edge with its first voxel at `at`, in a grid of 8^3.
std::vector<uint16_t> Cube(const Index3& at, uint16_t value = 1) {
  std::vector<uint16_t> labels(512, 0);
  for (int64_t v = 0; v < 27; ++v) {
    const int64_t i = at[0] + v % 3;
    const int64_t j = at[1] + v / 3 % 3;
    const int64_t k = at[2] + v / 9;
    labels[static_cast<size_t>((k * 8 + j) * 8 + i)] = value;
  }
  return labels;
}

SurfaceDistance OfCubes(const std::vector<uint16_t>& predicted, const std::vector<uint16_t>& reference, double tolerance_mm) {
  return MeasureSurfaces(predicted, reference, {8, 8, 8}, {1, 1, 1}, {.tolerance_mm = tolerance_mm}).at(1);
}

TEST(SurfaceDistance, OfAStructureToItselfIsNothing) {
  const SurfaceDistance same = OfCubes(Cube({2, 2, 2}), Cube({2, 2, 2}), 0);
  EXPECT_EQ(same.surface_dice, 1);
  EXPECT_EQ(same.hd95_mm, 0);
  EXPECT_EQ(same.mean_predicted_to_reference_mm, 0);
  EXPECT_EQ(same.mean_reference_to_predicted_mm, 0);
}

// Numbers of surface-distance 0.1 (DeepMind) for the same cubes.
TEST(SurfaceDistance, OfACubeMovedByTwoVoxels) {
  const SurfaceDistance moved = OfCubes(Cube({2, 2, 2}), Cube({4, 2, 2}), 1);
  EXPECT_NEAR(moved.surface_dice, 0.7535776202675317, 1e-14);
  EXPECT_EQ(moved.hd95_mm, 2);
  EXPECT_NEAR(moved.mean_predicted_to_reference_mm.value(), 0.8400934613572524, 1e-14);
  EXPECT_NEAR(moved.mean_reference_to_predicted_mm.value(), 0.8400934613572524, 1e-14);
  EXPECT_EQ(OfCubes(Cube({2, 2, 2}), Cube({4, 2, 2}), 2).surface_dice, 1) << "exactly the tolerance is near";
}

TEST(SurfaceDistance, HasNoDistanceWhereOneMapLacksTheStructure) {
  const std::vector<uint16_t> nothing(512, 0);
  for (const SurfaceDistance& absent : {OfCubes(nothing, Cube({2, 2, 2}), 3), OfCubes(Cube({2, 2, 2}), nothing, 3)}) {
    EXPECT_EQ(absent.surface_dice, 0);
    EXPECT_FALSE(absent.hd95_mm);
    EXPECT_FALSE(absent.mean_predicted_to_reference_mm);
    EXPECT_FALSE(absent.mean_reference_to_predicted_mm);
  }
}

TEST(SurfaceDistance, CountsTheVolumesEdgeAsSurface) {
  const SurfaceDistance cut = MeasureSurfaces(std::vector<uint16_t>(8, 1), std::vector<uint16_t>{1, 1, 1, 1, 0, 0, 0, 0}, {2, 2, 2}, {1, 1, 1},
                                              {.tolerance_mm = 0.5}).at(1);
  EXPECT_EQ(cut.hd95_mm, 1) << "the lower half of a volume against all of it";
}

TEST(SurfaceDistance, IsByLabelValueAndTakesNoNoticeOfOtherStructures) {
  std::vector<uint16_t> predicted = Cube({0, 0, 0}, 1);
  std::vector<uint16_t> reference = Cube({1, 0, 0}, 1);
  const SurfaceDistance alone = OfCubes(predicted, reference, 0);
  for (size_t v = 0; v < 512; ++v) {
    const bool far = v / 64 > 4;
    if (far) predicted[v] = reference[v] = 300;
  }
  const auto both = MeasureSurfaces(predicted, reference, {8, 8, 8}, {1, 1, 1}, {.tolerance_mm = 0});
  ASSERT_EQ(both.size(), 2U);
  EXPECT_EQ(both.at(1).surface_dice, alone.surface_dice);
  EXPECT_EQ(both.at(300).surface_dice, 1);
}

/// One voxel of three, at random: x -> (1103515245 x + 12345) mod 2^31, inside where x / 2^16 is a multiple of 3.
std::vector<uint16_t> Scattered(uint32_t x) {
  std::vector<uint16_t> labels(7 * 6 * 5);
  for (uint16_t& label : labels) {
    x = (x * 1103515245U + 12345U) & 0x7fffffffU;
    label = (x >> 16) % 3 == 0 ? 1 : 0;
  }
  return labels;
}

// Numbers of surface-distance 0.1 (DeepMind) for the same voxels, 1.1 x 0.8 x 2.5 mm.
TEST(SurfaceDistance, IsDeepMindsOnScatteredVoxels) {
  for (const int threads : {1, 3}) {
    const auto of = [&](double tolerance_mm) {
      return MeasureSurfaces(Scattered(2), Scattered(1), {7, 6, 5}, {1.1, 0.8, 2.5}, {.tolerance_mm = tolerance_mm, .threads = threads}).at(1);
    };
    EXPECT_NEAR(of(1).surface_dice, 0.9568491586686578, 1e-13);
    EXPECT_NEAR(of(0.5).surface_dice, 0.871241381894864, 1e-13);
    EXPECT_EQ(of(1).hd95_mm, 0.8);
    EXPECT_NEAR(of(1).mean_reference_to_predicted_mm.value(), 0.13590836656033733, 1e-13);
    EXPECT_NEAR(of(1).mean_predicted_to_reference_mm.value(), 0.11447667879251168, 1e-13);
  }
}

}  // namespace
}  // namespace tuckerseg
