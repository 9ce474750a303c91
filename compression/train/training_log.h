/// log.csv: the curve of a training, one line a step, that goes on without a gap or a double line after an interruption.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace tuckerseg {

struct LogLine {
  int64_t step = 0;             ///< counts from 1: steps done
  int64_t epoch = 0;            ///< counts from 1
  std::optional<double> loss;   ///< written with 17 digits, so that equal curves are equal texts; none before the first step
  std::optional<double> dice;   ///< of the held-out cases, where they were scored after this step
  std::vector<double> by_level; ///< the same of each level; empty where they were not scored
  double learning_rate = 0;
  double seconds = 0;           ///< spent so far, over all runs
};

class TrainingLog {
 public:
  /// Opens `path`, keeps its lines up to `step` and drops the others: steps that the checkpoint does not know are done again.
  /// Each of `levels` has a column of its own behind `dice`.
  /// Errors: kInternal if it cannot be written.
  TrainingLog(const std::filesystem::path& path, int64_t step, const std::vector<std::string>& levels = {});

  /// Appends a line and hands it to the system. Errors: kInternal.
  void Add(const LogLine& line);

  /// Seconds of the last line kept.
  double seconds_before() const { return seconds_before_; }

 private:
  std::ofstream file_;
  size_t levels_ = 0;
  double seconds_before_ = 0;
};

}  // namespace tuckerseg
