#include "tests/load/scraper.h"

#include <condition_variable>
#include <mutex>
#include <utility>

#include "engine/error.h"

namespace tuckerseg::load {

Scraper::Scraper(PageFetcher fetch, Clock::time_point begin, std::chrono::milliseconds interval)
    : fetch_(std::move(fetch)), begin_(begin), interval_(interval), watcher_([this](const std::stop_token& stop) { Watch(stop); }) {}

Scrapes Scraper::Stop() {
  watcher_.request_stop();
  watcher_.join();
  return std::move(scrapes_);
}

void Scraper::Watch(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  Clock::time_point next = Clock::now();
  do {
    Look();
    next += interval_;
    never.wait_until(lock, stop, next, [] { return false; });
  } while (!stop.stop_requested());
}

void Scraper::Look() {
  try {
    const ScrapedPage page = fetch_();
    scrapes_.samples.push_back(SampleOf(page, std::chrono::duration<double>(Clock::now() - begin_).count()));
  } catch (const Error&) {
    ++scrapes_.missed;
  }
}

}  // namespace tuckerseg::load
