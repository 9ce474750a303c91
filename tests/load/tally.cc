#include "tests/load/tally.h"

#include <algorithm>

#include "engine/error.h"

namespace tuckerseg::load {
namespace {

bool HasPromisedTime(const RequestRecord& record, const LevelWish& wish) { return record.planned.deadline_s || wish.max_latency_s; }

bool IsRefusal(const RequestRecord& record) { return !record.admitted && record.code == NameOf(ErrorCode::kResourceExhausted); }

/// Whether a request like this may end so on a sound server.
bool MayEndSo(const RequestRecord& record, const LevelWish& wish) {
  if (record.answered() || !record.sent() || IsRefusal(record)) return true;
  if (record.code == NameOf(ErrorCode::kDeadlineExceeded)) return HasPromisedTime(record, wish);
  if (record.code == NameOf(ErrorCode::kCancelled)) return record.planned.client == ClientKind::kVanishes;
  // No level is accurate enough.
  if (record.code == NameOf(ErrorCode::kFailedPrecondition)) return !record.admitted && wish.min_quality > 0;
  return false;
}

bool IsRight(const RequestRecord& record, const Workload& workload, const AnswerBook& book) {
  const UnloadedAnswer* right = book.Find(workload.volumes[record.planned.volume].name, record.level);
  return right != nullptr && right->sha256 == record.sha256;
}

void CountTimes(const RequestRecord& record, const LevelWish& wish, Tally& tally) {
  if (!record.takes_its_answer()) return;
  ++tally.waiting;
  if (record.in_time()) ++tally.in_time;
  if (!record.admitted || !HasPromisedTime(record, wish)) return;
  ++tally.admitted_deadlines;
  if (record.in_time()) ++tally.kept_deadlines;
}

void CountEnd(const RequestRecord& record, const LevelWish& wish, Tally& tally) {
  ++tally.codes[record.code];
  if (IsRefusal(record)) {
    ++tally.refused;
    if (record.retry_after_s.value_or(0) <= 0) ++tally.without_hint;
  }
  if (MayEndSo(record, wish)) return;
  if (tally.unexpected++ == 0) tally.first_unexpected = record.code + ": " + record.message;
}

std::optional<double> QualityOf(const std::string& level, std::span<const ListedLevel> levels) {
  const auto found = std::find_if(levels.begin(), levels.end(), [&](const ListedLevel& listed) { return listed.name == level; });
  return found == levels.end() ? std::nullopt : found->quality;
}

std::optional<double> MeanQuality(const std::map<std::string, int64_t>& answers, std::span<const ListedLevel> levels) {
  double sum = 0;
  int64_t count = 0;
  for (const auto& [level, of_level] : answers) {
    const std::optional<double> quality = QualityOf(level, levels);
    if (!quality) return {};
    sum += *quality * static_cast<double>(of_level);
    count += of_level;
  }
  return count == 0 ? std::nullopt : std::optional(sum / static_cast<double>(count));
}

}  // namespace

Tally TallyOf(std::span<const RequestRecord> records, const Workload& workload, const AnswerBook& book, std::span<const ListedLevel> levels) {
  Tally tally;
  for (const RequestRecord& record : records) {
    const LevelWish& wish = workload.levels[record.planned.level];
    ++tally.planned;
    if (record.sent()) ++tally.sent;
    if (record.admitted) ++tally.admitted;
    CountTimes(record, wish, tally);
    CountEnd(record, wish, tally);
    if (!record.answered()) continue;
    ++tally.answered;
    ++tally.levels[record.level];
    ++tally.reasons[record.reason];
    if (!IsRight(record, workload, book)) ++tally.wrong;
  }
  tally.mean_quality = MeanQuality(tally.levels, levels);
  return tally;
}

Tally InTimeOfBoth(const Tally& one, const Tally& other) {
  Tally both;
  both.waiting = one.waiting + other.waiting;
  both.in_time = one.in_time + other.in_time;
  return both;
}

std::vector<double> Latencies(std::span<const RequestRecord> records) {
  std::vector<double> latencies;
  for (const RequestRecord& record : records)
    if (record.answered() && record.takes_its_answer()) latencies.push_back(record.latency_s());
  return latencies;
}

std::vector<double> CallDurations(std::span<const RequestRecord> records) {
  std::vector<double> durations;
  for (const RequestRecord& record : records)
    if (record.sent()) durations.push_back(record.ended_s - record.sent_s - record.read_pauses_s);
  return durations;
}

}  // namespace tuckerseg::load
