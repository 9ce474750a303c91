#include "compression/evaluate/metrics_csv.h"

#include <iomanip>
#include <optional>
#include <sstream>

#include "compression/evaluate/csv_cell.h"
#include "compression/evaluate/volume_error.h"

namespace tuckerseg {
namespace {

/// A comma, and the number if there is one.
void Put(std::ostream& line, std::optional<double> value, int decimals) {
  line << ",";
  if (value) line << std::fixed << std::setprecision(decimals) << *value;
}

std::optional<double> If(bool exists, double value) { return exists ? std::optional(value) : std::nullopt; }

/// dice, surface_dice, hd95_mm, mean distances, volume, volume errors: eight cells.
void PutComparison(std::ostream& line, const std::optional<Comparison>& comparison, double voxel_mm3) {
  if (!comparison) {
    line << ",,,,,,,,";
    return;
  }
  const auto& [overlap, surface] = *comparison;
  const bool there = overlap.reference > 0;
  Put(line, If(there, overlap.Dice()), 6);
  Put(line, If(there, surface.surface_dice), 6);
  Put(line, surface.hd95_mm, 4);
  Put(line, surface.mean_predicted_to_reference_mm, 4);
  Put(line, surface.mean_reference_to_predicted_mm, 4);
  Put(line, static_cast<double>(overlap.reference) * voxel_mm3, 1);
  Put(line, VolumeErrorMm3(overlap, voxel_mm3), 1);
  Put(line, RelativeVolumeError(overlap), 6);
}

void PutStructure(std::ostream& line, const ScoredCase& scored, const ScoredStructure& structure) {
  const Overlap& overlap = structure.to_reference ? structure.to_reference->overlap : structure.to_original->overlap;
  Put(line, static_cast<double>(overlap.predicted) * scored.voxel_mm3, 1);
  PutComparison(line, structure.to_reference, scored.voxel_mm3);
  PutComparison(line, structure.to_original, scored.voxel_mm3);
}

}  // namespace

std::string EncodeMetrics(std::span<const VariantScores> variants) {
  std::ostringstream lines;
  lines << "variant,case,structure,seconds,predicted_mm3,dice,surface_dice,hd95_mm,mean_predicted_to_reference_mm,"
           "mean_reference_to_predicted_mm,reference_mm3,volume_error_mm3,volume_error,dice_to_original,surface_dice_to_original,"
           "hd95_to_original_mm,mean_predicted_to_original_mm,mean_original_to_predicted_mm,original_mm3,volume_error_to_original_mm3,"
           "volume_error_to_original\n";
  for (const VariantScores& variant : variants) {
    for (const ScoredCase& scored : variant.cases) {
      for (const ScoredStructure& structure : scored.structures) {
        lines << CsvCell(variant.name) << "," << CsvCell(scored.name) << "," << CsvCell(structure.name);
        Put(lines, scored.seconds, 3);
        PutStructure(lines, scored, structure);
        lines << "\n";
      }
    }
  }
  return lines.str();
}

}  // namespace tuckerseg
