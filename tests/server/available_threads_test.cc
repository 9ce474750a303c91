#include "server/available_threads.h"

#include <gtest/gtest.h>

#include "tests/engine/cgroup_tree.h"

namespace tuckerseg {
namespace {

TEST(ThreadsOfQuota, AreTheQuotaRoundedUpAndNeverMoreThanTheProcessors) {
  EXPECT_EQ(ThreadsOfQuota(4, 64), 4);
  EXPECT_EQ(ThreadsOfQuota(1.5, 64), 2);
  EXPECT_EQ(ThreadsOfQuota(0.01, 64), 1);
  EXPECT_EQ(ThreadsOfQuota(8, 2), 2);
  EXPECT_EQ(ThreadsOfQuota(9e15, 8), 8);
}

TEST(ThreadsOfQuota, AreAllProcessorsWhereThereIsNone) { EXPECT_EQ(ThreadsOfQuota({}, 8), 8); }

TEST(AvailableThreads, AreAtLeastOne) { EXPECT_GE(AvailableThreads(), 1); }

TEST(AvailableThreads, AreNoMoreThanTheQuotaOfAGroupAbove) {
  CgroupTree tree("0::/system.slice/tuckerseg.service\n");
  tree.Write("system.slice/cpu.max", "100000 100000\n");
  EXPECT_EQ(AvailableThreads(tree.Places()), 1);
}

}  // namespace
}  // namespace tuckerseg
