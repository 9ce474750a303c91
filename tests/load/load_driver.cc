#include "tests/load/load_driver.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <future>
#include <thread>

namespace tuckerseg::load {

std::vector<RequestRecord> DriveLoad(std::span<const PlannedRequest> plan, const std::function<RequestRecord(const PlannedRequest&)>& send,
                                     int threads, std::chrono::steady_clock::time_point begin) {
  std::vector<RequestRecord> records(plan.size());
  std::atomic<size_t> next = 0;
  std::atomic<bool> failed = false;
  const auto work = [&] {
    for (size_t i = next.fetch_add(1); i < plan.size() && !failed; i = next.fetch_add(1)) {
      std::this_thread::sleep_until(begin + std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::chrono::duration<double>(plan[i].at_s)));
      if (failed) return;
      try {
        records[i] = send(plan[i]);
      } catch (...) {
        failed = true;
        throw;
      }
    }
  };
  std::vector<std::future<void>> workers;
  const size_t count = std::min(static_cast<size_t>(threads), plan.size());
  for (size_t i = 0; i < count; ++i) workers.push_back(std::async(std::launch::async, work));
  for (std::future<void>& worker : workers) worker.wait();  // all of them, before one that threw ends the scope of what they use
  for (std::future<void>& worker : workers) worker.get();
  return records;
}

}  // namespace tuckerseg::load
