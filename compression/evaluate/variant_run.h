/// Runs the forms of a model on cases and scores each against the reference labels and against the original.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "compression/cases/case_files.h"
#include "compression/evaluate/variant_scores.h"
#include "compression/forms/model_form.h"
#include "engine/execute/executor.h"

namespace tuckerseg {

/// One form's label map of one case, while CT and maps are in memory.
struct DrawnCase {
  const Volume& ct;
  const CaseMaps& maps;
  const VariantScores& variant;  ///< the last of its cases is this one
  size_t cases = 0;              ///< of the whole run
  size_t done = 0;               ///< label maps drawn, this one included
  size_t total = 0;
};

/// Called after each label map, from the thread that runs.
using DrawnCaseSink = std::function<void(const DrawnCase&)>;

struct VariantRunOptions {
  int threads = 1;  ///< for everything outside the executors
  double tolerance_mm = kSurfaceToleranceMm;  ///< of surface Dice
  bool allow_seen_cases = false;  ///< forms are measured on cases that they were made with, too
};

/// Scores by form, in order; the first must be the original. Every case is read once and segmented by each form as a request would be, on the
/// CT's own grid; structures are matched by name. Cases without labels are scored against the original alone. Before the first segmentation all
/// cases are read once, so that one that is refused is refused at once, and so are cases that a form was made with: CTs whose checksum is one of
/// its `seen_cases`.
/// All forms' networks are in memory at once, and of one case the CT, the reference, the original's map and one more.
/// Errors: kFailedPrecondition for a task that needs another model's result; kInvalidArgument if there is nothing to compare with: the
/// original alone, and no case holds a structure of the model, and for cases that a form has seen unless they are allowed; as ReferenceLabels', ReadVolume's and Segmenter's.
std::vector<VariantScores> RunVariants(std::span<const ModelForm> forms, const CaseFolder& folder, const ExecutorFactory& factory,
                                       const VariantRunOptions& options, const DrawnCaseSink& told = {});

}  // namespace tuckerseg
