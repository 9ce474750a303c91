#include "server/observe/host_memory.h"

#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

constexpr auto kMeminfo = "MemTotal:       16000 kB\nMemFree:         1000 kB\nMemAvailable:    9000 kB\nBuffers:          10 kB\n";

TEST(HostMemory, IsTheMachinesWhereNoCgroupLimitsIt) {
  for (const char* max : {"", "max\n"}) {
    const HostMemory memory = HostMemoryOf({kMeminfo, max, "5000\n", "inactive_file 100\n"});
    EXPECT_EQ(memory.total_bytes, 16000 * 1024);
    EXPECT_EQ(memory.free_bytes, 9000 * 1024);
  }
}

TEST(HostMemory, IsTheCgroupsWhereThatIsLessWithoutPagesOfFiles) {
  const HostMemory memory = HostMemoryOf({kMeminfo, "4096000\n", "3096000\n", "anon 2000000\ninactive_file 500000\nactive_file 7\n"});
  EXPECT_EQ(memory.total_bytes, 4096000);
  EXPECT_EQ(memory.free_bytes, 4096000 - (3096000 - 500000));
}

TEST(HostMemory, IsNeverMoreThanTheMachinesAndNeverNegative) {
  EXPECT_EQ(HostMemoryOf({kMeminfo, "99999999999\n", "0\n", ""}).free_bytes, 9000 * 1024);
  EXPECT_EQ(HostMemoryOf({kMeminfo, "99999999999\n", "0\n", ""}).total_bytes, 16000 * 1024);
  EXPECT_EQ(HostMemoryOf({kMeminfo, "1000\n", "5000\n", ""}).free_bytes, 0);
}

TEST(HostMemory, IsNothingWhereTheKernelSaysNothing) {
  EXPECT_EQ(HostMemoryOf({}).total_bytes, 0);
  EXPECT_EQ(HostMemoryOf({"MemTotal:\nMemAvailable: x kB\n", "", "", ""}).free_bytes, 0);
}

TEST(HostMemory, CanBeReadHere) {
  const HostMemory memory = ReadHostMemory();
  EXPECT_GT(memory.total_bytes, 0);
  EXPECT_LE(memory.free_bytes, memory.total_bytes);
}

}  // namespace
}  // namespace tuckerseg
