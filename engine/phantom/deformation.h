/// What makes two patients' bodies differ as a whole: size, pose on the table, and a smooth bending of
/// everything inside.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "engine/phantom/point.h"

namespace tuckerseg::phantom {

/// Maps the scanner's coordinates (RAS+ mm) to the body frame of anatomy.h. The bending is held on a lattice
/// in mm, so it is the same for any grid. Thread-safe once built.
class BodyDeformation {
 public:
  explicit BodyDeformation(uint64_t seed);

  Point ToBody(Point scanner) const;
  /// Where a point of the body lies, without the bending: within `reach_mm` of the right place.
  Point ToScanner(Point body) const;
  float reach_mm() const { return reach_mm_; }
  /// A box that holds the body's points of a box in the scanner.
  BoxMm BoundsInBody(const BoxMm& scanner) const;
  /// Millimetres of the scanner for one of the body, about.
  float scale() const { return (scale_.x + scale_.y + scale_.z) / 3; }

 private:
  Point Rigid(Point scanner) const;
  Point BendingAt(Point scanner) const;

  Point scale_, shift_;
  Frame pose_;
  float reach_mm_ = 0;
  std::array<int64_t, 3> nodes_{};
  std::vector<Point> bending_;  // [z][y][x]
};

}  // namespace tuckerseg::phantom
