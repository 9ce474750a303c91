/// That phantoms look like patients: what is there, where, how large, how bright.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

#include "engine/model/task_catalog.h"
#include "engine/phantom/phantom.h"
#include "tests/engine/phantom/phantom_samples.h"

namespace tuckerseg {
namespace {

using namespace phantom;  // class ids

TEST(PhantomAnatomy, HoldsAtLeastThirtyStructuresWhateverIsScanned) {
  for (uint64_t seed = 0; seed < 8; ++seed)
    EXPECT_GE(ExtentsOf(MakePhantom(Coarse(seed), 2)).size(), 30) << seed;
}

TEST(PhantomAnatomy, HasTheClassIdsOfTotal) {
  std::map<int64_t, std::string> names;
  const TaskCatalog catalog;
  for (const Label& label : catalog.Find("total").labels) names[label.value] = label.name;
  EXPECT_EQ(names.at(kLiver), "liver");
  EXPECT_EQ(names.at(kKidneyRight), "kidney_right");
  EXPECT_EQ(names.at(kVertebraL5), "vertebrae_L5");
  EXPECT_EQ(names.at(kVertebraT1), "vertebrae_T1");
  EXPECT_EQ(names.at(kRibLeft1 + 6), "rib_left_7");
  EXPECT_EQ(names.at(kRibRight1 + 11), "rib_right_12");
  EXPECT_EQ(names.at(kIliopsoasRight), "iliopsoas_right");
  EXPECT_EQ(names.at(kCostalCartilages), "costal_cartilages");
  for (const uint16_t structure : StructuresByProminence())
    EXPECT_TRUE(names.contains(structure)) << structure;
}

TEST(PhantomAnatomy, DrawsEveryStructureOfTheListAndNoOther) {
  std::set<int> found;
  for (uint64_t seed = 0; seed < 6; ++seed)
    for (const auto& [label, extent] : ExtentsOf(MakePhantom(Coarse(seed, 5), 2))) found.insert(label);
  const auto listed = StructuresByProminence();
  EXPECT_EQ(found, std::set<int>(listed.begin(), listed.end()));
  EXPECT_EQ(found.size(), listed.size()) << "a structure is listed twice";
}

TEST(PhantomAnatomy, LiesTheRightWayRound) {
  for (uint64_t seed = 0; seed < 5; ++seed) {
    const auto extents = ExtentsOf(MakePhantom(Coarse(seed), 2));
    const auto right_of = [&](int one, int other) {
      return extents.at(one).centre_ras[0] > extents.at(other).centre_ras[0];
    };
    EXPECT_TRUE(right_of(kLiver, kSpleen)) << seed;
    EXPECT_TRUE(right_of(kLungLowerRight, kLungLowerLeft)) << seed;
    EXPECT_TRUE(right_of(kRibRight1 + 8, kRibLeft1 + 8)) << seed;
    EXPECT_TRUE(right_of(kInferiorVenaCava, kAorta)) << seed;
    EXPECT_GT(extents.at(kVertebraT12).centre_ras[2], extents.at(kVertebraL5 + 3).centre_ras[2]) << seed;
    EXPECT_GT(extents.at(kLiver).centre_ras[1], extents.at(kVertebraT12).centre_ras[1])
        << "in front of the spine, seed " << seed;
  }
}

/// From an adult's CT that TotalSegmentator segmented, widened by what patients differ: millilitres and mean
/// HU without contrast.
struct Expected {
  int label;
  double low_ml, high_ml, low_hu, high_hu;
};
constexpr std::array<Expected, 15> kExpected{{{kSpleen, 100, 400, 20, 70},
                                              {kKidneyRight, 90, 300, 0, 60},
                                              {kLiver, 900, 2200, 30, 80},
                                              {kAorta, 80, 350, 15, 70},
                                              {kLungLowerRight, 500, 2000, -880, -700},
                                              {kHeart, 250, 950, 15, 70},
                                              {kUrinaryBladder, 80, 500, -10, 40},
                                              {kColon, 400, 1700, -450, 0},
                                              {kSmallBowel, 300, 1000, -60, 60},
                                              {kVertebraL5 + 2, 35, 90, 130, 300},
                                              {kHipLeft, 200, 480, 130, 320},
                                              {kIliopsoasLeft, 100, 500, 20, 80},
                                              {kRibLeft1 + 7, 15, 60, 130, 320},
                                              {kPancreas, 40, 150, 0, 60},
                                              {kTrachea, 25, 80, -980, -650}}};

TEST(PhantomAnatomy, HasVolumesAndHounsfieldUnitsOfPatients) {
  PhantomOptions options = Coarse(4, 3);
  options.phase = ContrastPhase::kNone;
  const auto extents = ExtentsOf(MakePhantom(options, 2));
  for (const Expected& expected : kExpected) {
    ASSERT_TRUE(extents.contains(expected.label)) << expected.label;
    const Extent& extent = extents.at(expected.label);
    EXPECT_GE(extent.mm3 / 1000, expected.low_ml) << expected.label;
    EXPECT_LE(extent.mm3 / 1000, expected.high_ml) << expected.label;
    EXPECT_GE(extent.mean_hu, expected.low_hu) << expected.label;
    EXPECT_LE(extent.mean_hu, expected.high_hu) << expected.label;
  }
}

TEST(PhantomAnatomy, BrightensWithContrastWhereBloodIs) {
  PhantomOptions options = Coarse(4, 4);
  const auto in_phase = [&options](ContrastPhase phase) {
    options.phase = phase;
    return ExtentsOf(MakePhantom(options, 2));
  };
  const auto none = in_phase(ContrastPhase::kNone), arterial = in_phase(ContrastPhase::kArterial);
  const auto portal_venous = in_phase(ContrastPhase::kPortalVenous);
  EXPECT_GT(arterial.at(kAorta).mean_hu, portal_venous.at(kAorta).mean_hu + 80);
  EXPECT_GT(portal_venous.at(kAorta).mean_hu, none.at(kAorta).mean_hu + 60);
  EXPECT_GT(portal_venous.at(kLiver).mean_hu, arterial.at(kLiver).mean_hu + 20);
  EXPECT_GT(arterial.at(kKidneyLeft).mean_hu, none.at(kKidneyLeft).mean_hu + 50);
  EXPECT_NEAR(arterial.at(kAutochthonLeft).mean_hu, none.at(kAutochthonLeft).mean_hu, 10);
}

TEST(PhantomAnatomy, LacksSomeOrgansInSomePatients) {
  int without_gallbladder = 0, without_prostate = 0, without_hip = 0, without_clavicle = 0;
  constexpr int kPatients = 40;
  for (uint64_t seed = 0; seed < kPatients; ++seed) {
    const auto extents = ExtentsOf(MakePhantom(Coarse(seed, 9), 2));
    without_gallbladder += !extents.contains(kGallbladder);
    without_prostate += extents.contains(kUrinaryBladder) && !extents.contains(kProstate);
    without_hip += !extents.contains(kHipLeft);
    without_clavicle += !extents.contains(kClavicleLeft);
  }
  for (const int without : {without_gallbladder, without_prostate, without_hip, without_clavicle}) {
    EXPECT_GT(without, 0);
    EXPECT_LT(without, kPatients / 2);
  }
}

}  // namespace
}  // namespace tuckerseg
