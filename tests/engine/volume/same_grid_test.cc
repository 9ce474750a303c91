#include "engine/volume/same_grid.h"

#include <gtest/gtest.h>

#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

/// 11 x 21 x 5 voxels of 1 x 2 x 4 mm, at the origin.
Geometry Grid() {
  Geometry grid;
  grid.shape = {11, 21, 5};
  grid.affine_ras.linear = {{{1, 0, 0}, {0, 2, 0}, {0, 0, 4}}};
  return grid;
}

void Check(const Geometry& labels) { CheckSameGrid("case a: labels", labels, "the image", Grid()); }

void ExpectRefused(const std::string& message, const Geometry& labels) {
  ExpectError(ErrorCode::kInvalidArgument, message, [&] { Check(labels); });
}

TEST(CheckSameGrid, TakesTheSameGridAndOneATenthOfAVoxelOff) {
  Geometry labels = Grid();
  Check(labels);
  labels.affine_ras.translation[2] = 0.09;  // of the smallest spacing, 1 mm
  Check(labels);
  labels.affine_ras.translation[2] = 0.11;
  ExpectRefused("case a: labels lie 0.11", labels);
}

TEST(CheckSameGrid, RefusesAnotherShape) {
  Geometry labels = Grid();
  labels.shape = {21, 11, 5};
  ExpectRefused("case a: labels of 21 x 11 x 5 voxels: must be 11 x 21 x 5, as the image", labels);
}

TEST(CheckSameGrid, RefusesAFlippedAxisOverTheSameVoxels) {
  Geometry labels = Grid();
  labels.affine_ras.linear[0][0] = -1;
  labels.affine_ras.translation[0] = 10;
  ExpectRefused("case a: labels lie 10.0", labels);
}

TEST(CheckSameGrid, LooksAtTheFarCornersOfAnotherSpacing) {
  Geometry labels = Grid();
  labels.affine_ras.linear[1][1] = 2.004;  // 20 steps: 0.08 mm at the end
  Check(labels);
  labels.affine_ras.linear[1][1] = 2.01;  // 0.2 mm
  ExpectRefused("case a: labels lie 0.2", labels);
}

TEST(CheckSameGrid, SaysWhatShouldLieOnWhat) {
  Geometry mask = Grid();
  mask.affine_ras.translation[0] = 3;
  ExpectError(ErrorCode::kInvalidArgument, "labels in mask liver lie 3.0", [&] { CheckSameGrid("labels in mask liver", mask, "mask spleen", Grid()); });
  ExpectError(ErrorCode::kInvalidArgument, "voxels from mask spleen: must be at most 0.1", [&] { CheckSameGrid("labels in mask liver", mask, "mask spleen", Grid()); });
}

}  // namespace
}  // namespace tuckerseg
