/// Looks at the server's metrics at even intervals while it is under load.
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <thread>
#include <vector>

#include "tests/load/page_fetcher.h"
#include "tests/load/server_sample.h"

namespace tuckerseg::load {

/// What it has seen.
struct Scrapes {
  std::vector<ServerSample> samples;
  int64_t missed = 0;  ///< pages that did not come
};

/// Begins at once, on a thread of its own, and looks at least once.
class Scraper {
 public:
  using Clock = std::chrono::steady_clock;

  /// `begin`: of the load.
  Scraper(PageFetcher fetch, Clock::time_point begin, std::chrono::milliseconds interval = std::chrono::seconds(1));

  /// Ends it and gives what it has seen; once.
  Scrapes Stop();

 private:
  void Watch(const std::stop_token& stop);
  void Look();

  const PageFetcher fetch_;
  const Clock::time_point begin_;
  const std::chrono::milliseconds interval_;
  Scrapes scrapes_;  // the thread's until it has ended
  std::jthread watcher_;  // last: it uses the others
};

}  // namespace tuckerseg::load
