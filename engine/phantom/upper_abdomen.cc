// The solid organs of the abdomen and the veins that join them.
#include <optional>

#include "engine/phantom/anatomy.h"

namespace tuckerseg::phantom {
namespace {

struct Absence {
  bool gallbladder, spleen;
  std::optional<float> kidney_side;
};

Absence DrawAbsence(RandomStream random) {
  Absence absence{random.Chance(0.15F), random.Chance(0.04F), std::nullopt};
  if (random.Chance(0.08F)) absence.kidney_side = random.Chance(0.5F) ? 1.0F : -1.0F;
  return absence;
}

Point KidneyCentre(float side) { return side > 0 ? Point{70, -10, 97} : Point{-76, -12, 108}; }

Shape Kidney(float side) {
  // Kidneys lean: their upper ends are nearer to the spine and further back.
  const Frame frame = FrameOf({1, side * -0.45F, side * 0.25F}, {0.3F * side, 1, 0.25F});
  Shape kidney;
  kidney.primitives = {Ellipsoid{KidneyCentre(side), {26, 29, 53}, frame}};
  return kidney;
}

void AddKidneys(Plan& plan, const Absence& absence, std::vector<OrganPart>& fat) {
  for (const float side : kSides) {
    const Point centre = KidneyCentre(side);
    const Pose pose(plan.Random(side > 0 ? 0x1D1 : 0x1D2), centre, 7, 0.09F);
    fat.push_back({kUnlabelled, Tissue::kFat, pose(Thickened(Kidney(side), 6))});
    if (absence.kidney_side == side) continue;
    Shape sinus;
    sinus.primitives = {Ellipsoid{centre + Point{side * -18, 4, 0}, {16, 9, 17}, {}}};
    plan.Add(kUnlabelled, Tissue::kKidneySinus, pose(sinus));
    plan.Add(OfSide(side, kKidneyRight, kKidneyLeft), Tissue::kKidney, pose(Kidney(side)));
  }
}

void AddAdrenals(Plan& plan) {
  for (const float side : kSides) {
    const Point top = side > 0 ? Point{33, 13, 160} : Point{-46, 16, 162};
    const Pose pose(plan.Random(side > 0 ? 0xAD1 : 0xAD2), top, 3, 0.08F);
    Shape gland;
    gland.blend_mm = 3;
    gland.primitives = {Capsule{top, top + Point{side * 11, -22, -11}, 5, 4.5F},
                        Capsule{top, top + Point{side * -3, -22, -13}, 5, 4.5F}};
    plan.Add(OfSide(side, kAdrenalRight, kAdrenalLeft), Tissue::kAdrenal, pose(gland));
  }
}

void AddPortalVein(Plan& plan) {
  const Pose pose(plan.Random(0x907), {0, 40, 125}, 4, 0.04F);
  Shape vein = Tube({{{16, 48, 118}, 8.5F}, {{32, 50, 138}, 8}, {{52, 46, 152}, 7.5F}, {{72, 40, 160}, 6}});
  Append(vein, Tube({{{14, 46, 120}, 7}, {{-20, 40, 134}, 6.5F}, {{-58, 18, 142}, 6}, {{-92, 0, 150}, 6}}));
  Append(vein, Tube({{{16, 50, 116}, 7.5F}, {{14, 54, 85}, 7}, {{10, 56, 55}, 6.5F}}));
  plan.Add(kPortalVein, Tissue::kPortalVein, pose(std::move(vein)));
}

Shape Liver(const Plan& plan) {
  RandomStream random = plan.Random(0x11FE);
  const float left_reach = random.Uniform(0.8F, 1.1F);
  Shape liver;
  liver.blend_mm = 26;
  liver.primitives = {Ellipsoid{{86, 12, 138}, {56, 76, 60}, {}}, Ellipsoid{{68, 30, 162}, {62, 62, 38}, {}},
                      Ellipsoid{{100, 18, 92}, {34, 48, 44}, {}},
                      Ellipsoid{{4, 66, 164}, {64 * left_reach, 32, 27}, FrameOf({1, 0, -0.1F}, {0, 1, 0})}};
  liver.enclosures = {{plan.trunk.thorax, 5}};
  return liver;
}

}  // namespace

void AddUpperAbdomen(Plan& plan) {
  const Absence absence = DrawAbsence(plan.Random(0xAB5));
  std::vector<OrganPart> fat;
  if (!absence.gallbladder) {
    const Pose pose(plan.Random(0x6B), {62, 76, 112}, 6, 0.18F);
    Shape gallbladder;
    gallbladder.primitives = {
        Ellipsoid{{62, 76, 112}, {15, 27, 16}, FrameOf({1, -0.2F, 0}, {0.2F, 1, -0.5F})}};
    plan.Add(kGallbladder, Tissue::kBile, pose(gallbladder));
  }
  AddAdrenals(plan);
  AddKidneys(plan, absence, fat);
  if (!absence.spleen) {
    const Pose pose(plan.Random(0x59), {-112, -18, 150}, 5, 0.13F);
    Shape spleen;
    spleen.primitives = {
        Ellipsoid{{-110, -18, 150}, {27, 50, 44}, FrameOf({1, 0.35F, 0.2F}, {-0.35F, 1, -0.35F})}};
    spleen.enclosures = {{plan.trunk.thorax, 5}};
    plan.Add(kSpleen, Tissue::kSpleen, pose(std::move(spleen)));
  }
  AddPortalVein(plan);
  const Pose pancreas(plan.Random(0x9A), {0, 45, 120}, 4, 0.08F);
  plan.Add(kPancreas, Tissue::kPancreas,
           pancreas(Tube({{{30, 48, 88}, 15},
                          {{26, 52, 112}, 14.5F},
                          {{2, 58, 126}, 12},
                          {{-30, 50, 136}, 12},
                          {{-60, 32, 146}, 12},
                          {{-88, 12, 154}, 11}})));
  for (OrganPart& part : fat) plan.parts.push_back(std::move(part));
  const Pose liver(plan.Random(0x11F), {75, 20, 150}, 5, 0.05F);
  plan.Add(kLiver, Tissue::kLiver, liver(Liver(plan)));
}

}  // namespace tuckerseg::phantom
