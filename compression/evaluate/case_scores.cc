#include "compression/evaluate/case_scores.h"

#include <algorithm>
#include <utility>

#include "compression/evaluate/present_mean.h"
#include "engine/error.h"

namespace tuckerseg {
namespace {

void CheckSize(const char* which, std::span<const uint16_t> labels, const Geometry& geometry) {
  if (labels.size() == static_cast<size_t>(geometry.VoxelCount())) return;
  throw Error(ErrorCode::kInvalidArgument, std::string(which) + " label map of " + std::to_string(labels.size()) + " voxels: must have " +
                                               std::to_string(geometry.VoxelCount()) + ", as the image");
}

std::map<int64_t, Comparison> Compare(std::span<const uint16_t> predicted, std::span<const uint16_t> other, const Geometry& geometry,
                                      const ScoreOptions& options) {
  std::map<int64_t, Comparison> comparisons;
  for (const auto& [value, overlap] : CountOverlaps(predicted, other)) comparisons[value].overlap = overlap;
  const SurfaceOptions surface{.tolerance_mm = options.tolerance_mm, .threads = options.threads};
  for (const auto& [value, distance] : MeasureSurfaces(predicted, other, geometry.shape, geometry.AffineSpacingMm(), surface)) {
    comparisons[value].surface = distance;
  }
  return comparisons;
}

std::optional<Comparison> Lookup(const std::map<int64_t, Comparison>& comparisons, int64_t value) {
  const auto found = comparisons.find(value);
  if (found == comparisons.end()) return std::nullopt;
  return found->second;
}

const std::optional<Comparison>& Pick(const ScoredStructure& structure, ComparedTo to) {
  return to == ComparedTo::kReference ? structure.to_reference : structure.to_original;
}

}  // namespace

ScoredCase ScoreCase(const std::string& name, const CaseMaps& maps, const Geometry& geometry, const std::map<int64_t, std::string>& names,
                     const ScoreOptions& options) {
  CheckSize("predicted", maps.predicted, geometry);
  if (maps.reference) CheckSize("reference", *maps.reference, geometry);
  if (maps.original) CheckSize("original", *maps.original, geometry);
  const Spacing3 spacing = geometry.AffineSpacingMm();
  ScoredCase scored{.name = name, .voxel_mm3 = spacing[0] * spacing[1] * spacing[2], .labelled = maps.reference.has_value()};
  std::map<int64_t, Comparison> to_reference;
  std::map<int64_t, Comparison> to_original;
  if (maps.reference) to_reference = Compare(maps.predicted, *maps.reference, geometry, options);
  if (maps.original) {
    to_original = Compare(maps.predicted, *maps.original, geometry, options);
    scored.equal_to_original = EqualShare(maps.predicted, *maps.original);
  }
  for (const auto& [value, structure] : names) {
    ScoredStructure entry{.name = structure};
    if (!options.labelled_values || options.labelled_values->contains(value)) entry.to_reference = Lookup(to_reference, value);
    entry.to_original = Lookup(to_original, value);
    if (entry.to_reference || entry.to_original) scored.structures.push_back(std::move(entry));
  }
  return scored;
}

const Comparison* FindComparison(const ScoredCase& scored, const std::string& structure, ComparedTo to) {
  const auto found = std::find_if(scored.structures.begin(), scored.structures.end(),
                                  [&](const ScoredStructure& entry) { return entry.name == structure; });
  if (found == scored.structures.end() || !Pick(*found, to)) return nullptr;
  return &*Pick(*found, to);
}

std::optional<double> DiceOf(const ScoredCase& scored, const std::string& structure, ComparedTo to) {
  const Comparison* comparison = FindComparison(scored, structure, to);
  if (comparison == nullptr || comparison->overlap.reference == 0) return std::nullopt;
  return comparison->overlap.Dice();
}

std::optional<double> MeanDice(const ScoredCase& scored, ComparedTo to) {
  PresentMean mean;
  for (const ScoredStructure& structure : scored.structures) mean.Add(DiceOf(scored, structure.name, to));
  return mean.Value();
}

}  // namespace tuckerseg
