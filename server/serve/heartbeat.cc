#include "server/serve/heartbeat.h"

#include <future>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "server/seconds_since.h"

namespace tuckerseg {
namespace {

using Clock = std::chrono::steady_clock;

void Beat(const std::future<void>& end, const Heartbeat& heartbeat) {
  heartbeat.beat();
  auto beaten_at = Clock::now();
  while (end.wait_for(kPoll) != std::future_status::ready) {
    heartbeat.look();
    if (SecondsSince(beaten_at) < heartbeat.interval_s) continue;
    heartbeat.beat();
    beaten_at = Clock::now();
  }
}

}  // namespace

double RunWithHeartbeat(const std::function<void(const std::stop_token&)>& work, const Heartbeat& heartbeat) {
  double seconds = 0;
  std::packaged_task<void(std::stop_token)> task([&](const std::stop_token& stop) {
    const auto begin = Clock::now();
    work(stop);
    seconds = SecondsSince(begin);
  });
  std::future<void> end = task.get_future();
  {
    std::optional<std::jthread> thread;  // its end asks the work to stop, and waits for it
    try {
      thread.emplace([&task](std::stop_token stop) { task(std::move(stop)); });
    } catch (const std::system_error&) {
      task({});  // what has taken minutes is not thrown away for want of a thread
    }
    if (thread) Beat(end, heartbeat);
  }
  end.get();
  return seconds;
}

}  // namespace tuckerseg
