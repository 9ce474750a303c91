/// What a person sees of a training.
#pragma once

#include "compression/train/training_progress.h"

namespace tuckerseg {

/// On a terminal one line that is rewritten, and one that stays for each epoch; else plain lines, one an epoch. On standard error.
class TrainingDisplay {
 public:
  explicit TrainingDisplay(bool quiet);

  void Show(const TrainingProgress& progress);

 private:
  void ShowCases(const TrainingProgress& progress, const char* done) const;
  void ShowStep(const TrainingProgress& progress);

  bool quiet_;
  bool terminal_;
};

}  // namespace tuckerseg
