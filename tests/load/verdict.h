/// Whether a server has kept its promises under load. Pure functions of what was measured.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tests/load/bucket_counts.h"
#include "tests/load/load_run.h"
#include "tests/load/scraper.h"
#include "tests/load/tally.h"

namespace tuckerseg::load {

enum class Ruling {
  kKept,
  kBroken,
  kNotJudged,  ///< what was measured does not say
};

/// One promise, and what became of it.
struct Finding {
  std::string promise;
  Ruling ruling = Ruling::kNotJudged;
  std::string measured;  ///< in words
  std::string promised;
};

/// Every answer is the unloaded one of its volume and level, to the byte.
Finding JudgeAnswers(const Tally& tally);

/// No request ended as none may: INTERNAL, UNAVAILABLE, DATA_LOSS, a deadline that nobody had set ...
Finding JudgeEnds(const Tally& tally);

/// Every refusal for want of a place tells when to try again.
Finding JudgeRetryHints(const Tally& tally);

/// Of the deadlines of admitted requests so many were kept. Judged where the server chooses all levels: only then are they its promise.
Finding JudgeDeadlines(const Tally& tally, const Workload& workload);

/// So many times as many requests were answered in time as by `original` alone under the same load. Judged where there was a choice.
Finding JudgeGain(const Tally& ours, const Tally& original, size_t levels, double promised);

/// One process has served from the first look to the last one.
Finding JudgeProcess(const Scrapes& scrapes, const std::optional<LastLook>& last_look);

/// Nothing of the load is left with the server once it has had its time: nothing waits or runs, no call is open, no memory is set aside for one. Not judged where no page came.
Finding JudgeIdle(const std::optional<LastLook>& last_look);

/// No queue was longer than it may be.
Finding JudgeQueue(const Scrapes& scrapes);

/// Resident memory does not grow: from `warm_up_s` on, the growth over the load that its slope is sure of (twice its standard error taken off) is at
/// most `resident_growth` of the mean. Over means of blocks; not judged where there are fewer than eight of them.
Finding JudgeResidentMemory(const Scrapes& scrapes, const Promises& promises);

/// The percentiles 50, 95 and 99 of the server's own histogram lie in the buckets of the clients' clock, or beside them.
Finding JudgeClocks(const std::vector<double>& client_s, const BucketCounts& server_times);

/// The generator was not the bottleneck: 99 of 100 requests left less than a quarter of a second after they were due. If not, all other findings are
/// of another load than the one that was planned.
Finding JudgeGenerator(std::span<const RequestRecord> records);

/// All that one run says by itself: without the gain.
std::vector<Finding> JudgeRun(const LoadRun& run, const Tally& tally);

/// Whether none is broken.
bool AllKept(std::span<const Finding> findings);

}  // namespace tuckerseg::load
