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
constexpr std::chrono::milliseconds kPoll{250};

BucketCounts TimesOn(const ScrapedPage& page) { return page.Buckets("tuckerseg_request_duration_seconds", {{"method", "Segment"}}); }

/// Of all that a load may leave behind; `idle` where it has left nothing.
LastLook LookAt(const ScrapedPage& page, double after_s) {
  const ScrapedPage::Labels volumes{{"grpc_service", "tuckerseg.v1.SegmentationService"}};  // others of its calls are not ours: a watcher's may have no end
  const ServerSample sample = SampleOf(page, 0);
  LastLook look{.after_s = after_s, .waiting = sample.waiting, .running = sample.running, .process_started_s = sample.process_started_s};
  look.open_calls = page.Sum("grpc_server_started_total", volumes).value_or(0) - page.Sum("grpc_server_handled_total", volumes).value_or(0);
  look.reserved_bytes = page.Sum("tuckerseg_device_memory_bytes", {{"kind", "reserved"}}).value_or(0);
  look.idle = look.waiting == 0 && look.running == 0 && look.open_calls == 0 && look.reserved_bytes == 0;
  return look;
}

struct LastPage {
  ScrapedPage page;
  LastLook look;
};

/// Nothing if none comes.
std::optional<LastPage> PageAfter(const PageFetcher& fetch, Clock::time_point begin) {
  try {
    ScrapedPage page = fetch();
    const LastLook look = LookAt(page, std::chrono::duration<double>(Clock::now() - begin).count());
    return LastPage{std::move(page), look};
  } catch (const Error&) {
    return {};
  }
}

/// Once the server is idle and no call has been reported since the page before: calls end a little after the work they have given up. The last page where it does not become idle;
/// nothing if the last one did not come. One that is missed before says nothing: the server may have been too busy for it.
std::optional<LastPage> PageOfIdleServer(const PageFetcher& fetch, std::chrono::milliseconds becomes_idle) {
  const Clock::time_point begin = Clock::now();
  std::optional<double> reported;
  for (;;) {
    std::optional<LastPage> last = PageAfter(fetch, begin);
    if (last) {
      const double calls = TimesOn(last->page).total();
      last->look.idle = last->look.idle && reported == calls;
      reported = calls;
      if (last->look.idle) return last;
    }
    if (Clock::now() - begin > becomes_idle) return last;
    std::this_thread::sleep_for(kPoll);
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

LoadRun RunLoad(Client& client, const PageFetcher& fetch, const Workload& workload, std::span<const VolumeFile> volumes, const Unloaded& unloaded,
                std::chrono::milliseconds becomes_idle) {
  const double rate_per_s = workload.rate.PerSecond(unloaded.capacity.per_s);
  const std::vector<PlannedRequest> plan = PlanArrivals(workload, rate_per_s, unloaded.capacity.unloaded_s);
  LoadRun run{.workload = workload, .rate_per_s = rate_per_s, .factor = rate_per_s / unloaded.capacity.per_s};
  const BucketCounts before = TimesOn(fetch());

  const Clock::time_point begin = Clock::now();
  Scraper scraper(fetch, begin);
  RequestSender sender(client, workload, unloaded.task, volumes, begin);
  run.records = DriveLoad(plan, [&](const PlannedRequest& planned) { return sender.Send(planned); }, workload.threads, begin);
  run.scrapes = scraper.Stop();

  const std::optional<LastPage> last = PageOfIdleServer(fetch, becomes_idle);
  if (!last) return run;
  run.last_look = last->look;
  try {
    run.server_times = Since(before, TimesOn(last->page));
  } catch (const Error&) {
    // Another process' histogram: the verdict tells from its start that the server has begun anew.
  }
  return run;
}

}  // namespace tuckerseg::load
