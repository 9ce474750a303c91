/// The three planes of a preview: which they are, and what the CT and the label map hold there.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/contour.h"
#include "engine/volume/orientation.h"
#include "engine/volume/volume.h"

namespace tuckerseg {

/// A plane as it is seen: sample (u, v) at v * width + u, u to the right, v down.
struct Plane {
  std::string name;
  std::array<char, 4> directions{};  ///< of the patient, at the left, right, upper and lower edge
  int64_t width = 0, height = 0;     ///< samples
  double width_mm = 0, height_mm = 0;
  std::vector<uint8_t> grey;     ///< the CT through its window
  std::vector<uint16_t> labels;

  LabelPlane LabelsOnly() const { return {width, height, labels}; }
};

/// Where a label map has voxels that are not background.
struct Found {
  std::vector<uint16_t> values;               ///< ascending
  std::array<std::vector<int64_t>, 3> counts; ///< labelled voxels by index, along the file's axes
};
Found FindLabels(const LabelMap& labels);

/// The index for each canonical axis: the labelled voxels' centre of mass, or the volume's centre if there are none. Where that
/// plane would show little (between two lungs, say), the plane with the most labelled voxels.
Index3 ChooseCentre(const Found& found, const Orientation& orientation);

/// Axial, coronal and sagittal plane through `centre` (canonical indices). Axes longer than kMaxPlaneSamples are thinned out.
/// `labels` lie on the grid of `ct`.
std::array<Plane, 3> SamplePlanes(const Volume& ct, const LabelMap& labels, const Orientation& orientation, const Index3& centre);

inline constexpr int64_t kMaxPlaneSamples = 768;

}  // namespace tuckerseg
