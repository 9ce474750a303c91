/// The structures that a phantom can hold: class ids of TotalSegmentator's task `total`.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tuckerseg::phantom {

// A name a line would fill two pages.
// clang-format off
/// Values are class ids; vertebrae and ribs count on from the ones named (kVertebraL5 + 1 is L4, kRibLeft1 + 1 the second).
enum Structure : uint16_t {
  kUnlabelled = 0,
  kSpleen = 1, kKidneyRight = 2, kKidneyLeft = 3, kGallbladder = 4, kLiver = 5, kStomach = 6, kPancreas = 7,
  kAdrenalRight = 8, kAdrenalLeft = 9, kLungUpperLeft = 10, kLungLowerLeft = 11, kLungUpperRight = 12, kLungMiddleRight = 13,
  kLungLowerRight = 14, kEsophagus = 15, kTrachea = 16, kThyroid = 17, kSmallBowel = 18, kDuodenum = 19, kColon = 20,
  kUrinaryBladder = 21, kProstate = 22, kSacrum = 25, kVertebraS1 = 26, kVertebraL5 = 27, kVertebraT12 = 32, kVertebraT1 = 43, kVertebraC7 = 44,
  kVertebraC6 = 45, kHeart = 51, kAorta = 52, kPulmonaryVein = 53, kBrachiocephalicTrunk = 54, kSubclavianArteryRight = 55,
  kSubclavianArteryLeft = 56, kCarotidRight = 57, kCarotidLeft = 58, kBrachiocephalicVeinLeft = 59, kBrachiocephalicVeinRight = 60,
  kSuperiorVenaCava = 62, kInferiorVenaCava = 63, kPortalVein = 64, kIliacArteryLeft = 65, kIliacArteryRight = 66,
  kIliacVeinLeft = 67, kIliacVeinRight = 68, kHumerusLeft = 69, kHumerusRight = 70, kScapulaLeft = 71, kScapulaRight = 72,
  kClavicleLeft = 73, kClavicleRight = 74, kFemurLeft = 75, kFemurRight = 76, kHipLeft = 77, kHipRight = 78, kSpinalCord = 79,
  kGluteusMaximusLeft = 80, kGluteusMaximusRight = 81, kGluteusMediusLeft = 82, kGluteusMediusRight = 83, kGluteusMinimusLeft = 84,
  kGluteusMinimusRight = 85, kAutochthonLeft = 86, kAutochthonRight = 87, kIliopsoasLeft = 88, kIliopsoasRight = 89,
  kRibLeft1 = 92, kRibRight1 = 104, kSternum = 116, kCostalCartilages = 117,
};
// clang-format on

/// Every structure that a phantom may hold, those first that are largest and plainest to see: `structures` =
/// N of PhantomOptions are the first N.
std::span<const uint16_t> StructuresByProminence();

}  // namespace tuckerseg::phantom
