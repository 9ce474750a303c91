/// Pictures of where variants draw worst, taken while the case is in memory.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "compression/evaluate/variant_run.h"
#include "compression/report/report.h"
#include "engine/model/model.h"

namespace tuckerseg {

class WorstSlices {
 public:
  /// At most `most` pictures a variant, of different structures or cases. Structures of fewer than `fewest_voxels` voxels in the map
  /// compared to are passed over: of a few voxels one more or less says little.
  explicit WorstSlices(const std::vector<Label>& labels, int most = 3, int64_t fewest_voxels = 200);

  /// Takes pictures where the case is among the variant's worst so far: by Dice to the reference where the case has one, else to the
  /// original; of several that are missed altogether the larger. What is drawn as it should be gives no picture.
  void Look(const DrawnCase& drawn);

  /// The worst first, over all variants.
  std::vector<WorstCase> Pictures() const;

 private:
  struct Candidate {
    WorstCase shown;
    int64_t voxels = 0;  ///< of the structure in the map compared to
  };
  static bool IsWorse(const Candidate& a, const Candidate& b);

  std::map<std::string, uint16_t> values_;  ///< label value by structure
  size_t most_;
  int64_t fewest_voxels_;
  std::map<std::string, std::vector<Candidate>> worst_;  ///< by variant, the worst first
};

/// The axial plane in which the two maps differ in most voxels of label `value`, as radiologists look at it: the patient's right on the
/// left, the front on top. Both maps are on the grid of `ct`.
SlicePicture DrawWorstSlice(const Volume& ct, std::span<const uint16_t> found, std::span<const uint16_t> expected, uint16_t value);

}  // namespace tuckerseg
