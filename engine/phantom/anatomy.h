/// One patient: all organs in the body frame, in the order in which they claim space.
///
/// Body frame: millimetres, x towards the right, y anterior, z superior; x = 0 in the midline, y = 0 behind
/// the middle of the lumbar vertebrae, z = 0 at the lower end of L5. Places and sizes follow an adult's CT.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "engine/phantom/random.h"
#include "engine/phantom/shape.h"
#include "engine/phantom/structure.h"
#include "engine/phantom/tissue.h"
#include "engine/phantom/trunk.h"

namespace tuckerseg::phantom {

/// A shape filled with one tissue. Several parts may have one label: a heart's chambers, an organ's contents.
struct OrganPart {
  uint16_t label =
      kUnlabelled;  ///< a Structure, or kUnlabelled for fat, muscle and what else is no structure
  Tissue tissue = Tissue::kMuscle;
  Shape shape;
  /// What lies in front of this y is gas (a patient on the back, a stomach half full); far in front: none.
  float gas_above_y = 1e9F;
};

/// What the builders of each region are given.
struct Plan {
  uint64_t seed;
  Trunk trunk;
  std::vector<OrganPart>& parts;

  RandomStream Random(uint64_t subject) const { return {seed, subject}; }
  void Add(uint16_t label, Tissue tissue, Shape shape) { parts.push_back({label, tissue, std::move(shape)}); }
};

struct Anatomy {
  std::vector<OrganPart> parts;  ///< the first part that holds a point owns it
  TissueLooks looks;
  Trunk trunk;
  float table_y = 0;  ///< top of the table, behind the back
};

/// The patient of a seed. Organs that patients may lack (gallbladder, a kidney, spleen, prostate) are missing
/// in some.
Anatomy MakeAnatomy(uint64_t seed, ContrastPhase phase);

/// 1 for the right side of the body, -1 for the left, in the order in which pairs are built.
inline constexpr float kSides[] = {1.0F, -1.0F};
constexpr uint16_t OfSide(float side, Structure right, Structure left) { return side > 0 ? right : left; }

/// Moves and scales the points of one organ together: what differs between patients beyond the whole body's
/// deformation.
class Pose {
 public:
  /// Shifts by up to `shift_mm` along each axis and scales by up to `scale` (0.1: from 0.9 to 1.1) about
  /// `centre`.
  Pose(RandomStream random, Point centre, float shift_mm, float scale);

  Point operator()(Point p) const { return centre_ + shift_ + (p - centre_) * scale_; }
  float scale() const { return scale_; }
  /// Moves every solid of `shape`.
  Shape operator()(Shape shape) const;

 private:
  Point centre_, shift_;
  float scale_;
};

/// The regions, in the order in which they claim space.
void AddAirways(Plan& plan);
void AddSpine(Plan& plan);
void AddPelvicBones(Plan& plan);
void AddShoulders(Plan& plan);
void AddRibCage(Plan& plan);
void AddEsophagus(Plan& plan);
void AddVessels(Plan& plan);
void AddHeart(Plan& plan);
void AddThyroid(Plan& plan);
void AddUpperAbdomen(Plan& plan);
void AddGut(Plan& plan);
void AddPelvicOrgans(Plan& plan);
void AddMuscles(Plan& plan);
void AddSpineBed(Plan& plan);
void AddLungs(Plan& plan);
void AddTrunkWall(Plan& plan);

}  // namespace tuckerseg::phantom
