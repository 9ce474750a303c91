/// What tasks do to their label map at the model's spacing (totalsegmentator-pipeline section 9).
#pragma once

#include <cstdint>
#include <span>
#include <stop_token>
#include <vector>

#include "engine/model/model.h"
#include "engine/volume/resample.h"

namespace tuckerseg {

/// A label map while it is cleaned. Axes: z (superior last), y, x.
struct CaseLabels {
  std::span<uint16_t> labels;
  ArrayShape shape{};
  Spacing3 spacing_mm{};
  std::stop_token stop = {};  ///< asked for: what works on it ends with kCancelled, and the labels are half-made
};

/// Runs the task's steps in order. `names`: all labels of the model.
void CleanLabels(const std::vector<CleaningStep>& steps, const std::vector<Label>& names, const CaseLabels& map);

/// For each label, components of at most `volume_mm3` become background.
void DropSmallComponents(double volume_mm3, const CaseLabels& map);

/// TotalSegmentator's renumbering of vertebrae that were found as one piece each: from the first that is known along the spine,
/// one number a component; then grown by 3 mm. `names` hold vertebrae_C1 ... vertebrae_L5.
void OrderVertebrae(const std::vector<Label>& names, const CaseLabels& map);

}  // namespace tuckerseg
