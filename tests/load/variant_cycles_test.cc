#include "tests/load/variant_cycles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tuckerseg::load {
namespace {

VariantCycles Cycles(double before, double after, int64_t wrong = 0) {
  return {.settled_before_bytes = before, .settled_after_bytes = after, .resident_bytes = std::vector<double>(100, before), .wrong = wrong};
}

TEST(VariantCycles, KeepTheirPromiseWhereMemoryComesBack) {
  EXPECT_TRUE(AllKept(JudgeVariantCycles(Cycles(1000, 1029), 0.03)));
  EXPECT_TRUE(AllKept(JudgeVariantCycles(Cycles(1000, 500), 0.03))) << "less is no leak";
  EXPECT_FALSE(AllKept(JudgeVariantCycles(Cycles(1000, 1031), 0.03)));
}

TEST(VariantCycles, BreakItWithOneOtherAnswer) {
  const std::vector<Finding> findings = JudgeVariantCycles(Cycles(1000, 1000, 1), 0.03);
  EXPECT_FALSE(AllKept(findings));
  EXPECT_EQ(findings.back().measured, "1 of 100 differ");
}

}  // namespace
}  // namespace tuckerseg::load
