// Girdles and limbs: hips and femurs, clavicles, scapulae and humeri.
#include "engine/phantom/anatomy.h"

namespace tuckerseg::phantom {
namespace {

Shape Femur(float side) {
  Shape femur;
  femur.blend_mm = 10;
  femur.primitives = {Ellipsoid{{side * 86, 1, -121}, {24, 24, 24}, {}},
                      Capsule{{side * 92, 0, -122}, {side * 124, -12, -138}, 15, 16},
                      Ellipsoid{{side * 134, -16, -140}, {17, 19, 24}, {}},
                      Capsule{{side * 124, -10, -145}, {side * 112, -2, -260}, 17, 15}};
  return femur;
}

/// The wing lies in the plane of the sacroiliac joint and the crest, 18 mm thick.
Frame IliacFrame(float side) { return FrameOf({side * 0.66F, 0.74F, 0.12F}, {side * 0.36F, -0.12F, 0.93F}); }

Shape Hip(float side) {
  Shape hip;
  hip.blend_mm = 12;
  hip.primitives = {Ellipsoid{{side * 90, -12, -24}, {58, 50, 9}, IliacFrame(side)},
                    Capsule{{side * 90, -6, -62}, {side * 88, -2, -96}, 15, 18},
                    Ellipsoid{{side * 84, 2, -118}, {31, 34, 34}, {}},
                    Capsule{{side * 70, 18, -112}, {side * 12, 44, -132}, 11, 10},
                    Capsule{{side * 80, -22, -130}, {side * 60, -38, -162}, 16, 14},
                    Capsule{{side * 58, -34, -165}, {side * 12, 36, -146}, 9, 9}};
  return hip;
}

Shape Scapula(float side) {
  Shape scapula;
  scapula.blend_mm = 8;
  scapula.primitives = {
      Ellipsoid{
          {side * 100, -97, 343}, {43, 66, 6.5F}, FrameOf({side * 0.85F, 0.5F, 0}, {side * 0.12F, 0, 1})},
      Ellipsoid{{side * 138, -52, 384}, {13, 16, 19}, {}},
      Capsule{{side * 84, -108, 372}, {side * 152, -58, 412}, 6, 8},
      Capsule{{side * 132, -56, 392}, {side * 132, -18, 396}, 7, 6}};
  return scapula;
}

/// The arm is raised over the head, as patients are scanned.
Shape Humerus(float side) {
  Shape humerus;
  humerus.blend_mm = 8;
  humerus.primitives = {Ellipsoid{{side * 166, -40, 392}, {22, 22, 22}, {}},
                        Capsule{{side * 170, -40, 402}, {side * 204, -42, 500}, 15, 12}};
  return humerus;
}

Shape Clavicle(float side) {
  return Tube({{{side * 20, 30, 396}, 9},
               {{side * 62, 32, 410}, 7},
               {{side * 110, 2, 424}, 7},
               {{side * 148, -30, 420}, 8}});
}

}  // namespace

void AddPelvicBones(Plan& plan) {
  for (const float side : kSides) {
    // Both bones of a hip joint move together, or the head would leave its socket.
    const Pose pose(plan.Random(0x41F0), {side * 88, 0, -110}, 2, 0.02F);
    plan.Add(OfSide(side, kFemurRight, kFemurLeft), Tissue::kDenseBone, pose(Femur(side)));
    plan.Add(OfSide(side, kHipRight, kHipLeft), Tissue::kBone, pose(Hip(side)));
  }
}

void AddShoulders(Plan& plan) {
  for (const float side : kSides) {
    const auto subject = side > 0 ? 0x5C0u : 0x5C1u;
    const Pose pose(plan.Random(subject), {side * 130, -50, 380}, 4, 0.04F);
    plan.Add(OfSide(side, kHumerusRight, kHumerusLeft), Tissue::kDenseBone, pose(Humerus(side)));
    plan.Add(OfSide(side, kScapulaRight, kScapulaLeft), Tissue::kBone, pose(Scapula(side)));
    plan.Add(OfSide(side, kClavicleRight, kClavicleLeft), Tissue::kDenseBone, pose(Clavicle(side)));
  }
}

}  // namespace tuckerseg::phantom
