/// A model on cases with reference labels: what it finds against what is there.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "compression/cases/case_files.h"
#include "compression/evaluate/overlap.h"
#include "engine/segment/segmenter.h"

namespace tuckerseg {

struct CaseEvaluation {
  std::string name;
  double voxel_mm3 = 0;
  double seconds = 0;                      ///< of Segmenter::Segment
  std::map<std::string, Overlap> overlaps; ///< of the structures that are in the reference or were found
};

struct StructureScore {
  std::string name;
  /// Cases whose reference holds the structure; those without it say nothing about how well it is drawn and are left out.
  int cases = 0;
  double dice = 0;      ///< mean over `cases`
  int found_absent = 0; ///< cases without it in which the model found some
};

struct Evaluation {
  std::vector<CaseEvaluation> cases;
  /// Of the structures that the model and the data name alike, in the model's order.
  std::vector<StructureScore> structures;
  /// Mean over the structures that occur in a case.
  double mean_dice = 0;
};

/// Called after each case, from the thread that evaluates.
using EvaluationSink = std::function<void(const CaseEvaluation& done, size_t count, size_t total)>;

/// Segments every case as a request would be, and compares by structure name, on the CT's own grid. What only one side has a name for
/// counts as background.
/// Errors: kInvalidArgument for labels that are not on their image's grid, that are no whole number in [0, 65535] or that the data do
/// not name, if no structure has a name that both know, or if no case holds one that has; kFailedPrecondition for a task that needs
/// another model's result; as ReadVolume's and Segmenter::Segment's.
Evaluation Evaluate(Segmenter& segmenter, const CaseFolder& folder, const SegmentOptions& options, const EvaluationSink& told = {});

/// Scores of the structures `names` over finished cases.
std::vector<StructureScore> ScoreStructures(const std::vector<std::string>& names, const std::vector<CaseEvaluation>& cases);

}  // namespace tuckerseg
