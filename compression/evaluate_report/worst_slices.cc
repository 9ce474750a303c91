#include "compression/evaluate_report/worst_slices.h"

#include <algorithm>
#include <utility>

#include "engine/volume/orientation.h"

namespace tuckerseg {
namespace {

/// A label map on the grid of a volume as `view` looks at the volume.
VolumeView LabelView(std::span<const uint16_t> labels, const VolumeView& view, const Volume& volume) {
  const auto first = (view.first - volume.voxels.data()) / static_cast<std::ptrdiff_t>(BytesPerVoxel(view.type));
  return {std::as_bytes(labels).data() + first * static_cast<std::ptrdiff_t>(sizeof(uint16_t)), VoxelType::kUint16, 1.0, 0.0, view.shape, view.strides};
}

/// Plane k of a canonical view. Right and front have the highest indices and are seen at the left and on top, so both axes run backwards.
VolumeView AxialPlane(const VolumeView& view, int64_t k) {
  VolumeView plane = view;
  const int64_t corner = (view.shape[0] - 1) * view.strides[0] + (view.shape[1] - 1) * view.strides[1] + k * view.strides[2];
  plane.first += corner * static_cast<std::ptrdiff_t>(BytesPerVoxel(view.type));
  plane.shape[2] = 1;
  plane.strides[0] = -view.strides[0];
  plane.strides[1] = -view.strides[1];
  return plane;
}

std::vector<uint8_t> VoxelsOf(const VolumeView& plane, uint16_t value) {
  const std::vector<float> labels = ToFloat(plane, 1);
  std::vector<uint8_t> voxels(labels.size());
  std::transform(labels.begin(), labels.end(), voxels.begin(), [&](float label) { return label == static_cast<float>(value) ? 1 : 0; });
  return voxels;
}

/// Voxels by plane along axis 2 of the view that are `value` in one map alone.
std::vector<int64_t> DifferencesByPlane(const VolumeView& found, const VolumeView& expected, uint16_t value) {
  const auto* found_labels = reinterpret_cast<const uint16_t*>(found.first);
  const auto* expected_labels = reinterpret_cast<const uint16_t*>(expected.first);
  std::vector<int64_t> differences(static_cast<size_t>(found.shape[2]), 0);
  for (int64_t k = 0; k < found.shape[2]; ++k)
    for (int64_t j = 0; j < found.shape[1]; ++j)
      for (int64_t i = 0; i < found.shape[0]; ++i) {
        const int64_t at = i * found.strides[0] + j * found.strides[1] + k * found.strides[2];
        if ((found_labels[at] == value) != (expected_labels[at] == value)) ++differences[static_cast<size_t>(k)];
      }
  return differences;
}

bool IsRight(const Overlap& overlap) { return overlap.both == overlap.predicted && overlap.both == overlap.reference; }

}  // namespace

SlicePicture DrawWorstSlice(const Volume& ct, std::span<const uint16_t> found, std::span<const uint16_t> expected, uint16_t value) {
  const Orientation orientation = ClosestCanonical(ct.geometry.affine_ras);
  const VolumeView view = ViewOf(ct, orientation);
  const VolumeView found_view = LabelView(found, view, ct);
  const VolumeView expected_view = LabelView(expected, view, ct);
  const std::vector<int64_t> differences = DifferencesByPlane(found_view, expected_view, value);
  const int64_t k = std::max_element(differences.begin(), differences.end()) - differences.begin();
  const std::vector<float> hu = ToFloat(AxialPlane(view, k), 1);
  const std::vector<uint8_t> found_voxels = VoxelsOf(AxialPlane(found_view, k), value);
  const std::vector<uint8_t> expected_voxels = VoxelsOf(AxialPlane(expected_view, k), value);
  const Spacing3 spacing = CanonicalGeometry(ct.geometry, orientation).AffineSpacingMm();
  return DrawSlice({.width = view.shape[0], .height = view.shape[1], .pixel_mm = {spacing[0], spacing[1]}, .hu = hu, .found = found_voxels, .expected = expected_voxels});
}

WorstSlices::WorstSlices(const std::vector<Label>& labels, int most, int64_t fewest_voxels)
    : most_(static_cast<size_t>(most)), fewest_voxels_(fewest_voxels) {
  for (const Label& label : labels) values_[label.name] = static_cast<uint16_t>(label.value);
}

bool WorstSlices::IsWorse(const Candidate& a, const Candidate& b) {
  return a.shown.dice != b.shown.dice ? a.shown.dice < b.shown.dice : a.voxels > b.voxels;
}

void WorstSlices::Look(const DrawnCase& drawn) {
  const ScoredCase& scored = drawn.variant.cases.back();
  const ComparedTo to = scored.labelled ? ComparedTo::kReference : ComparedTo::kOriginal;
  const auto expected = scored.labelled ? drawn.maps.reference : drawn.maps.original;
  std::vector<Candidate>& worst = worst_[drawn.variant.name];
  for (const ScoredStructure& structure : scored.structures) {
    const Comparison* comparison = FindComparison(scored, structure.name, to);
    if (comparison == nullptr || comparison->overlap.reference < fewest_voxels_ || IsRight(comparison->overlap)) continue;
    Candidate one;
    one.voxels = comparison->overlap.reference;
    one.shown.variant = drawn.variant.name;
    one.shown.case_name = scored.name;
    one.shown.structure = structure.name;
    one.shown.dice = comparison->overlap.Dice();
    one.shown.against = scored.labelled ? "reference" : "original";
    const auto place = std::upper_bound(worst.begin(), worst.end(), one, IsWorse);
    if (static_cast<size_t>(place - worst.begin()) >= most_) continue;
    one.shown.picture = DrawWorstSlice(drawn.ct, drawn.maps.predicted, *expected, values_.at(structure.name));
    worst.insert(place, std::move(one));
    if (worst.size() > most_) worst.pop_back();
  }
}

std::vector<WorstCase> WorstSlices::Pictures() const {
  std::vector<Candidate> all;
  for (const auto& [variant, worst] : worst_) all.insert(all.end(), worst.begin(), worst.end());
  std::stable_sort(all.begin(), all.end(), IsWorse);
  std::vector<WorstCase> pictures;
  for (Candidate& one : all) pictures.push_back(std::move(one.shown));
  return pictures;
}

}  // namespace tuckerseg
