#include "tests/fault/wall_clock.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

namespace {

std::atomic<int64_t> g_ahead_s{0};

}  // namespace

// What std::chrono::system_clock and gRPC ask.
extern "C" int clock_gettime(clockid_t clock, struct timespec* now) noexcept {
  const long result = syscall(SYS_clock_gettime, clock, now);
  if (result == 0 && clock == CLOCK_REALTIME) now->tv_sec += g_ahead_s;
  return static_cast<int>(result);
}

namespace tuckerseg {

void WallClock::Set(std::chrono::seconds ahead) { g_ahead_s = ahead.count(); }

}  // namespace tuckerseg
