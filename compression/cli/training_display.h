/// What a person sees of a training.
#pragma once

#include <string>

#include "compression/train/training_run.h"

namespace tuckerseg {

/// On a terminal one line that is rewritten, and one that stays for each epoch; else plain lines, one an epoch. On standard error.
class TrainingDisplay {
 public:
  explicit TrainingDisplay(bool quiet);

  void Show(const TrainingProgress& progress);

  /// On standard output: what was written. Nothing where it is quiet.
  void Finish(const Bundle& bundle, const std::string& output) const;

 private:
  void ShowStep(const TrainingProgress& progress);

  bool quiet_;
  bool terminal_;
};

}  // namespace tuckerseg
