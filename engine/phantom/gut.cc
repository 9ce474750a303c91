// From the esophagus to the rectum.
#include <vector>

#include "engine/phantom/anatomy.h"

namespace tuckerseg::phantom {
namespace {

Shape Colon() {
  return Tube({{{92, 36, -48}, 26},
               {{98, 32, -10}, 26},
               {{102, 28, 35}, 24},
               {{98, 46, 72}, 22},
               {{66, 72, 72}, 21},
               {{20, 78, 66}, 21},
               {{-30, 80, 72}, 21},
               {{-76, 66, 96}, 21},
               {{-108, 32, 112}, 21},
               {{-112, 4, 70}, 19},
               {{-113, 2, 15}, 18},
               {{-104, 18, -32}, 18},
               {{-66, 34, -58}, 18},
               {{-20, 30, -60}, 18},
               {{14, 4, -62}, 18},
               {{8, -34, -86}, 19},
               {{0, -44, -125}, 20},
               {{0, -40, -160}, 17}});
}

/// Loops in two sheets, one behind the other, each running to and fro on its way down.
Shape SmallBowelLoops(RandomStream random) {
  Shape loops;
  constexpr int kRows = 5;
  for (const float sheet_y : {34.0F, 68.0F}) {
    std::vector<TubePoint> points;
    for (int row = 0; row < kRows; ++row) {
      const float reach = row == 0 ? 0.75F : row == kRows - 1 ? 0.6F : 1.0F;
      for (const float x : {-1.0F, -0.35F, 0.3F, 0.95F}) {
        const float way = row % 2 == 0 ? x : -x;
        const Point at{way * 68 * reach + random.Uniform(-7, 7), sheet_y + random.Uniform(-7, 7),
                       46 - 25 * static_cast<float>(row) + random.Uniform(-6, 6)};
        points.push_back({at, random.Uniform(11, 14.5F)});
      }
    }
    Append(loops, Tube(points));
  }
  return loops;
}

void AddStomach(Plan& plan) {
  RandomStream random = plan.Random(0x570);
  const float fullness = random.Uniform(0.8F, 1.2F);
  const Pose pose(plan.Random(0x571), {-45, 60, 140}, 5, 0.05F);
  Shape stomach = Tube({{{-68, 16, 180}, 27 * fullness},
                        {{-72, 42, 154}, 27 * fullness},
                        {{-62, 66, 126}, 23 * fullness},
                        {{-34, 80, 108}, 19 * fullness},
                        {{0, 80, 106}, 15 * fullness},
                        {{22, 76, 114}, 11}});
  stomach.blend_mm = 6;
  stomach.enclosures = {{plan.trunk.thorax, 5}};
  plan.Add(kStomach, Tissue::kStomach, pose(std::move(stomach)));
  if (random.Chance(0.8F)) plan.parts.back().gas_above_y = random.Uniform(48, 84);
}

}  // namespace

void AddEsophagus(Plan& plan) {
  const Pose pose(plan.Random(0xE50), {-5, -20, 320}, 2, 0.02F);
  plan.Add(kEsophagus, Tissue::kGullet,
           pose(Tube({{{-3, -8, 500}, 7},
                      {{-3, -14, 440}, 7.5F},
                      {{-5, -26, 390}, 8},
                      {{-3, -31, 345}, 8},
                      {{-4, -30, 300}, 8},
                      {{-8, -20, 250}, 8.5F},
                      {{-20, -4, 212}, 9},
                      {{-42, 14, 190}, 10}})));
}

void AddGut(Plan& plan) {
  AddStomach(plan);
  const Pose duodenum(plan.Random(0xD0D), {35, 45, 95}, 3, 0.05F);
  plan.Add(kDuodenum, Tissue::kBowel,
           duodenum(Tube({{{26, 74, 118}, 12.5F},
                          {{46, 66, 122}, 13},
                          {{58, 50, 108}, 13},
                          {{58, 44, 82}, 13},
                          {{46, 42, 60}, 13},
                          {{12, 47, 56}, 12.5F},
                          {{-18, 46, 62}, 12.5F},
                          {{-34, 46, 78}, 12}})));
  const Pose colon(plan.Random(0xC01), {0, 30, 20}, 5, 0.04F);
  Shape wide = Colon();
  const float width = plan.Random(0xC02).Uniform(0.82F, 1.12F);
  for (Primitive& piece : wide.primitives) {
    auto& capsule = std::get<Capsule>(piece);
    capsule.radius_from *= width;
    capsule.radius_to *= width;
  }
  wide.blend_mm = 4;
  plan.Add(kColon, Tissue::kColon, colon(std::move(wide)));
}

void AddPelvicOrgans(Plan& plan) {
  const Pose bladder(plan.Random(0xB1A), {0, 26, -104}, 4, 0.22F);
  Shape urine;
  urine.primitives = {Ellipsoid{{0, 26, -102}, {40, 36, 32}, {}}};
  plan.Add(kUrinaryBladder, Tissue::kUrine, bladder(urine));
  RandomStream random = plan.Random(0x9505);
  if (random.Chance(0.55F)) {
    const Pose pose(plan.Random(0x9506), {0, 2, -146}, 2, 0.15F);
    Shape prostate;
    prostate.primitives = {Ellipsoid{{0, 2, -147}, {22, 17, 17}, {}}};
    plan.Add(kProstate, Tissue::kMuscle, pose(prostate));
  }
  plan.Add(kSmallBowel, Tissue::kBowel, SmallBowelLoops(plan.Random(0x5B)));
}

}  // namespace tuckerseg::phantom
