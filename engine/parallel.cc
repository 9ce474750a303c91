#include "engine/parallel.h"

#include <algorithm>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/stopping.h"

namespace tuckerseg {
namespace {

/// Of one thread's share: a pass of seconds is left within hundredths, and what a body sets up for each piece costs little.
constexpr int64_t kPieces = 128;

}  // namespace

void ParallelFor(const Threads& threads, int64_t count, const std::function<void(int64_t, int64_t)>& body) {
  const int64_t parts = std::clamp<int64_t>(threads.count, 1, std::max<int64_t>(count, 1));
  if (count <= 0) return;
  const auto run_share = [&](int64_t begin, int64_t end) {
    const int64_t pieces = threads.stop.stop_possible() ? std::min(end - begin, kPieces) : 1;
    for (int64_t piece = 0; piece < pieces; ++piece) {
      ThrowIfStopped(threads.stop);
      body(begin + (end - begin) * piece / pieces, begin + (end - begin) * (piece + 1) / pieces);
    }
  };
  if (parts == 1) return run_share(0, count);

  std::mutex mutex;
  std::exception_ptr first_error;
  const auto run_part = [&](int64_t part) {
    try {
      run_share(count * part / parts, count * (part + 1) / parts);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!first_error) first_error = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> workers;
    workers.reserve(static_cast<size_t>(parts - 1));
    for (int64_t part = 1; part < parts; ++part) workers.emplace_back(run_part, part);
    run_part(0);
  }
  if (first_error) std::rethrow_exception(first_error);
}

}  // namespace tuckerseg
