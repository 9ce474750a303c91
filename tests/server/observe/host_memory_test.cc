#include "server/observe/host_memory.h"

#include <gtest/gtest.h>

#include "tests/engine/cgroup_tree.h"

namespace tuckerseg {
namespace {

constexpr auto kMeminfo = "MemTotal:       16000 kB\nMemFree:         1000 kB\nMemAvailable:    9000 kB\nBuffers:          10 kB\n";

TEST(HostMemory, IsTheMachinesWhereNoCgroupLimitsIt) {
  const HostMemory memory = HostMemoryOf(kMeminfo, {});
  EXPECT_EQ(memory.total_bytes, 16000 * 1024);
  EXPECT_EQ(memory.free_bytes, 9000 * 1024);
}

TEST(HostMemory, IsTheCgroupsWhereThatIsLess) {
  const HostMemory memory = HostMemoryOf(kMeminfo, {{.limit_bytes = 4096000, .held_bytes = 2596000}});
  EXPECT_EQ(memory.total_bytes, 4096000);
  EXPECT_EQ(memory.free_bytes, 1500000);
}

TEST(HostMemory, IsNoMoreThanWhatAnyCgroupHasLeft) {
  // The group above holds what others in it hold, too: its limit is the larger one, and what is left of it the less.
  const HostMemory memory = HostMemoryOf(kMeminfo, {{.limit_bytes = 5000000, .held_bytes = 4900000}, {.limit_bytes = 4000000, .held_bytes = 1000000}});
  EXPECT_EQ(memory.total_bytes, 4000000);
  EXPECT_EQ(memory.free_bytes, 100000);
}

TEST(HostMemory, IsNeverMoreThanTheMachinesAndNeverNegative) {
  EXPECT_EQ(HostMemoryOf(kMeminfo, {{.limit_bytes = 99999999999}}).free_bytes, 9000 * 1024);
  EXPECT_EQ(HostMemoryOf(kMeminfo, {{.limit_bytes = 99999999999}}).total_bytes, 16000 * 1024);
  EXPECT_EQ(HostMemoryOf(kMeminfo, {{.limit_bytes = 1000, .held_bytes = 5000}}).free_bytes, 0);
}

TEST(HostMemory, IsNothingWhereTheKernelSaysNothing) {
  EXPECT_EQ(HostMemoryOf("", {}).total_bytes, 0);
  EXPECT_EQ(HostMemoryOf("MemTotal:\nMemAvailable: x kB\n", {}).free_bytes, 0);
}

TEST(HostMemory, CanBeReadHere) {
  const HostMemory memory = ReadHostMemory();
  EXPECT_GT(memory.total_bytes, 0);
  EXPECT_LE(memory.free_bytes, memory.total_bytes);
}

TEST(HostMemory, IsReadOfTheProcesssOwnGroup) {
  CgroupTree tree("0::/system.slice/tuckerseg.service\n");
  tree.Write("system.slice/tuckerseg.service/memory.max", "4096\n");
  EXPECT_EQ(ReadHostMemory(tree.Places()).total_bytes, 4096);
}

}  // namespace
}  // namespace tuckerseg
