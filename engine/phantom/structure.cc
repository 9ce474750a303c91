#include "engine/phantom/structure.h"

#include <array>

namespace tuckerseg::phantom {
namespace {

// clang-format off
constexpr std::array<uint16_t, 107> kByProminence{
    kLiver, kLungLowerRight, kLungLowerLeft, kLungUpperLeft, kLungUpperRight, kHeart, kSpleen, kKidneyLeft, kKidneyRight, kAorta,
    kLungMiddleRight, kStomach, kColon, kUrinaryBladder, kHipLeft, kHipRight, kSacrum, kFemurLeft, kFemurRight, kAutochthonLeft,
    kAutochthonRight, kGluteusMaximusLeft, kGluteusMaximusRight, kIliopsoasLeft, kIliopsoasRight, kSmallBowel, kSpinalCord,
    kInferiorVenaCava, kTrachea, kGluteusMediusLeft, kGluteusMediusRight, kPancreas, kSternum, kVertebraL5, kVertebraL5 + 1,
    kVertebraL5 + 2, kVertebraL5 + 3, kVertebraL5 + 4, kEsophagus, kDuodenum, kScapulaLeft, kScapulaRight, kGallbladder,
    kPortalVein, kHumerusLeft, kHumerusRight, kClavicleLeft, kClavicleRight, kGluteusMinimusLeft, kGluteusMinimusRight,
    kSuperiorVenaCava, kVertebraS1, kVertebraT12, kVertebraT12 + 1, kVertebraT12 + 2, kVertebraT12 + 3, kVertebraT12 + 4,
    kVertebraT12 + 5, kVertebraT12 + 6, kVertebraT12 + 7, kVertebraT12 + 8, kVertebraT12 + 9, kVertebraT12 + 10, kVertebraT1,
    kCostalCartilages, kPulmonaryVein, kIliacVeinLeft, kIliacVeinRight, kIliacArteryLeft, kIliacArteryRight, kProstate,
    kAdrenalLeft, kAdrenalRight, kThyroid, kVertebraC7,
    kRibLeft1 + 6, kRibRight1 + 6, kRibLeft1 + 7, kRibRight1 + 7, kRibLeft1 + 5, kRibRight1 + 5, kRibLeft1 + 4, kRibRight1 + 4,
    kRibLeft1 + 8, kRibRight1 + 8, kRibLeft1 + 3, kRibRight1 + 3, kRibLeft1 + 9, kRibRight1 + 9, kRibLeft1 + 2, kRibRight1 + 2,
    kRibLeft1 + 1, kRibRight1 + 1, kRibLeft1 + 10, kRibRight1 + 10, kRibLeft1, kRibRight1, kRibLeft1 + 11,
    kRibRight1 + 11, kBrachiocephalicTrunk, kBrachiocephalicVeinLeft, kBrachiocephalicVeinRight, kSubclavianArteryLeft,
    kSubclavianArteryRight, kCarotidLeft, kCarotidRight, kVertebraC6,
};
// clang-format on

}  // namespace

std::span<const uint16_t> StructuresByProminence() { return kByProminence; }

}  // namespace tuckerseg::phantom
