/// One load on one server, from what the idle server answers to what it said of itself at the end.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "client/lib/client.h"
#include "tests/load/answer_book.h"
#include "tests/load/bucket_counts.h"
#include "tests/load/capacity.h"
#include "tests/load/page_fetcher.h"
#include "tests/load/request_record.h"
#include "tests/load/scraper.h"
#include "tests/load/volume_files.h"
#include "tests/load/workload.h"

namespace tuckerseg::load {

/// What is known of a server before any load.
struct Unloaded {
  std::string task;
  std::vector<ListedLevel> levels;
  AnswerBook book;
  Capacity capacity;
};

/// Asks an idle server for every right answer, then for what it can do. Errors: those of answer_book.h and capacity.h.
Unloaded MeasureUnloaded(Client& client, const Workload& workload, std::span<const VolumeFile> volumes);

/// What a server is given to end the work of clients that have gone.
inline constexpr std::chrono::seconds kBecomesIdle{60};

/// How a server was once all requests had ended, at the first look at which it was idle, or at the last one.
struct LastLook {
  double after_s = 0;         ///< the last request's end
  bool idle = false;          ///< nothing was left of the load, and nothing had been reported since the look before
  double waiting = 0;         ///< requests in all queues
  double running = 0;
  double open_calls = 0;      ///< of Segment and Compare
  double reserved_bytes = 0;  ///< by calls, on all devices and the host
  double process_started_s = 0;  ///< Unix time, as that of samples: another one is another process
};

/// What one load gave.
struct LoadRun {
  Workload workload;
  double rate_per_s = 0;  ///< planned
  double factor = 0;      ///< of the capacity
  std::vector<RequestRecord> records;
  Scrapes scrapes;
  std::optional<LastLook> last_look;  ///< nothing: no page of the server came any more when its time to become idle was over
  BucketCounts server_times;   ///< durations of its calls of Segment since the load's begin; without buckets where there is no last look
};

/// Puts the server under the workload's load and waits until it is idle again, for `becomes_idle` at most. What goes wrong under load is in what is returned.
/// Errors: kUnavailable, kInvalidArgument if there is no page of metrics before the load.
LoadRun RunLoad(Client& client, const PageFetcher& fetch, const Workload& workload, std::span<const VolumeFile> volumes, const Unloaded& unloaded,
                std::chrono::milliseconds becomes_idle = kBecomesIdle);

}  // namespace tuckerseg::load
