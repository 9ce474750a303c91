/// Which of the levels that a request may have runs, now that its turn has come. A pure function, as the choice at admission is.
#pragma once

#include <cstddef>
#include <span>

namespace tuckerseg {

/// A level that may run.
struct LevelPossible {
  double quality = 0;    ///< as LevelOffer's
  double service_s = 0;  ///< foretold
};

/// The most accurate of `levels` (at least one) that is foretold to take at most `most_s`, of equally accurate ones the fastest; the fastest of all where none is. At admission other requests were
/// counted on to step down as far as they may: how far they must is known here, so that accuracy is given up only where a promise, its own or that of one that waits, demands it.
size_t SettleLevel(std::span<const LevelPossible> levels, double most_s);

}  // namespace tuckerseg
