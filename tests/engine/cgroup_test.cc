#include "engine/cgroup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/engine/cgroup_tree.h"

namespace tuckerseg {
namespace {

using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr int64_t kGibibyte = int64_t{1} << 30;

std::string Gibibytes(int64_t count) { return std::to_string(count * kGibibyte) + "\n"; }

TEST(CgroupMemories, HoldTheLimitOfAServiceThatSeesTheHostsTree) {
  CgroupTree tree("0::/system.slice/tuckerseg.service\n");
  tree.Write("system.slice/memory.max", "max\n").Write("system.slice/tuckerseg.service/memory.max", Gibibytes(8));
  EXPECT_THAT(CgroupMemories(tree.Places()), UnorderedElementsAre(CgroupMemory{.limit_bytes = 8 * kGibibyte}));
}

TEST(CgroupMemories, HoldTheLimitOfAContainerInANamespaceOfItsOwn) {
  CgroupTree tree("0::/\n");
  tree.Write("memory.max", Gibibytes(4)).Write("memory.current", "5000\n").Write("memory.stat", "anon 1\ninactive_file 2000\nactive_file 7\n");
  EXPECT_THAT(CgroupMemories(tree.Places()), UnorderedElementsAre(CgroupMemory{.limit_bytes = 4 * kGibibyte, .held_bytes = 3000}));
}

TEST(CgroupMemories, HoldThoseOfAllGroupsAboveEachWithWhatItHolds) {
  CgroupTree tree("0::/a/b/c\n");
  tree.Write("a/memory.max", "1000\n").Write("a/memory.current", "900\n").Write("a/b/memory.max", "max\n").Write("a/b/c/memory.max", "2000\n").Write("a/b/c/memory.current", "10\n");
  EXPECT_THAT(CgroupMemories(tree.Places()),
              UnorderedElementsAre(CgroupMemory{.limit_bytes = 1000, .held_bytes = 900}, CgroupMemory{.limit_bytes = 2000, .held_bytes = 10}));
}

TEST(CgroupMemories, HoldNothingOfGroupsBesideTheProcesss) {
  CgroupTree tree("0::/system.slice/tuckerseg.service\n");
  tree.Write("system.slice/other.service/memory.max", "1\n").Write("memory/memory.limit_in_bytes", "max\n");
  EXPECT_THAT(CgroupMemories(tree.Places()), IsEmpty());
}

TEST(CgroupMemories, AreFoundWhereOnlyTheProcesssOwnGroupIsMounted) {
  // A container without a namespace of its own, whose runtime shows it its own group and tells it the host's path.
  CgroupTree tree("4:memory:/docker/0123abcd\n0::/docker/0123abcd\n");
  tree.Write("memory/memory.limit_in_bytes", "4000\n").Write("memory.max", "5000\n");
  EXPECT_THAT(CgroupMemories(tree.Places()), UnorderedElementsAre(CgroupMemory{.limit_bytes = 4000}, CgroupMemory{.limit_bytes = 5000}));
}

TEST(CgroupMemories, HoldThoseOfVersion1) {
  CgroupTree tree("11:cpuset:/elsewhere\n4:cpuacct,memory:/system.slice/tuckerseg.service\n1:name=systemd:/elsewhere\n0::/system.slice/tuckerseg.service\n");
  const std::string group = "memory/system.slice/tuckerseg.service/";
  tree.Write(group + "memory.limit_in_bytes", "8000\n").Write(group + "memory.usage_in_bytes", "6000\n");
  tree.Write(group + "memory.stat", "inactive_file 1\ntotal_inactive_file 1500\n").Write("memory/elsewhere/memory.limit_in_bytes", "1\n");
  EXPECT_THAT(CgroupMemories(tree.Places()), UnorderedElementsAre(CgroupMemory{.limit_bytes = 8000, .held_bytes = 4500}));
}

TEST(CgroupMemories, AreTheMountsOwnWhereTheGroupLiesOutsideOfIt) {
  CgroupTree tree("0::/../outside\n");
  tree.Write("memory.max", "4000\n").Write("outside/memory.max", "1\n");
  const std::filesystem::path beside_the_mount = tree.Places().mount.parent_path() / "outside";
  std::filesystem::create_directory(beside_the_mount);
  std::ofstream(beside_the_mount / "memory.max") << "2\n";
  EXPECT_THAT(CgroupMemories(tree.Places()), UnorderedElementsAre(CgroupMemory{.limit_bytes = 4000}));
}

TEST(CgroupMemories, AreNoneWhereTheKernelSaysNothingOrNoNumber) {
  EXPECT_THAT(CgroupMemories({.membership = "/no/such/file", .mount = "/no/such/folder"}), IsEmpty());
  for (const char* membership : {"", "\n", "nonsense", "0:", "0::", "::::", "0::no/root", "0::/deleted (deleted)\n"}) {
    for (const char* limit : {"", "max\n", "nonsense", "-1\n", "99999999999999999999999\n"}) {
      CgroupTree tree(membership);
      tree.Write("memory.max", limit);
      EXPECT_THAT(CgroupMemories(tree.Places()), IsEmpty()) << membership << " with " << limit;
    }
  }
}

TEST(CgroupMemories, AreTheMountsWhereTheMembershipCannotBeRead) {
  for (const char* membership : {"", "nonsense", "0:", "0::/deleted (deleted)\n"}) {
    CgroupTree tree(membership);
    tree.Write("memory.max", "4000\n");
    EXPECT_THAT(CgroupMemories(tree.Places()), UnorderedElementsAre(CgroupMemory{.limit_bytes = 4000})) << membership;
  }
}

TEST(CgroupMemories, HoldNoLessThanNothing) {
  CgroupTree tree("0::/\n");
  tree.Write("memory.max", "4000\n").Write("memory.current", "10\n").Write("memory.stat", "inactive_file 20\n");
  EXPECT_THAT(CgroupMemories(tree.Places()), UnorderedElementsAre(CgroupMemory{.limit_bytes = 4000, .held_bytes = 0}));
}

TEST(CgroupProcessors, AreTheLeastQuotaOfTheGroupAndThoseAbove) {
  CgroupTree tree("0::/a/b\n");
  tree.Write("a/cpu.max", "150000 100000\n").Write("a/b/cpu.max", "400000 100000\n");
  EXPECT_EQ(CgroupProcessors(tree.Places()), 1.5);
}

TEST(CgroupProcessors, AreThoseOfVersion1Too) {
  CgroupTree tree("3:cpu,cpuacct:/a\n0::/a\n");
  tree.Write("cpu/cpu.cfs_quota_us", "-1\n").Write("cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_FALSE(CgroupProcessors(tree.Places()));
  tree.Write("cpu/a/cpu.cfs_quota_us", "50000\n").Write("cpu/a/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(CgroupProcessors(tree.Places()), 0.5);
}

TEST(CgroupProcessors, AreNoneWithoutAQuota) {
  for (const char* none : {"max 100000\n", "", "nonsense", "100000", "0 100000", "100000 0", "-1 100000"}) {
    CgroupTree tree("0::/\n");
    tree.Write("cpu.max", none);
    EXPECT_FALSE(CgroupProcessors(tree.Places())) << none;
  }
}

}  // namespace
}  // namespace tuckerseg
