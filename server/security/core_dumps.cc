#include "server/security/core_dumps.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include "engine/error.h"

namespace tuckerseg {

void ForbidCoreDumps() {
  // The limit is what operators look at. Where the kernel hands cores to a program (a `|` in core_pattern) it does not count: the flag alone does.
  const rlimit none{0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL) != 0) {
    throw Error(ErrorCode::kInternal, "core dumps: cannot be forbidden; the system must allow setrlimit and prctl");
  }
}

}  // namespace tuckerseg
