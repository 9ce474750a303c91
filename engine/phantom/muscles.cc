// The muscles that are structures: those of the back, the hip and the buttocks.
#include <utility>
#include <vector>

#include "engine/phantom/anatomy.h"

namespace tuckerseg::phantom {
namespace {

Shape Iliopsoas(float side) {
  Shape muscle = Tube({{{side * 27, -8, 160}, 8},
                       {{side * 36, -4, 115}, 13},
                       {{side * 44, -1, 72}, 18},
                       {{side * 54, 4, 28}, 21},
                       {{side * 64, 14, -15}, 20},
                       {{side * 76, 30, -62}, 18},
                       {{side * 86, 40, -100}, 18},
                       {{side * 96, 20, -150}, 15},
                       {{side * 98, 10, -200}, 10}});
  // The iliac part lies on the inside of the wing.
  muscle.primitives.push_back(
      Ellipsoid{{side * 82, 8, -26},
                {40, 36, 13},
                FrameOf({side * 0.66F, 0.74F, 0.12F}, {side * 0.36F, -0.12F, 0.93F})});
  muscle.blend_mm = 8;
  return muscle;
}

Shape Autochthon(const Trunk& trunk, float side) {
  Shape muscle = Tube({{{side * 20, -76, -60}, 11},
                       {{side * 28, -74, -15}, 24},
                       {{side * 34, -66, 45}, 28},
                       {{side * 34, -68, 110}, 27},
                       {{side * 32, -80, 170}, 24},
                       {{side * 28, -92, 235}, 20},
                       {{side * 26, -98, 300}, 18},
                       {{side * 25, -94, 365}, 17},
                       {{side * 24, -78, 420}, 17},
                       {{side * 22, -62, 500}, 16}});
  muscle.cuts = {{{-side, 0, 0}, 0}};
  muscle.enclosures = {{trunk.wall, 2}};
  return muscle;
}

Shape GluteusMaximus(float side) {
  Shape muscle;
  muscle.primitives = {Ellipsoid{
      {side * 86, -72, -98}, {80, 24, 50}, FrameOf({side * 0.72F, 0.2F, -0.62F}, {side * -0.3F, 1, 0})}};
  return muscle;
}

}  // namespace

void AddMuscles(Plan& plan) {
  std::vector<OrganPart> fascia;
  const auto add = [&](uint16_t label, const Shape& shape) {
    plan.Add(label, Tissue::kMuscle, shape);
    // Without fat between them nothing would tell a muscle from its unnamed neighbours.
    fascia.push_back({kUnlabelled, Tissue::kFat, Thickened(shape, 5)});
  };
  for (const float side : kSides) {
    const Pose pose(plan.Random(side > 0 ? 0x3051 : 0x3052), {side * 90, -20, -60}, 2, 0.03F);
    Shape minimus, medius;
    minimus.primitives = {
        Ellipsoid{{side * 116, 10, -74}, {13, 34, 40}, FrameOf({1, side * 0.3F, side * 0.1F}, {0, 1, 0})}};
    medius.primitives = {
        Ellipsoid{{side * 124, -16, -52}, {23, 50, 64}, FrameOf({1, side * 0.2F, side * 0.08F}, {0, 1, 0})}};
    add(OfSide(side, kIliopsoasRight, kIliopsoasLeft), Iliopsoas(side));
    add(OfSide(side, kGluteusMinimusRight, kGluteusMinimusLeft), pose(minimus));
    add(OfSide(side, kGluteusMediusRight, kGluteusMediusLeft), pose(medius));
    add(OfSide(side, kGluteusMaximusRight, kGluteusMaximusLeft), pose(GluteusMaximus(side)));
    add(OfSide(side, kAutochthonRight, kAutochthonLeft), Autochthon(plan.trunk, side));
  }
  for (OrganPart& part : fascia) plan.parts.push_back(std::move(part));
}

}  // namespace tuckerseg::phantom
