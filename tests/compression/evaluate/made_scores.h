/// Scores of a variant with chosen Dice.
#pragma once

#include <map>
#include <string>

#include "compression/cases/case_files.h"
#include "compression/evaluate/variant_scores.h"

namespace tuckerseg {

/// Six phantoms with a liver.
inline CaseFolder Phantoms() {
  CaseFolder folder;
  folder.description = "6 phantoms";
  folder.phantoms = true;
  folder.classes = {{"liver", 5}};
  return folder;
}

/// A comparison of two structures of 1000 voxels each; `dice` must be a multiple of 0.001.
inline Comparison WithDice(double dice) {
  Comparison comparison;
  comparison.overlap = {.both = static_cast<int64_t>(dice * 1000 + 0.5), .predicted = 1000, .reference = 1000};
  comparison.surface = {.surface_dice = dice, .hd95_mm = 3.0, .mean_reference_to_predicted_mm = 1.0, .mean_predicted_to_reference_mm = 1.0};
  return comparison;
}

/// Found where it is not.
inline Comparison FoundAbsent() { return {.overlap = {.both = 0, .predicted = 10, .reference = 0}, .surface = {}}; }

/// Cases case_0, case_1, ... with the Dice to the reference and to the original of each structure; nothing: not in the case.
inline VariantScores MadeScores(const std::map<std::string, CaseValues>& dice) {
  VariantScores scores{.name = "tucker-0.3", .method = "hosvd", .level = 0.3, .parameters = 6, .multiply_adds_per_patch = 600, .weight_bytes = 24, .cases = {}};
  for (const auto& [structure, values] : dice) {
    scores.cases.resize(values.size());
    for (size_t i = 0; i < values.size(); ++i) {
      ScoredCase& one = scores.cases[i];
      one.name = "case_" + std::to_string(i);
      one.labelled = true;
      one.voxel_mm3 = 27;
      one.seconds = 1.5;
      one.equal_to_original = 0.75;
      if (values[i]) one.structures.push_back({structure, WithDice(*values[i]), WithDice(*values[i])});
    }
  }
  return scores;
}

}  // namespace tuckerseg
