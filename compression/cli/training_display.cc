#include "compression/cli/training_display.h"

#include <unistd.h>

#include <cstdio>

namespace tuckerseg {
namespace {

constexpr auto kClearLine = "\r\033[K";

/// "1:02:03".
std::string Clock(double seconds) {
  const auto whole = static_cast<long long>(seconds);
  char text[40];
  std::snprintf(text, sizeof(text), "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60, whole % 60);
  return text;
}

}  // namespace

TrainingDisplay::TrainingDisplay(bool quiet) : quiet_(quiet), terminal_(isatty(STDERR_FILENO) == 1) {}

void TrainingDisplay::Show(const TrainingProgress& progress) {
  if (quiet_) return;
  const auto done = static_cast<long long>(progress.done);
  const auto total = static_cast<long long>(progress.total);
  switch (progress.kind) {
    case TrainingProgress::Kind::kNote:
      std::fprintf(stderr, "%s%s\n", terminal_ ? kClearLine : "", progress.note.c_str());
      break;
    case TrainingProgress::Kind::kLoading:
      ShowCases(progress, "loaded");
      break;
    case TrainingProgress::Kind::kSegmenting:
      ShowCases(progress, "segmented");
      break;
    case TrainingProgress::Kind::kResumed:
      std::fprintf(stderr, "resumed behind step %lld of %lld\n", done, total);
      break;
    case TrainingProgress::Kind::kStep:
    case TrainingProgress::Kind::kEpoch:
      ShowStep(progress);
      break;
  }
}

void TrainingDisplay::ShowCases(const TrainingProgress& progress, const char* done) const {
  const auto number = static_cast<long long>(progress.done);
  const auto total = static_cast<long long>(progress.total);
  if (terminal_) std::fprintf(stderr, "%s%lld of %lld cases %s", kClearLine, number, total, done);
  if (number == total) std::fprintf(stderr, "%s%lld cases %s\n", terminal_ ? kClearLine : "", total, done);
}

void TrainingDisplay::ShowStep(const TrainingProgress& progress) {
  const bool epoch = progress.kind == TrainingProgress::Kind::kEpoch;
  if (!epoch && !terminal_) return;
  if (progress.done == 0) {
    std::fprintf(stderr, "before the first step: dice %.4f\n", progress.dice.value_or(0));
    return;
  }
  std::string dice;
  if (progress.dice) {
    char text[24];
    std::snprintf(text, sizeof(text), "dice %.4f, ", *progress.dice);
    dice = text;
  }
  std::fprintf(stderr, "%sepoch %lld, step %lld/%lld: loss %.4f, %srate %.3g, %s left%s", terminal_ ? kClearLine : "",
               static_cast<long long>(progress.epoch), static_cast<long long>(progress.done), static_cast<long long>(progress.total),
               progress.loss, dice.c_str(), progress.learning_rate, Clock(progress.seconds_left).c_str(), epoch ? "\n" : "");
}

}  // namespace tuckerseg
