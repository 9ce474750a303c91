#include "engine/parallel.h"

#include <algorithm>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace tuckerseg {

void ParallelFor(int threads, int64_t count, const std::function<void(int64_t, int64_t)>& body) {
  const int64_t parts = std::clamp<int64_t>(threads, 1, std::max<int64_t>(count, 1));
  if (count <= 0) return;
  if (parts == 1) return body(0, count);

  std::mutex mutex;
  std::exception_ptr first_error;
  const auto run_part = [&](int64_t part) {
    try {
      body(count * part / parts, count * (part + 1) / parts);
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
