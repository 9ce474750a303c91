#include "engine/preview/plane.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "engine/volume/voxel_type.h"

namespace tuckerseg {
namespace {

constexpr double kWindowLowHu = -160;
constexpr double kWindowHighHu = 240;
/// A plane shows little if it has less than this share of the labelled voxels of the fullest one.
constexpr double kLittle = 0.25;

/// Which canonical axes a plane spans, and what is at its edges. Both axes run against the canonical direction in every plane:
/// x and y grow towards the patient's right and front, which are seen on the left (and on top), z towards the head.
struct PlaneAxes {
  const char* name;
  size_t across, right, down;
  std::array<char, 4> directions;
};
constexpr std::array<PlaneAxes, 3> kPlanes{{{"axial", 2, 0, 1, {'R', 'L', 'A', 'P'}},
                                            {"coronal", 1, 0, 2, {'R', 'L', 'S', 'I'}},
                                            {"sagittal", 0, 1, 2, {'A', 'P', 'S', 'I'}}}};

uint8_t Windowed(double hu) {
  const double share = (hu - kWindowLowHu) / (kWindowHighHu - kWindowLowHu);
  return static_cast<uint8_t>(std::lround(255 * (share > 0 ? std::min(share, 1.0) : 0.0)));  // NaN is black
}

/// Offsets, in elements, of the samples along an axis that is seen backwards.
std::vector<int64_t> SampleOffsets(int64_t length, int64_t samples, int64_t stride) {
  std::vector<int64_t> offsets(static_cast<size_t>(samples));
  for (int64_t s = 0; s < samples; ++s) offsets[static_cast<size_t>(samples - 1 - s)] = (2 * s + 1) * length / (2 * samples) * stride;
  return offsets;
}

template <typename Value, typename Convert>
std::vector<Value> Sample(const VolumeView& view, const PlaneAxes& axes, int64_t at, const Plane& plane, const Convert& convert) {
  const auto right = SampleOffsets(view.shape[axes.right], plane.width, view.strides[axes.right]);
  const auto down = SampleOffsets(view.shape[axes.down], plane.height, view.strides[axes.down]);
  std::vector<Value> values;
  values.reserve(right.size() * down.size());
  VisitVoxelType(view.type, [&]<typename T>() {
    const T* voxels = reinterpret_cast<const T*>(view.first) + at * view.strides[axes.across];
    for (const int64_t v : down)
      for (const int64_t u : right) values.push_back(convert(static_cast<double>(voxels[u + v]) * view.slope + view.intercept));
  });
  return values;
}

/// A label map in canonical order, as volumes are looked at.
VolumeView LabelView(const LabelMap& labels, const VolumeView& ct, const Volume& volume) {
  const auto first = (ct.first - volume.voxels.data()) / static_cast<std::ptrdiff_t>(BytesPerVoxel(ct.type));
  return {std::as_bytes(std::span(labels.labels)).data() + first * static_cast<std::ptrdiff_t>(sizeof(uint16_t)),
          VoxelType::kUint16, 1.0, 0.0, ct.shape, ct.strides};
}

/// Along one axis, in the file's direction.
int64_t CentreOf(const std::vector<int64_t>& counts) {
  double mass = 0;
  double moment = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    mass += static_cast<double>(counts[i]);
    moment += static_cast<double>(counts[i]) * static_cast<double>(i);
  }
  if (mass == 0) return static_cast<int64_t>(counts.size() / 2);
  const auto centre = static_cast<int64_t>(std::lround(moment / mass));
  const auto fullest = std::max_element(counts.begin(), counts.end());
  const bool little = static_cast<double>(counts[static_cast<size_t>(centre)]) < kLittle * static_cast<double>(*fullest);
  return little ? fullest - counts.begin() : centre;
}

}  // namespace

Found FindLabels(const LabelMap& labels) {
  Found found;
  for (size_t a = 0; a < 3; ++a) found.counts[a].assign(static_cast<size_t>(labels.shape[a]), 0);
  std::vector<bool> seen(65536, false);
  const uint16_t* label = labels.labels.data();
  for (auto& in_plane : found.counts[2])
    for (auto& in_row : found.counts[1]) {
      int64_t count = 0;
      for (auto& in_column : found.counts[0]) {
        if (*label != 0) {
          ++count;
          ++in_column;
          seen[*label] = true;
        }
        ++label;
      }
      in_row += count;
      in_plane += count;
    }
  for (size_t value = 1; value < seen.size(); ++value)
    if (seen[value]) found.values.push_back(static_cast<uint16_t>(value));
  return found;
}

Index3 ChooseCentre(const Found& found, const Orientation& orientation) {
  Index3 centre{};
  for (size_t c = 0; c < 3; ++c) {
    const auto& counts = found.counts[static_cast<size_t>(orientation.axis[c])];
    const int64_t index = CentreOf(counts);
    centre[c] = orientation.flipped[c] ? static_cast<int64_t>(counts.size()) - 1 - index : index;
  }
  return centre;
}

std::array<Plane, 3> SamplePlanes(const Volume& ct, const LabelMap& labels, const Orientation& orientation, const Index3& centre) {
  const VolumeView view = ViewOf(ct, orientation);
  const VolumeView label_view = LabelView(labels, view, ct);
  const Spacing3 spacing = CanonicalGeometry(ct.geometry, orientation).AffineSpacingMm();
  std::array<Plane, 3> planes;
  for (size_t p = 0; p < 3; ++p) {
    const PlaneAxes& axes = kPlanes[p];
    Plane& plane = planes[p];
    plane.name = axes.name;
    plane.directions = axes.directions;
    plane.width = std::min(view.shape[axes.right], kMaxPlaneSamples);
    plane.height = std::min(view.shape[axes.down], kMaxPlaneSamples);
    plane.width_mm = static_cast<double>(view.shape[axes.right]) * spacing[axes.right];
    plane.height_mm = static_cast<double>(view.shape[axes.down]) * spacing[axes.down];
    plane.grey = Sample<uint8_t>(view, axes, centre[axes.across], plane, Windowed);
    plane.labels = Sample<uint16_t>(label_view, axes, centre[axes.across], plane, [](double value) { return static_cast<uint16_t>(value); });
  }
  return planes;
}

}  // namespace tuckerseg
