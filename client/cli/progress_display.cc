#include "client/cli/progress_display.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace tuckerseg {
namespace {

constexpr int kBarWidth = 32;

std::string StageText(v1::Stage stage) {
  switch (stage) {
    case v1::STAGE_QUEUE: return "waiting in the queue";
    case v1::STAGE_PREPROCESS: return "preprocessing";
    case v1::STAGE_INFER: return "segmenting";
    case v1::STAGE_POSTPROCESS: return "finishing labels";
    case v1::STAGE_ENCODE: return "making the answer";
    default: return "working";
  }
}

std::string Mebibytes(int64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f MiB", static_cast<double>(bytes) / 1048576.0);
  return text;
}

std::string Seconds(double seconds) {
  char text[32];
  if (seconds < 100) {
    std::snprintf(text, sizeof(text), "%.0f s", seconds);
  } else {
    std::snprintf(text, sizeof(text), "%.0f min", std::ceil(seconds / 60));
  }
  return text;
}

}  // namespace

ProgressDisplay::Style ProgressDisplay::StyleForStandardError(bool quiet) {
  if (quiet) return Style::kQuiet;
  return isatty(STDERR_FILENO) != 0 ? Style::kBar : Style::kLines;
}

ProgressDisplay::ProgressDisplay(Style style, std::ostream& out) : style_(style), out_(out) {}

ProgressDisplay::~ProgressDisplay() { Clear(); }

void ProgressDisplay::Sent(int64_t bytes, int64_t total) {
  const double fraction = total > 0 ? static_cast<double>(bytes) / static_cast<double>(total) : 0;
  Show("sending", fraction, Mebibytes(bytes) + (total > 0 ? " of " + Mebibytes(total) : ""));
}

void ProgressDisplay::Accepted(const v1::Accepted& accepted) {
  infer_begin_ = {};  // of several levels each has a pace of its own
  std::string detail = accepted.variant() + " on " + accepted.device();
  if (accepted.queue_position() > 0) detail += ", " + std::to_string(accepted.queue_position()) + " before this one";
  Show("accepted", 0, detail);
}

void ProgressDisplay::Progress(const v1::Progress& progress) {
  std::string detail;
  if (progress.stage() == v1::STAGE_INFER && progress.patches_total() > 0) {
    detail = "patch " + std::to_string(progress.patches_done()) + " of " + std::to_string(progress.patches_total());
    const auto now = std::chrono::steady_clock::now();
    if (infer_begin_ == std::chrono::steady_clock::time_point{}) infer_begin_ = now;
    const double passed = std::chrono::duration<double>(now - infer_begin_).count();
    const auto left = static_cast<double>(progress.patches_total() - progress.patches_done());
    if (progress.patches_done() > 0 && left > 0) {
      detail += ", " + Seconds(passed / static_cast<double>(progress.patches_done()) * left) + " left";
    }
  }
  Show(StageText(progress.stage()), progress.fraction(), detail);
}

void ProgressDisplay::Again(int attempt) {
  infer_begin_ = {};  // what had been segmented is segmented anew
  Show("sending again", 0, "the server or the connection was lost, or the server is starting; attempt " + std::to_string(attempt));
}

void ProgressDisplay::Show(const std::string& what, double fraction, const std::string& detail) {
  if (style_ == Style::kQuiet) return;
  const double share = std::clamp(fraction, 0.0, 1.0);
  if (style_ == Style::kLines) {
    // A line for each stage, and for each tenth of it: a log is read later, not watched.
    const int tenth = static_cast<int>(share * 10);
    if (what == line_what_ && tenth == line_tenth_) return;
    line_what_ = what;
    line_tenth_ = tenth;
    out_ << what << (detail.empty() ? "" : ": ") << detail << "\n" << std::flush;
    return;
  }
  const int filled = static_cast<int>(std::lround(share * kBarWidth));
  out_ << "\r\033[K" << what << " [" << std::string(static_cast<size_t>(filled), '#')
       << std::string(static_cast<size_t>(kBarWidth - filled), '.') << "] " << std::lround(share * 100) << " %  " << detail << std::flush;
  bar_shown_ = true;
}

void ProgressDisplay::Clear() {
  if (bar_shown_) out_ << "\r\033[K" << std::flush;
  bar_shown_ = false;
}

}  // namespace tuckerseg
