#include "engine/text_table.h"

#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

TEST(Fixed, HasSoManyDecimalsAndNoExponent) {
  EXPECT_EQ(Fixed(0.12345, 4), "0.1235");
  EXPECT_EQ(Fixed(-2, 2), "-2.00");
  EXPECT_EQ(Fixed(1e20, 0), "100000000000000000000");
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

TEST(TextTable, BeginsItsLinesWithTheIndentAskedFor) {
  TextTable table({{"NAME"}, {"ML", TextTable::Align::kRight}, {""}}, 0);
  table.Add({"a", "1", "*"});
  table.Add({"longer", "100", ""});
  EXPECT_EQ(table.Text(),
            "NAME     ML\n"
            "a         1  *\n"
            "longer  100\n");
}

}  // namespace
}  // namespace tuckerseg
