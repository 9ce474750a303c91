// What the chest holds besides vessels: airways, heart, lungs.
#include "engine/phantom/anatomy.h"
#include "engine/phantom/spine.h"

namespace tuckerseg::phantom {
namespace {

Shape Diaphragm() {
  Shape domes;
  domes.blend_mm = 30;
  domes.primitives = {Ellipsoid{{72, 8, 122}, {82, 108, 86}, {}},
                      Ellipsoid{{-74, 8, 116}, {80, 106, 80}, {}}};
  return domes;
}

/// Fat and small structures between the lungs, from the diaphragm to the neck.
Column Mediastinum() {
  return Column({{150, 30, -40, 70, -8},
                 {200, 40, -52, 84, -12},
                 {250, 44, -58, 82, -10},
                 {300, 36, -62, 78, -4},
                 {330, 32, -62, 62},
                 {360, 34, -60, 48},
                 {395, 36, -58, 36},
                 {425, 34, -55, 22},
                 {455, 34, -50, 16}});
}

/// Lungs reach lower behind than in front.
Plane LungFloor() { return PlaneThrough({0, 0, 150}, {0, 0.43F, -1}); }

Plane Opposite(const Plane& plane) { return {plane.normal * -1, -plane.offset}; }

Shape Lobe(const Plan& plan, float side, std::vector<Plane> fissures) {
  Shape lobe;
  lobe.enclosures = {{plan.trunk.thorax, 4}};
  lobe.cuts = std::move(fissures);
  lobe.cuts.push_back({{-side, 0, 0}, 0});
  lobe.cuts.push_back(LungFloor());
  return lobe;
}

/// Branches of the pulmonary arteries inside a lung: bright threads that belong to the lobe around them.
Shape HilarBranches(float side) {
  Shape branches;
  const Point hilum{side * 42, -8, 300};
  for (const Point end : {Point{side * 95, 25, 345}, Point{side * 70, -45, 370}, Point{side * 105, -30, 250},
                          Point{side * 85, -60, 200}, Point{side * 90, 45, 270}, Point{side * 70, 30, 225}})
    branches.primitives.push_back(Capsule{hilum, end, 6, 2});
  return branches;
}

}  // namespace

void AddAirways(Plan& plan) {
  const Pose pose(plan.Random(0x7AC), {0, -8, 380}, 3, 0.04F);
  Shape trachea = Tube({{{0, 10, 500}, 9}, {{1, 4, 440}, 9}, {{3, -6, 390}, 9.5F}, {{4, -12, 350}, 9.5F}});
  Append(trachea, Tube({{{6, -12, 348}, 8}, {{36, -16, 318}, 7}}));
  Append(trachea, Tube({{{2, -12, 348}, 8}, {{-38, -16, 314}, 6.5F}}));
  plan.Add(kTrachea, Tissue::kAirway, pose(std::move(trachea)));
}

void AddThyroid(Plan& plan) {
  const Pose pose(plan.Random(0x7471), {0, 4, 446}, 3, 0.12F);
  Shape thyroid;
  thyroid.blend_mm = 4;
  for (const float side : kSides)
    thyroid.primitives.push_back(Ellipsoid{{side * 18, 8, 446}, {9, 11, 21}, {}});
  plan.Add(kThyroid, Tissue::kGland, pose(thyroid));
}

void AddHeart(Plan& plan) {
  const Pose pose(plan.Random(0x4EA7), {-20, 22, 248}, 6, 0.08F);
  const Frame axis = FrameOf({-0.72F, 0.5F, -0.48F}, {0, 0.5F, 0.85F});
  Shape left_ventricle;
  left_ventricle.primitives = {Ellipsoid{{-38, 24, 238}, {36, 22, 22}, axis}};
  Shape right_side;
  right_side.blend_mm = 8;
  right_side.primitives = {Ellipsoid{{26, 20, 250}, {20, 24, 30}, {}},
                           Ellipsoid{{-8, 48, 240}, {34, 14, 28}, axis}};
  Shape left_atrium;
  left_atrium.primitives = {Ellipsoid{{-4, -10, 272}, {29, 15, 19}, {}}};
  Shape heart;
  heart.blend_mm = 16;
  heart.primitives = {Ellipsoid{{-26, 26, 238}, {62, 40, 42}, axis},
                      Ellipsoid{{24, 18, 250}, {27, 31, 37}, {}}, Ellipsoid{{-4, -8, 271}, {34, 20, 24}, {}},
                      Ellipsoid{{-8, 42, 280}, {24, 22, 22}, {}}};
  for (Shape* chamber : {&left_ventricle, &left_atrium})
    plan.Add(kHeart, Tissue::kHeartChamber, pose(*chamber));
  plan.Add(kHeart, Tissue::kHeartChamber, pose(right_side));
  plan.Add(kHeart, Tissue::kHeartMuscle, pose(heart));
}

void AddLungs(Plan& plan) {
  // Below the diaphragm nothing is lung: the fat there owns what organs leave.
  Shape below = Diaphragm();
  below.enclosures = {{plan.trunk.thorax, 0}};
  plan.Add(kUnlabelled, Tissue::kFat, below);
  Shape floor;
  floor.enclosures = {{plan.trunk.thorax, 0}};
  floor.cuts = {Opposite(LungFloor())};
  plan.Add(kUnlabelled, Tissue::kFat, floor);
  Shape mediastinum;
  mediastinum.enclosures = {{std::make_shared<Column>(Mediastinum()), 0}};
  plan.Add(kUnlabelled, Tissue::kFat, mediastinum);

  for (const float side : kSides) {
    RandomStream random = plan.Random(side > 0 ? 0x1005 : 0x1006);
    // From T4 behind to the sixth cartilage in front.
    const Plane oblique = PlaneThrough({0, -80, 362 + random.Uniform(-8, 8)},
                                       {0, 0.73F, 0.69F + random.Uniform(-0.06F, 0.06F)});
    const Plane horizontal = PlaneThrough({70, 40, 288 + random.Uniform(-7, 7)}, {0, 0.12F, -1});
    const uint16_t lower = OfSide(side, kLungLowerRight, kLungLowerLeft);
    const uint16_t upper = OfSide(side, kLungUpperRight, kLungUpperLeft);
    const auto add = [&](uint16_t label, const std::vector<Plane>& fissures) {
      const Shape lobe = Lobe(plan, side, fissures);
      Shape vessels = HilarBranches(side);
      vessels.cuts = lobe.cuts;
      vessels.enclosures = {{plan.trunk.thorax, 8}};
      plan.Add(label, Tissue::kLungVessel, vessels);
      plan.Add(label, Tissue::kLung, lobe);
    };
    add(lower, {oblique});
    if (side > 0) {
      add(upper, {Opposite(oblique), horizontal});
      add(kLungMiddleRight, {Opposite(oblique), Opposite(horizontal)});
    } else {
      add(upper, {Opposite(oblique)});
    }
  }
}

}  // namespace tuckerseg::phantom
