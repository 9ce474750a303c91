/// Workloads, records and books for tests of what is made of them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/load/answer_book.h"
#include "tests/load/request_record.h"
#include "tests/load/workload.h"

namespace tuckerseg::load {

/// One volume, `thorax`, at `auto`.
inline Workload SmallWorkload() {
  Workload workload;
  workload.volumes.push_back({.name = "thorax"});
  return workload;
}

/// The original answers `thorax` with "right", the level `quick`, whose quality is 0.9, with "coarse".
inline AnswerBook SmallBook() {
  AnswerBook book;
  book.Add("thorax", "original", {"right", 2});
  book.Add("thorax", "quick", {"coarse", 1});
  return book;
}
inline std::vector<ListedLevel> SmallLevels() { return {{"original", 1.0}, {"quick", 0.9}}; }

/// A request that was due at 10 s, sent at once and answered after `seconds`.
inline RequestRecord Answered(const std::string& level, const std::string& sha256, double seconds, std::optional<double> deadline_s = {}) {
  RequestRecord record;
  record.planned.at_s = 10;
  record.planned.deadline_s = deadline_s;
  record.sent_s = 10;
  record.ended_s = 10 + seconds;
  record.code = kOk;
  record.admitted = true;
  record.level = level;
  record.reason = "quality";
  record.sha256 = sha256;
  return record;
}

/// The same, ended by this error before it was admitted.
inline RequestRecord Refused(const std::string& code, std::optional<double> retry_after_s, std::optional<double> deadline_s = {}) {
  RequestRecord record;
  record.planned.at_s = 10;
  record.planned.deadline_s = deadline_s;
  record.sent_s = 10;
  record.ended_s = 10.01;
  record.code = code;
  record.message = "queue: is full";
  record.retry_after_s = retry_after_s;
  return record;
}

/// Admitted, and then ended by this error.
inline RequestRecord Failed(const std::string& code, std::optional<double> deadline_s = {}) {
  RequestRecord record = Refused(code, {}, deadline_s);
  record.admitted = true;
  record.level = "original";
  record.message = "of the call";
  return record;
}

}  // namespace tuckerseg::load
