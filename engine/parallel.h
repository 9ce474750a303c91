/// Splits index ranges over threads, so that results do not depend on how many there are.
#pragma once

#include <cstdint>
#include <functional>

namespace tuckerseg {

/// Calls `body(begin, end)` on disjoint, contiguous parts of [0, count), on up to `threads` threads, the caller's
/// included. Returns when all parts are done. The first exception thrown by a part is thrown again here.
/// `body` must give the same result however [0, count) is cut: that is what keeps answers bit-identical.
void ParallelFor(int threads, int64_t count, const std::function<void(int64_t begin, int64_t end)>& body);

}  // namespace tuckerseg
