#include "client/cli/text_table.h"

#include <gtest/gtest.h>

#include <sstream>

namespace tuckerseg {
namespace {

TEST(TextTable, MakesColumnsAsWideAsTheirWidestCell) {
  TextTable table({"NAME", "ML"}, {1});
  table.Add({"a", "1"});
  table.Add({"longer", "100"});
  std::ostringstream out;
  table.Print(out);
  EXPECT_EQ(out.str(),
            "NAME     ML\n"
            "a         1\n"
            "longer  100\n");
}

}  // namespace
}  // namespace tuckerseg
