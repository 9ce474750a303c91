#include "server/security/core_dumps.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>

namespace tuckerseg {
namespace {

TEST(CoreDumps, AreForbiddenForFilesAndForPrograms) {
  // Each test is a process of its own under ctest; run with others in one process, it takes their cores too.
  ForbidCoreDumps();
  rlimit limit{1, 1};
  ASSERT_EQ(getrlimit(RLIMIT_CORE, &limit), 0);
  EXPECT_EQ(limit.rlim_cur, 0U);
  EXPECT_EQ(limit.rlim_max, 0U) << "nobody raises it again";
  EXPECT_EQ(prctl(PR_GET_DUMPABLE, 0UL, 0UL, 0UL, 0UL), 0);
}

TEST(CoreDumps, CanBeForbiddenTwice) {
  ForbidCoreDumps();
  EXPECT_NO_THROW(ForbidCoreDumps());
}

}  // namespace
}  // namespace tuckerseg
