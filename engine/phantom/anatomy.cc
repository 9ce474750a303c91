#include "engine/phantom/anatomy.h"

#include <utility>

namespace tuckerseg::phantom {
namespace {

struct Mover {
  const Pose& pose;

  Primitive operator()(Ellipsoid e) const {
    e.centre = pose(e.centre);
    e.radii = e.radii * pose.scale();
    return e;
  }
  Primitive operator()(Capsule c) const {
    return Capsule{pose(c.from), pose(c.to), c.radius_from * pose.scale(), c.radius_to * pose.scale()};
  }
  Primitive operator()(Drum d) const {
    return Drum{pose(d.centre), d.radius_u * pose.scale(), d.radius_v * pose.scale(),
                d.half_height * pose.scale(), d.frame};
  }
};

}  // namespace

Pose::Pose(RandomStream random, Point centre, float shift_mm, float scale)
    : centre_(centre),
      shift_{random.Uniform(-shift_mm, shift_mm), random.Uniform(-shift_mm, shift_mm),
             random.Uniform(-shift_mm, shift_mm)},
      scale_(1 + random.Uniform(-scale, scale)) {}

Shape Pose::operator()(Shape shape) const {
  for (Primitive& primitive : shape.primitives) primitive = std::visit(Mover{*this}, primitive);
  return shape;
}

Anatomy MakeAnatomy(uint64_t seed, ContrastPhase phase) {
  Anatomy anatomy;
  anatomy.looks = LooksOf(phase, seed);
  anatomy.trunk = MakeTrunk(seed);
  Plan plan{seed, anatomy.trunk, anatomy.parts};
  AddAirways(plan);
  AddSpine(plan);
  AddPelvicBones(plan);
  AddShoulders(plan);
  AddRibCage(plan);
  AddEsophagus(plan);
  AddVessels(plan);
  AddHeart(plan);
  AddThyroid(plan);
  AddUpperAbdomen(plan);
  AddGut(plan);
  AddPelvicOrgans(plan);
  AddMuscles(plan);
  AddSpineBed(plan);
  AddLungs(plan);
  AddTrunkWall(plan);
  return anatomy;
}

}  // namespace tuckerseg::phantom
