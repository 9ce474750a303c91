/// Allocations of a program, in the hands of its test: one of them fails, or waits. A volume's way through the server is lined with large ones.
#pragma once

#include <cstddef>

#include "tests/fault/hold.h"

namespace tuckerseg {

/// The state of the program's operator new and aligned_alloc (large_allocations.cc), of which there is one: hence static. One thing at a time is armed. Thread-safe.
class LargeAllocations {
 public:
  /// Allocations of the calling thread pass unseen from now on: a test's own thread.
  static void PassThisThread();

  /// From now on the `number`-th allocation (from 1) of at least `bytes` fails, as it does where no memory is left.
  static void Fail(int number, size_t bytes);

  /// From now on the `number`-th allocation (from 1) of the calling thread fails, however small; until Disarm() by this thread.
  static void FailHere(int number);

  /// The next allocation of at least `bytes` waits at `hold`, which must live until Disarm().
  static void HoldNext(size_t bytes, Hold& hold);

  /// All allocations pass again. True if the one that was meant has come.
  static bool Disarm();
};

}  // namespace tuckerseg
