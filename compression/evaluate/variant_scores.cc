#include "compression/evaluate/variant_scores.h"

#include <algorithm>

#include "compression/evaluate/volume_error.h"
#include "engine/error.h"

namespace tuckerseg {
namespace {

/// A mean of what there is.
class Mean {
 public:
  void Add(std::optional<double> value) {
    if (!value) return;
    sum_ += *value;
    ++count_;
  }
  std::optional<double> Value() const {
    if (count_ == 0) return std::nullopt;
    return sum_ / count_;
  }

 private:
  double sum_ = 0;
  int count_ = 0;
};

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

double EqualShare(std::span<const uint16_t> a, std::span<const uint16_t> b) {
  int64_t equal = 0;
  for (size_t v = 0; v < a.size(); ++v) equal += a[v] == b[v] ? 1 : 0;
  return static_cast<double>(equal) / static_cast<double>(a.size());
}

std::optional<Comparison> Lookup(const std::map<int64_t, Comparison>& comparisons, int64_t value) {
  const auto found = comparisons.find(value);
  if (found == comparisons.end()) return std::nullopt;
  return found->second;
}

const std::optional<Comparison>& Pick(const ScoredStructure& structure, ComparedTo to) {
  return to == ComparedTo::kReference ? structure.to_reference : structure.to_original;
}

bool HasMap(const ScoredCase& scored, ComparedTo to) {
  return to == ComparedTo::kReference ? scored.labelled : scored.equal_to_original.has_value();
}

std::optional<double> DiceOf(const Comparison* comparison) {
  if (comparison == nullptr || comparison->overlap.reference == 0) return std::nullopt;
  return comparison->overlap.Dice();
}

StructureSummary SummarizeStructure(const VariantScores& scores, const std::string& name, ComparedTo to, const CaseResamples& resamples) {
  StructureSummary summary{.name = name};
  Mean dice;
  Mean surface_dice;
  Mean hd95_mm;
  Mean volume_error;
  for (const ScoredCase& one : scores.cases) {
    const Comparison* comparison = FindComparison(one, name, to);
    if (comparison == nullptr) continue;
    if (comparison->overlap.reference == 0) {
      ++summary.found_absent;
      continue;
    }
    ++summary.cases;
    summary.missed += comparison->overlap.predicted == 0 ? 1 : 0;
    dice.Add(comparison->overlap.Dice());
    surface_dice.Add(comparison->surface.surface_dice);
    hd95_mm.Add(comparison->surface.hd95_mm);
    volume_error.Add(RelativeVolumeError(comparison->overlap));
  }
  summary.dice = dice.Value();
  summary.surface_dice = surface_dice.Value();
  summary.hd95_mm = hd95_mm.Value();
  summary.volume_error = volume_error.Value();
  summary.dice_ci95 = resamples.MeanInterval(DiceByCase(scores, name, to));
  return summary;
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

std::optional<double> MeanDice(const ScoredCase& scored, ComparedTo to) {
  Mean mean;
  for (const ScoredStructure& structure : scored.structures) mean.Add(DiceOf(FindComparison(scored, structure.name, to)));
  return mean.Value();
}

CaseValues DiceByCase(const VariantScores& scores, const std::string& structure, ComparedTo to) {
  CaseValues values;
  for (const ScoredCase& one : scores.cases) values.push_back(DiceOf(FindComparison(one, structure, to)));
  return values;
}

ScoreSummary Summarize(const VariantScores& scores, const std::vector<std::string>& names, ComparedTo to, const CaseResamples& resamples) {
  ScoreSummary summary;
  Mean mean_dice;
  Mean equal_share;
  std::vector<CaseValues> dice;
  for (const ScoredCase& one : scores.cases) {
    summary.cases += HasMap(one, to) ? 1 : 0;
    if (to == ComparedTo::kOriginal) equal_share.Add(one.equal_to_original);
  }
  for (const std::string& name : names) {
    summary.structures.push_back(SummarizeStructure(scores, name, to, resamples));
    mean_dice.Add(summary.structures.back().dice);
    dice.push_back(DiceByCase(scores, name, to));
  }
  summary.mean_dice = mean_dice.Value();
  summary.dice_ci95 = resamples.MeanOfMeansInterval(dice);
  summary.equal_share = equal_share.Value();
  return summary;
}

}  // namespace tuckerseg
