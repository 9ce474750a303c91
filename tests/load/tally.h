/// Records of many requests, counted.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tests/load/answer_book.h"
#include "tests/load/request_record.h"
#include "tests/load/workload.h"

namespace tuckerseg::load {

struct Tally {
  int64_t planned = 0;
  int64_t sent = 0;
  int64_t admitted = 0;
  int64_t answered = 0;

  // Of clients that wait for their answer and take it at once.
  int64_t waiting = 0;             ///< all of them
  int64_t in_time = 0;             ///< answered, by their deadline if they have one
  int64_t admitted_deadlines = 0;  ///< admitted, with a deadline or a longest latency
  int64_t kept_deadlines = 0;      ///< of those, answered in time

  int64_t wrong = 0;               ///< answers that differ from the unloaded one, or have none to be compared with
  int64_t refused = 0;             ///< before they had a place, as the server has none: waiting helps
  int64_t without_hint = 0;        ///< of those, that were told no time to try again
  int64_t unexpected = 0;          ///< that ended as no request of theirs may
  std::string first_unexpected;    ///< code and message of one
  std::map<std::string, int64_t> codes;
  std::map<std::string, int64_t> levels;   ///< of the answers
  std::map<std::string, int64_t> reasons;  ///< of their levels
  std::optional<double> mean_quality;      ///< of the answers' levels; nothing where one of them has no measured quality, or none was answered

  std::optional<double> in_time_share() const { return Share(in_time, waiting); }
  std::optional<double> kept_share() const { return Share(kept_deadlines, admitted_deadlines); }

 private:
  static std::optional<double> Share(int64_t part, int64_t whole) {
    return whole == 0 ? std::nullopt : std::optional(static_cast<double>(part) / static_cast<double>(whole));
  }
};

/// The records are those of the workload; the book's volumes are named as the workload's.
Tally TallyOf(std::span<const RequestRecord> records, const Workload& workload, const AnswerBook& book, std::span<const ListedLevel> levels);

/// How many waited for their answer in two runs together, and how many had it in time; nothing else of them.
Tally InTimeOfBoth(const Tally& one, const Tally& other);

/// Seconds from the planned arrival to the answer, of the answered requests of clients that take their answer at once.
std::vector<double> Latencies(std::span<const RequestRecord> records);

/// Seconds from sending to the end of each call that was sent, whatever its end, without the client's own pauses while it reads: what the server's
/// histogram of requests measures from its side.
std::vector<double> CallDurations(std::span<const RequestRecord> records);

}  // namespace tuckerseg::load
