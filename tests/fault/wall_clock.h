/// The machine's clock of the day, in the hands of a test: it is set an hour forward or back while the server works.
#pragma once

#include <chrono>

namespace tuckerseg {

/// The state of the program's clock_gettime (wall_clock.cc), of which there is one: hence static. Thread-safe. Clocks that only go on are left as they are. Waits for a
/// time of day are the kernel's, and go by its own clock: a test must not wait for one, such as gRPC's of a deadline, while the clock is set.
class WallClock {
 public:
  /// From now on the clock shows so much more than the kernel's.
  static void Set(std::chrono::seconds ahead);
};

}  // namespace tuckerseg
