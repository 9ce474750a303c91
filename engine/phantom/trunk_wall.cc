// What the organs lie in: cavities, muscles, fat and skin. None of it is a structure.
#include <utility>
#include <vector>

#include "engine/phantom/anatomy.h"
#include "engine/phantom/spine.h"
#include "engine/phantom/trunk.h"

namespace tuckerseg::phantom {
namespace {

Column Thorax() {
  // Below the last rib the abdomen goes on: that part bounds organs, not lungs.
  return Column({{20, 131, -40, 95},
                 {60, 134, -50, 96},
                 {100, 137, -78, 96},
                 {160, 138, -84, 98},
                 {220, 132, -92, 90},
                 {280, 122, -98, 74},
                 {330, 106, -98, 54},
                 {370, 86, -90, 34},
                 {400, 64, -76, 16},
                 {425, 42, -58, 2},
                 {442, 16, -38, -10}});
}

Column Peritoneum() {
  return Column({{-175, 44, -56, 56},
                 {-110, 62, -60, 76},
                 {-60, 88, -48, 88},
                 {-20, 116, -38, 93},
                 {30, 131, -38, 95},
                 {90, 137, -52, 97},
                 {135, 138, -78, 98}});
}

Column Wall() {
  return Column({{-400, 150, -80, 74},
                 {-190, 152, -90, 78},
                 {-110, 154, -102, 90},
                 {-60, 152, -104, 98},
                 {0, 146, -100, 104},
                 {60, 146, -98, 107},
                 {140, 152, -104, 110},
                 {220, 150, -114, 106},
                 {280, 148, -122, 92},
                 {330, 156, -124, 74},
                 {370, 172, -122, 56},
                 {400, 168, -108, 44},
                 {422, 120, -92, 32},
                 {445, 74, -84, 26},
                 {470, 58, -78, 26},
                 {700, 58, -78, 26}});
}

/// The raised arm beyond the shoulder: muscle in a sleeve of fat.
Shape Arm(float side, float grown) {
  return Tube({{{side * 150, -42, 378}, 36 + grown},
               {{side * 178, -42, 420}, 38 + grown},
               {{side * 206, -42, 510}, 36 + grown}},
              60);
}

/// Small muscles and joints round the vertebrae, so that neither lung nor bowel reaches between the bones.
Shape SpineBed() {
  std::vector<TubePoint> bed;
  std::vector<TubePoint> behind;
  for (const VertebraPlace& v : VertebraPlaces()) {
    bed.push_back({{0, v.y - v.radius_y - 16, v.z}, 30});
    behind.push_back({{0, v.y - v.radius_y - 44, v.z}, 30});
  }
  Shape shape = Tube(bed, 30);
  Append(shape, Tube(behind, 30));
  return shape;
}

Shape Inside(const std::shared_ptr<const Column>& column, float inset_mm) {
  Shape shape;
  shape.enclosures = {{column, inset_mm}};
  return shape;
}

}  // namespace

Trunk MakeTrunk(uint64_t seed) {
  RandomStream random(seed, 0x7204);
  const float fat = random.Uniform(8, 26);
  const auto wall = std::make_shared<const Column>(Wall());
  return {std::make_shared<const Column>(Thorax()), std::make_shared<const Column>(Peritoneum()), wall,
          std::make_shared<const Column>(wall->Widened(fat, 0.6F * fat, fat * random.Uniform(0.8F, 1.3F)))};
}

void AddSpineBed(Plan& plan) {
  Shape bed = SpineBed();
  bed.enclosures = {{plan.trunk.wall, 0}};
  plan.Add(kUnlabelled, Tissue::kMuscle, std::move(bed));
}

void AddTrunkWall(Plan& plan) {
  constexpr float kSkinMm = 2.5F;
  plan.Add(kUnlabelled, Tissue::kFat, Inside(plan.trunk.peritoneum, 0));
  plan.Add(kUnlabelled, Tissue::kMuscle, Inside(plan.trunk.wall, 0));
  for (const float side : kSides) plan.Add(kUnlabelled, Tissue::kMuscle, Arm(side, 0));
  plan.Add(kUnlabelled, Tissue::kFat, Inside(plan.trunk.skin, kSkinMm));
  for (const float side : kSides) plan.Add(kUnlabelled, Tissue::kFat, Arm(side, 10));
  plan.Add(kUnlabelled, Tissue::kSkin, Inside(plan.trunk.skin, 0));
  for (const float side : kSides) plan.Add(kUnlabelled, Tissue::kSkin, Arm(side, 10 + kSkinMm));
}

}  // namespace tuckerseg::phantom
