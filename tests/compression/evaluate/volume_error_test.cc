#include "compression/evaluate/volume_error.h"

#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

TEST(VolumeError, IsNegativeWhereTooLittleWasDrawn) {
  const Overlap overlap{.both = 6, .predicted = 6, .reference = 8};
  EXPECT_EQ(VolumeErrorMm3(overlap, 27), -54);
  EXPECT_EQ(RelativeVolumeError(overlap), -0.25);
}

TEST(VolumeError, IsNoShareOfAStructureThatIsNotThere) {
  const Overlap overlap{.both = 0, .predicted = 2, .reference = 0};
  EXPECT_EQ(VolumeErrorMm3(overlap, 8), 16);
  EXPECT_FALSE(RelativeVolumeError(overlap));
}

}  // namespace
}  // namespace tuckerseg
