#include "tests/load/verdict.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/text_table.h"
#include "tests/load/line_fit.h"

namespace tuckerseg::load {
namespace {

constexpr double kMebibyte = 1 << 20;
/// Blocks over which resident memory is averaged: enough of them for a slope with an error, each long enough to hold several requests.
constexpr double kMostBlocks = 24;
constexpr double kShortestBlockS = 5;
constexpr size_t kFewestBlocks = 8;
/// Latest sending that still counts as on time.
constexpr double kOnTimeS = 0.25;

std::string Percent(double share) { return Fixed(100 * share, 1) + " %"; }

Ruling RulingOf(bool kept) { return kept ? Ruling::kKept : Ruling::kBroken; }

std::string CountOf(int64_t part, int64_t whole, const std::string& what) { return std::to_string(part) + " of " + std::to_string(whole) + " " + what; }

std::vector<Measured> ResidentFrom(const Scrapes& scrapes, double from_s) {
  std::vector<Measured> points;
  for (const ServerSample& sample : scrapes.samples)
    if (sample.at_s >= from_s) points.push_back({sample.at_s, sample.resident_bytes});
  return points;
}

/// "5 to 10 s".
std::string BucketText(const std::vector<double>& ends, size_t place) {
  const std::string low = place == 0 ? "0" : Fixed(ends[place - 1], 3);
  return std::isfinite(ends[place]) ? low + " to " + Fixed(ends[place], 3) + " s" : "above " + low + " s";
}

}  // namespace

Finding JudgeAnswers(const Tally& tally) {
  Finding finding{.promise = "right answers", .promised = "all equal the unloaded answer of their level"};
  finding.measured = CountOf(tally.answered - tally.wrong, tally.answered, "equal");
  if (tally.answered > 0) finding.ruling = RulingOf(tally.wrong == 0);
  return finding;
}

Finding JudgeEnds(const Tally& tally) {
  Finding finding{.promise = "no unexpected end", .ruling = RulingOf(tally.unexpected == 0), .promised = "none"};
  finding.measured = CountOf(tally.unexpected, tally.planned, "unexpected");
  if (tally.unexpected > 0) finding.measured += ", the first " + tally.first_unexpected;
  return finding;
}

Finding JudgeRetryHints(const Tally& tally) {
  Finding finding{.promise = "retry hints", .promised = "with every refusal for want of a place"};
  finding.measured = CountOf(tally.refused - tally.without_hint, tally.refused, "refusals");
  if (tally.refused > 0) finding.ruling = RulingOf(tally.without_hint == 0);
  return finding;
}

Finding JudgeDeadlines(const Tally& tally, const Workload& workload) {
  Finding finding{.promise = "admitted deadlines", .promised = "at least " + Percent(workload.promises.kept_share) + " kept"};
  const std::optional<double> share = tally.kept_share();
  if (!share) {
    finding.measured = "none was admitted";
    return finding;
  }
  finding.measured = CountOf(tally.kept_deadlines, tally.admitted_deadlines, "kept (") + Percent(*share) + ")";
  // Of so few that hardly one may be missed chance decides, unless far more are.
  constexpr double kMissesThatTell = 4;
  const double may_be_missed = static_cast<double>(tally.admitted_deadlines) * (1 - workload.promises.kept_share);
  const bool are_enough = may_be_missed >= kMissesThatTell - 1e-9;
  const bool are_many = static_cast<double>(tally.admitted_deadlines - tally.kept_deadlines) >= may_be_missed + kMissesThatTell;
  const bool none_may = workload.promises.kept_share >= 1;
  if (workload.automatic() && (are_enough || are_many || none_may)) finding.ruling = RulingOf(*share >= workload.promises.kept_share);
  return finding;
}

Finding JudgeGain(const Tally& ours, const Tally& original, size_t levels, double promised) {
  Finding finding{.promise = "gain over original alone", .promised = "at least " + Fixed(promised, 2) + " times as many in time"};
  if (levels < 2) {
    finding.measured = "the model has no other level";
    return finding;
  }
  const auto our_share = ours.in_time_share();
  const auto original_share = original.in_time_share();
  if (!our_share || !original_share) {
    finding.measured = "no request";
    return finding;
  }
  const double gain = *original_share > 0 ? *our_share / *original_share : std::numeric_limits<double>::infinity();
  finding.measured = Percent(*our_share) + " against " + Percent(*original_share) + " in time";
  if (std::isfinite(gain)) finding.measured += " (" + Fixed(gain, 2) + " times)";
  finding.ruling = RulingOf(gain >= promised);
  return finding;
}

Finding JudgeProcess(const Scrapes& scrapes, const std::optional<LastLook>& last_look) {
  Finding finding{.promise = "one process", .promised = "serves from the first to the last look"};
  const auto& samples = scrapes.samples;
  const auto is_the_first = [&samples](double started_s) { return std::abs(started_s - samples.front().process_started_s) < 1; };
  // One that crashed at its last request may have been started anew before the last look.
  const bool same = !samples.empty() && (!last_look || is_the_first(last_look->process_started_s)) &&
                    std::all_of(samples.begin(), samples.end(), [&](const ServerSample& sample) { return is_the_first(sample.process_started_s); });
  finding.ruling = RulingOf(same && last_look.has_value());
  finding.measured = samples.empty() ? "no page came" : same ? "one" : "started anew";
  if (!last_look) finding.measured += ", gone at the end";
  finding.measured += "; " + std::to_string(scrapes.missed) + " of " + std::to_string(scrapes.missed + static_cast<int64_t>(samples.size())) + " pages missed";
  return finding;
}

Finding JudgeIdle(const std::optional<LastLook>& last_look) {
  Finding finding{.promise = "idle again", .promised = "nothing waits, runs, is open or reserved after the last request's end"};
  if (!last_look) {
    finding.measured = "no page came";
    return finding;
  }
  finding.ruling = RulingOf(last_look->idle);
  finding.measured = Fixed(last_look->after_s, 1) + " s after it";
  if (!last_look->idle) {
    finding.measured += ": " + Fixed(last_look->waiting, 0) + " waiting, " + Fixed(last_look->running, 0) + " running, " + Fixed(last_look->open_calls, 0) + " calls open, " +
                        Fixed(last_look->reserved_bytes / kMebibyte, 1) + " MiB reserved";
  }
  return finding;
}

Finding JudgeQueue(const Scrapes& scrapes) {
  Finding finding{.promise = "bounded queue", .promised = "never longer than it may be"};
  if (scrapes.samples.empty()) {
    finding.measured = "no page came";
    return finding;
  }
  // What runs counts, too, but is looked at a moment later: a request that begins meanwhile is seen twice.
  double longest = 0;
  bool kept = true;
  for (const ServerSample& sample : scrapes.samples) {
    longest = std::max(longest, sample.waiting);
    kept = kept && sample.waiting <= sample.capacity;
  }
  finding.ruling = RulingOf(kept);
  finding.measured = "at most " + Fixed(longest, 0) + " waited, of " + Fixed(scrapes.samples.front().capacity, 0) + " that may wait or run";
  return finding;
}

Finding JudgeResidentMemory(const Scrapes& scrapes, const Promises& promises) {
  Finding finding{.promise = "resident memory", .promised = "no growth beyond " + Percent(promises.resident_growth) + " that its slope is sure of"};
  const std::vector<Measured> points = ResidentFrom(scrapes, promises.warm_up_s);
  const double window_s = points.empty() ? 0 : points.back().x - points.front().x;
  const std::vector<Measured> blocks = BlockMeans(points, std::max(kShortestBlockS, window_s / kMostBlocks));
  if (blocks.size() < kFewestBlocks) {
    finding.measured = "too short: " + Fixed(window_s, 0) + " s after the warm-up";
    return finding;
  }
  const LineFit fit = FitLine(blocks);
  const double sure_bytes = (fit.slope - 2 * fit.slope_error) * window_s;
  finding.ruling = RulingOf(sure_bytes <= promises.resident_growth * fit.mean_y);
  finding.measured = Fixed(60 * fit.slope / kMebibyte, 3) + " +- " + Fixed(60 * fit.slope_error / kMebibyte, 3) + " MiB a minute (standard error) at " +
                     Fixed(fit.mean_y / kMebibyte, 0) + " MiB";
  return finding;
}

Finding JudgeClocks(const std::vector<double>& client_s, const BucketCounts& server_times) {
  Finding finding{.promise = "the server's clock", .promised = "p50, p95, p99 of its histogram within a bucket of the clients'"};
  if (client_s.empty() || server_times.total() <= 0) {
    finding.measured = "no call";
    return finding;
  }
  bool kept = true;
  for (const double share : {0.50, 0.95, 0.99}) {
    const double at_client_s = Percentile(client_s, share);
    const size_t at_client = BucketOf(server_times.ends, at_client_s);
    const size_t at_server = BucketOfPercentile(server_times, share);
    kept = kept && std::max(at_client, at_server) - std::min(at_client, at_server) <= 1;
    finding.measured += (finding.measured.empty() ? "p" : "; p") + Fixed(100 * share, 0) + " " + BucketText(server_times.ends, at_server) + ", clients " + Fixed(at_client_s, 3) + " s";
  }
  finding.ruling = RulingOf(kept);
  return finding;
}

Finding JudgeGenerator(std::span<const RequestRecord> records) {
  Finding finding{.promise = "the generator", .promised = "99 % of requests sent within " + Fixed(kOnTimeS, 2) + " s of their time"};
  std::vector<double> late_s;
  for (const RequestRecord& record : records) late_s.push_back(record.sent_s - record.planned.at_s);
  if (late_s.empty()) {
    finding.measured = "no request";
    return finding;
  }
  const double p99_s = Percentile(late_s, 0.99);
  finding.ruling = RulingOf(p99_s < kOnTimeS);
  finding.measured = "99 % within " + Fixed(p99_s, 3) + " s";
  return finding;
}

std::vector<Finding> JudgeRun(const LoadRun& run, const Tally& tally) {
  return {JudgeGenerator(run.records),
          JudgeProcess(run.scrapes, run.last_look),
          JudgeIdle(run.last_look),
          JudgeEnds(tally),
          JudgeAnswers(tally),
          JudgeRetryHints(tally),
          JudgeQueue(run.scrapes),
          JudgeResidentMemory(run.scrapes, run.workload.promises),
          JudgeDeadlines(tally, run.workload),
          JudgeClocks(CallDurations(run.records), run.server_times)};
}

bool AllKept(std::span<const Finding> findings) {
  return std::none_of(findings.begin(), findings.end(), [](const Finding& finding) { return finding.ruling == Ruling::kBroken; });
}

}  // namespace tuckerseg::load
