/// Splits index ranges over threads, so that results do not depend on how many there are.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <utility>

namespace tuckerseg {

/// How many threads a pass over voxels may use, and who may end it before its end. A number alone: nobody does.
struct Threads {
  Threads(int most, std::stop_token who_stops = {}) : count(most), stop(std::move(who_stops)) {}
  int count;
  std::stop_token stop;
};

/// Calls `body(begin, end)` on disjoint, contiguous parts of [0, count), on up to `threads.count` threads, the caller's
/// included. Returns when all parts are done. The first exception thrown by a part is thrown again here.
/// `body` must give the same result however [0, count) is cut: that is what keeps answers bit-identical.
/// Where `threads.stop` can be asked for, each thread's share comes in pieces, before each of which it is looked at.
/// Errors: kCancelled once it has been asked for.
void ParallelFor(const Threads& threads, int64_t count, const std::function<void(int64_t begin, int64_t end)>& body);

}  // namespace tuckerseg
