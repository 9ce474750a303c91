/// One load on one server, from what the idle server answers to what it said of itself at the end.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "client/lib/client.h"
#include "tests/load/answer_book.h"
#include "tests/load/bucket_counts.h"
#include "tests/load/capacity.h"
#include "tests/load/metrics_page.h"
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

/// What one load gave.
struct LoadRun {
  Workload workload;
  double rate_per_s = 0;  ///< planned
  double factor = 0;      ///< of the capacity
  std::vector<RequestRecord> records;
  Scrapes scrapes;
  bool page_at_end = false;    ///< the server's page came once all requests had ended
  BucketCounts server_times;   ///< durations of its calls of Segment since the load's begin; without buckets where `page_at_end` is not
};

/// Puts the server under the workload's load and waits until it is idle again. What goes wrong under load is in what is returned.
/// Errors: kUnavailable, kInvalidArgument if there is no page of metrics before the load.
LoadRun RunLoad(Client& client, const PageFetcher& fetch, const Workload& workload, std::span<const VolumeFile> volumes, const Unloaded& unloaded);

}  // namespace tuckerseg::load
