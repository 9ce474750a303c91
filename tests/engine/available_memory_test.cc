#include "engine/available_memory.h"

#include <gtest/gtest.h>

#include "tests/engine/cgroup_tree.h"

namespace tuckerseg {
namespace {

TEST(AvailableMemory, IsTheLeastLimitOfTheGroupAndThoseAbove) {
  CgroupTree tree("0::/system.slice/tuckerseg.service\n");
  tree.Write("system.slice/memory.max", "3000000\n").Write("system.slice/tuckerseg.service/memory.max", "4000000\n");
  EXPECT_EQ(AvailableMemory(tree.Places()), 3000000);
}

TEST(AvailableMemory, IsTheMachinesWhereNoLimitIsLess) {
  CgroupTree unlimited("0::/\n");
  CgroupTree large("0::/\n");
  large.Write("memory.max", "9223372036854771712\n");
  EXPECT_GT(AvailableMemory(unlimited.Places()), int64_t{1} << 20);
  EXPECT_EQ(AvailableMemory(large.Places()), AvailableMemory(unlimited.Places()));
}

TEST(AvailableMemory, CanBeReadHere) { EXPECT_GT(AvailableMemory(), 0); }

}  // namespace
}  // namespace tuckerseg
