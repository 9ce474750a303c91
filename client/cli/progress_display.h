/// Shows on standard error how far a request is: a bar on a terminal, plain lines elsewhere, nothing when quiet.
#pragma once

#include <chrono>
#include <cstdint>
#include <ostream>
#include <string>

#include "tuckerseg/v1/segmentation.pb.h"

namespace tuckerseg {

class ProgressDisplay {
 public:
  enum class Style { kBar, kLines, kQuiet };

  /// kBar if standard error is a terminal, else kLines.
  static Style StyleForStandardError(bool quiet);

  ProgressDisplay(Style style, std::ostream& out);
  /// Clears the bar.
  ~ProgressDisplay();
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  /// `total` 0: not known.
  void Sent(int64_t bytes, int64_t total);
  void Accepted(const v1::Accepted& accepted);
  void Progress(const v1::Progress& progress);
  /// The call is sent again, for the `attempt`-th time.
  void Again(int attempt);
  /// Removes the bar from the terminal, before something else is printed.
  void Clear();

 private:
  void Show(const std::string& what, double fraction, const std::string& detail);

  Style style_;
  std::ostream& out_;
  std::chrono::steady_clock::time_point infer_begin_{};
  std::string line_what_;      // kLines: the stage of the last line
  int line_tenth_ = -1;        // kLines: its tenth of the whole
  bool bar_shown_ = false;
};

}  // namespace tuckerseg
