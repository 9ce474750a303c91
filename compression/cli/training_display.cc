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
      if (terminal_) std::fprintf(stderr, "%scases %lld/%lld", kClearLine, done, total);
      if (done == total) std::fprintf(stderr, "%s%lld cases loaded\n", terminal_ ? kClearLine : "", total);
      break;
    case TrainingProgress::Kind::kResumed:
      std::fprintf(stderr, "resumed behind step %lld of %lld\n", done, total);
      break;
    case TrainingProgress::Kind::kStep:
    case TrainingProgress::Kind::kEpoch:
      ShowStep(progress);
      break;
    case TrainingProgress::Kind::kDone:
      break;
  }
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

void TrainingDisplay::Finish(const Bundle& bundle, const std::string& output) const {
  if (quiet_) return;
  int64_t parameters = 0;
  for (const auto& [name, tensor] : bundle.weights.front().tensors()) parameters += tensor.ElementCount();
  std::printf("%s: task %s, %zu structures, %lld parameters\n", output.c_str(), bundle.model.task.c_str(), bundle.model.labels.size(),
              static_cast<long long>(parameters));
}

}  // namespace tuckerseg
