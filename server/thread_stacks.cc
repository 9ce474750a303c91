#include "server/thread_stacks.h"

#include <pthread.h>

#include <cstddef>
#include <string>

#include "engine/error.h"

namespace tuckerseg {
namespace {

constexpr size_t kStackBytes = size_t{8} << 20;

}  // namespace

void EnsureThreadStacks() {
  pthread_attr_t defaults;
  if (pthread_getattr_default_np(&defaults) != 0) throw Error(ErrorCode::kInternal, "threads: the size of their stacks cannot be found out");
  size_t bytes = 0;
  pthread_attr_getstacksize(&defaults, &bytes);
  const bool is_set = bytes >= kStackBytes || (pthread_attr_setstacksize(&defaults, kStackBytes) == 0 && pthread_setattr_default_np(&defaults) == 0);
  pthread_attr_destroy(&defaults);
  if (is_set) return;
  throw Error(ErrorCode::kInternal, "threads: stack = " + std::to_string(bytes) + " bytes: must be at least " + std::to_string(kStackBytes));
}

}  // namespace tuckerseg
