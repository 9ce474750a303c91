#include "tests/load/load_run.h"

#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "engine/error.h"
#include "tests/load/arrival_plan.h"
#include "tests/load/load_driver.h"
#include "tests/load/request_sender.h"
#include "tests/load/server_sample.h"

namespace tuckerseg::load {
namespace {

using Clock = std::chrono::steady_clock;

/// Of each volume, for the capacity.
constexpr int kRounds = 3;
/// What a server is given to end the work of clients that have gone.
constexpr std::chrono::seconds kBecomesIdle{60};
constexpr std::chrono::milliseconds kPoll{250};

BucketCounts TimesOn(const ScrapedPage& page) { return page.Buckets("tuckerseg_request_duration_seconds", {{"method", "Segment"}}); }

/// Once nothing waits or runs, and no call has been reported since the page before: calls end a little after the work they have given up. Nothing if
/// no page comes.
std::optional<ScrapedPage> PageOfIdleServer(const PageFetcher& fetch) {
  const Clock::time_point end = Clock::now() + kBecomesIdle;
  std::optional<double> reported;
  try {
    for (;;) {
      ScrapedPage page = fetch();
      const ServerSample sample = SampleOf(page, 0);
      const double calls = TimesOn(page).total();
      const bool idle = sample.waiting == 0 && sample.running == 0 && reported == calls;
      if (idle || Clock::now() > end) return page;
      reported = calls;
      std::this_thread::sleep_for(kPoll);
    }
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

Unloaded MeasureUnloaded(Client& client, const Workload& workload, std::span<const VolumeFile> volumes) {
  Unloaded unloaded;
  unloaded.task = TaskOf(workload.task, client);
  unloaded.levels = ListLevels(client, unloaded.task);
  unloaded.book = FillAnswerBook(client, unloaded.task, volumes, unloaded.levels);
  unloaded.capacity = MeasureCapacity(client, unloaded.task, volumes, unloaded.levels, unloaded.book, kRounds);
  return unloaded;
}

LoadRun RunLoad(Client& client, const PageFetcher& fetch, const Workload& workload, std::span<const VolumeFile> volumes, const Unloaded& unloaded) {
  const double rate_per_s = workload.rate.PerSecond(unloaded.capacity.per_s);
  const std::vector<PlannedRequest> plan = PlanArrivals(workload, rate_per_s, unloaded.capacity.unloaded_s);
  LoadRun run{.workload = workload, .rate_per_s = rate_per_s, .factor = rate_per_s / unloaded.capacity.per_s};
  const BucketCounts before = TimesOn(fetch());

  const Clock::time_point begin = Clock::now();
  Scraper scraper(fetch, begin);
  RequestSender sender(client, workload, unloaded.task, volumes, begin);
  run.records = DriveLoad(plan, [&](const PlannedRequest& planned) { return sender.Send(planned); }, workload.threads, begin);
  run.scrapes = scraper.Stop();

  const std::optional<ScrapedPage> after = PageOfIdleServer(fetch);
  if (!after) return run;
  run.page_at_end = true;
  try {
    run.server_times = Since(before, TimesOn(*after));
  } catch (const Error&) {
    // Another process' histogram: the verdict tells from its start that the server has begun anew.
  }
  return run;
}

}  // namespace tuckerseg::load
