#include "engine/phantom/tissue.h"

#include <algorithm>

namespace tuckerseg::phantom {
namespace {

/// `vary_hu`: the most by which patients differ. `hu` is without contrast, arterial, portal-venous.
struct TissueRow {
  Tissue tissue;
  std::array<float, kPhases> hu;
  float vary_hu = 0, rim_hu = 0, rim_mm = 0, texture_hu = 0, texture_mm = 10, gas_share = 0;
};

constexpr float kGasHu = -930;

constexpr std::array<TissueRow, kTissues> kTable{{
    {Tissue::kAir, {-1000, -1000, -1000}},
    {Tissue::kFat, {-103, -103, -103}, 8, 0, 0, 12, 14},
    {Tissue::kSkin, {15, 15, 15}, 10},
    {Tissue::kMuscle, {48, 50, 58}, 10, 0, 0, 14, 9},
    {Tissue::kLung, {-835, -830, -830}, 40, 0, 0, 45, 12},
    {Tissue::kLungVessel, {20, 180, 110}, 20},
    {Tissue::kAirway, {-960, -960, -960}, 20, -300, 1.5F},
    {Tissue::kBone, {190, 200, 200}, 45, 430, 2.5F, 60, 8},
    {Tissue::kDenseBone, {260, 265, 265}, 50, 700, 3.5F, 60, 9},
    {Tissue::kVertebra, {165, 175, 185}, 40, 420, 2.5F, 35, 8},
    {Tissue::kCartilage, {95, 98, 98}, 20, 150, 2, 15, 8},
    {Tissue::kDisc, {80, 80, 82}, 12, 0, 0, 8, 8},
    {Tissue::kCord, {25, 27, 30}, 8},
    {Tissue::kArtery, {42, 310, 150}, 25, 0, 0, 6, 10},
    {Tissue::kVein, {38, 60, 140}, 12, 0, 0, 8, 12},
    {Tissue::kUpperVein, {40, 240, 140}, 25, 0, 0, 12, 12},
    {Tissue::kPortalVein, {38, 85, 165}, 12, 0, 0, 5, 10},
    {Tissue::kLungVein, {40, 280, 145}, 20, 0, 0, 6, 10},
    {Tissue::kHeartMuscle, {45, 95, 105}, 8, 0, 0, 8, 12},
    {Tissue::kHeartChamber, {38, 270, 145}, 15, 0, 0, 8, 14},
    {Tissue::kLiver, {57, 66, 108}, 12, 0, 0, 8, 9},
    {Tissue::kSpleen, {47, 115, 122}, 8, 0, 0, 8, 8},
    {Tissue::kKidney, {32, 135, 180}, 10, 0, 0, 14, 10},
    {Tissue::kKidneySinus, {-30, -25, -10}, 20, 0, 0, 20, 6},
    {Tissue::kGullet, {35, 52, 60}, 8, 0, 0, 14, 7},
    {Tissue::kPancreas, {36, 95, 92}, 9, 0, 0, 24, 6},
    {Tissue::kAdrenal, {22, 60, 65}, 10, 0, 0, 8, 6},
    {Tissue::kGland, {95, 150, 140}, 15, 0, 0, 12, 6},
    {Tissue::kBile, {8, 8, 9}, 6, 0, 0, 3, 8},
    {Tissue::kUrine, {6, 7, 10}, 6, 35, 2.5F, 3, 12},
    {Tissue::kStomach, {25, 27, 28}, 18, 55, 3.5F, 22, 16},
    {Tissue::kBowel, {18, 25, 30}, 10, 50, 2.5F, 20, 10, 0.012F},
    {Tissue::kColon, {10, 12, 15}, 25, 45, 2.5F, 45, 9, 0.33F},
    {Tissue::kTable, {-150, -150, -150}, 30},
}};

/// ValueNoise at which the share of larger values is about `share`; its values lie close to a triangle on
/// [-0.8, 0.8].
float ThresholdOf(float share) { return 0.8F * (1 - std::sqrt(2 * std::min(share, 0.5F))); }

}  // namespace

TissueLooks LooksOf(ContrastPhase phase, uint64_t seed) {
  TissueLooks looks;
  for (const TissueRow& row : kTable) {
    RandomStream random(seed, 0x7155 + static_cast<uint64_t>(row.tissue));
    TissueLook& look = looks[static_cast<size_t>(row.tissue)];
    look.hu = row.hu[static_cast<size_t>(phase)] + random.Uniform(-row.vary_hu, row.vary_hu);
    look.rim_hu = row.rim_hu + random.Uniform(-0.1F, 0.1F) * row.rim_hu;
    look.rim_mm = row.rim_mm;
    look.texture_hu = row.texture_hu * random.Uniform(0.7F, 1.3F);
    look.texture_mm = row.texture_mm * random.Uniform(0.85F, 1.2F);
    look.gas_share = row.gas_share * random.Uniform(0.4F, 1.5F);
  }
  return looks;
}

float HounsfieldUnits(const TissueLook& look, uint64_t seed, Point p, float depth_mm) {
  float hu = look.hu;
  if (look.texture_hu > 0) hu += look.texture_hu * ValueNoise(seed, p * (1 / look.texture_mm));
  if (look.gas_share > 0 && depth_mm > 0) {
    // Pockets as wide as the gut, higher up where the patient lies on the back.
    const float pocket = ValueNoise(seed + 1, p * (1.0F / 28)) - ThresholdOf(look.gas_share);
    hu += (kGasHu - hu) * std::clamp(0.5F + 8 * pocket, 0.0F, 1.0F);
  }
  if (look.rim_mm > 0) hu += (look.rim_hu - hu) * std::clamp(1 - depth_mm / look.rim_mm, 0.0F, 1.0F);
  return hu;
}

}  // namespace tuckerseg::phantom
