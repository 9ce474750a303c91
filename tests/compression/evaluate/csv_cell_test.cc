#include "compression/evaluate/csv_cell.h"

#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

TEST(CsvCell, LeavesPlainTextAlone) { EXPECT_EQ(CsvCell("kidney_left 3 mm"), "kidney_left 3 mm"); }

TEST(CsvCell, QuotesWhatWouldBreakALine) {
  EXPECT_EQ(CsvCell("a,b"), "\"a,b\"");
  EXPECT_EQ(CsvCell("a\nb"), "\"a\nb\"");
  EXPECT_EQ(CsvCell("a\"b"), "\"a\"\"b\"");
}

}  // namespace
}  // namespace tuckerseg
