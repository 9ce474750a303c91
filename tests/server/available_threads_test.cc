#include "server/available_threads.h"

#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

TEST(ThreadsOfQuota, AreTheQuotaRoundedUpAndNeverMoreThanTheProcessors) {
  EXPECT_EQ(ThreadsOfQuota("400000 100000\n", 64), 4);
  EXPECT_EQ(ThreadsOfQuota("150000 100000\n", 64), 2);
  EXPECT_EQ(ThreadsOfQuota("1000 100000\n", 64), 1);
  EXPECT_EQ(ThreadsOfQuota("800000 100000\n", 2), 2);
  EXPECT_EQ(ThreadsOfQuota("9000000000000000 1\n", 8), 8);
}

TEST(ThreadsOfQuota, AreAllProcessorsWhereThereIsNone) {
  for (const char* none : {"max 100000\n", "", "nonsense", "100000", "0 100000", "100000 0", "-1 100000"}) EXPECT_EQ(ThreadsOfQuota(none, 8), 8) << none;
}

TEST(AvailableThreads, AreAtLeastOne) { EXPECT_GE(AvailableThreads(), 1); }

}  // namespace
}  // namespace tuckerseg
