/// How tissues look in a CT: Hounsfield units by contrast phase, and what makes them uneven.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/phantom/point.h"
#include "engine/phantom/random.h"

namespace tuckerseg::phantom {

enum class ContrastPhase { kNone, kArterial, kPortalVenous };
inline constexpr size_t kPhases = 3;

enum class Tissue : uint8_t {
  kAir,
  kFat,
  kSkin,
  kMuscle,
  kLung,
  kLungVessel,
  kAirway,
  kBone,
  kDenseBone,
  kVertebra,
  kCartilage,
  kDisc,
  kCord,
  kArtery,
  kVein,
  kUpperVein,
  kPortalVein,
  kLungVein,
  kHeartMuscle,
  kHeartChamber,
  kLiver,
  kSpleen,
  kKidney,
  kKidneySinus,
  kGullet,
  kPancreas,
  kAdrenal,
  kGland,
  kBile,
  kUrine,
  kStomach,
  kBowel,
  kColon,
  kTable
};
inline constexpr size_t kTissues = static_cast<size_t>(Tissue::kTable) + 1;

/// How one tissue looks in one patient and phase.
struct TissueLook {
  float hu = 0;
  float rim_hu = 0;       ///< at the surface: the cortex of a bone, the wall of a hollow organ
  float rim_mm = 0;       ///< thickness of that rim; 0: none
  float texture_hu = 0;   ///< amplitude of smooth unevenness
  float texture_mm = 10;  ///< its size
  float gas_share = 0;    ///< share of the inside that is gas, in pockets
};

using TissueLooks = std::array<TissueLook, kTissues>;

/// The tissues of one patient: the table's values, moved by what differs from patient to patient.
TissueLooks LooksOf(ContrastPhase phase, uint64_t seed);

/// Hounsfield units of `look` at `p`, `depth_mm` below the organ's surface, before noise and blur.
float HounsfieldUnits(const TissueLook& look, uint64_t seed, Point p, float depth_mm);

}  // namespace tuckerseg::phantom
