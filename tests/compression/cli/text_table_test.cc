#include "compression/cli/text_table.h"

#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

TEST(Fixed, HasSoManyDecimalsAndNoExponent) {
  EXPECT_EQ(Fixed(0.12345, 4), "0.1235");
  EXPECT_EQ(Fixed(-2, 2), "-2.00");
  EXPECT_EQ(Fixed(1e20, 0), "100000000000000000000");
}

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

TEST(TextTable, IsAsWideAsItsWidestTextsAndEndsLinesWithoutBlanks) {
  TextTable table({{"name"}, {"count", TextTable::Align::kRight}, {"why"}});
  table.Add({"first layer", "7", "odd"});
  table.Add({"b", "1,000,000", ""});
  EXPECT_EQ(table.Text(),
            "  name             count  why\n"
            "  first layer          7  odd\n"
            "  b            1,000,000\n");
}

}  // namespace
}  // namespace tuckerseg
