#include "compression/cli/grouped_number.h"

#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

TEST(Grouped, PutsACommaBetweenThousands) {
  EXPECT_EQ(Grouped(int64_t{0}), "0");
  EXPECT_EQ(Grouped(int64_t{999}), "999");
  EXPECT_EQ(Grouped(int64_t{1000}), "1,000");
  EXPECT_EQ(Grouped(int64_t{478774970880}), "478,774,970,880");
  EXPECT_EQ(Grouped(int64_t{-123456}), "-123,456");
}

TEST(Grouped, LeavesDecimalsAlone) {
  EXPECT_EQ(Grouped(1387.25, 1), "1,387.2");
  EXPECT_EQ(Grouped(1234567.0, 0), "1,234,567");
  EXPECT_EQ(Grouped(0.12345, 4), "0.1235");
}

}  // namespace
}  // namespace tuckerseg
