#include "engine/phantom/spine.h"

#include <vector>

#include "engine/phantom/anatomy.h"

namespace tuckerseg::phantom {
namespace {

constexpr std::array<VertebraPlace, kVertebrae> kPlaces{{
    {27, 6, -3, 25, 17, 13},         {28, 38, 5, 25, 17, 13.5F},      {29, 71, 6, 24.5F, 17, 13.5F},
    {30, 104, 0, 24, 16.5F, 13.5F},  {31, 138, -9, 23, 16, 13.5F},    {32, 170, -18, 22, 16, 13},
    {33, 199, -27, 20, 16, 11.5F},   {34, 226, -35, 19, 15.5F, 11},   {35, 252, -41, 18, 15.5F, 10.5F},
    {36, 277, -46, 17, 15, 10},      {37, 301, -49, 16.5F, 15, 9.5F}, {38, 324, -51, 16, 14.5F, 9},
    {39, 346, -51, 16, 14, 8.5F},    {40, 367, -49, 16, 13, 8},       {41, 388, -45, 16, 12, 8},
    {42, 408, -39, 16, 11.5F, 7.5F}, {43, 427, -31, 17, 11, 7.5F},    {44, 445, -23, 15, 10, 7},
    {45, 462, -17, 14, 9.5F, 6.5F},
}};

Shape Vertebra(const VertebraPlace& v) {
  const bool lumbar = v.label < kVertebraT12;
  const float canal_y = v.y - v.radius_y - 9;
  const float tip_y = canal_y - (lumbar ? 44.0F : 34.0F), tip_z = v.z - (lumbar ? 14.0F : 20.0F);
  const float side_x = lumbar ? 42.0F : 30.0F, side_y = canal_y - (lumbar ? 0.0F : 14.0F);
  Shape shape;
  shape.blend_mm = 4;
  shape.primitives.push_back(Drum{{0, v.y, v.z}, v.radius_x, v.radius_y, v.half_height, {}});
  for (const float side : kSides) {
    const Point arch{side * 15, canal_y - 2, v.z - 1};
    shape.primitives.push_back(
        Capsule{{side * 0.62F * v.radius_x, v.y - 0.7F * v.radius_y, v.z + 3}, arch, 5, 5.5F});
    shape.primitives.push_back(Capsule{arch, {0, canal_y - 16, v.z - 7}, 5.5F, 5});
    shape.primitives.push_back(Capsule{arch, {side * side_x, side_y, v.z + 2}, 5, 4.5F});
    shape.primitives.push_back(
        Capsule{{side * 15, canal_y - 8, v.z + 6}, {side * 15, canal_y - 9, v.z - 14}, 5, 5});
  }
  shape.primitives.push_back(Capsule{{0, canal_y - 14, v.z - 6}, {0, tip_y, tip_z}, 5, 4.5F});
  return shape;
}

/// Discs fill what bodies leave between them; the label table has none for them.
Shape Disc(const VertebraPlace& lower, const VertebraPlace& upper) {
  Shape disc;
  disc.primitives.push_back(
      Drum{{0, 0.5F * (lower.y + upper.y), 0.5F * (lower.z + upper.z)},
           lower.radius_x - 1,
           lower.radius_y - 1,
           0.5F * (upper.z - lower.z) - 0.5F * (lower.half_height + upper.half_height) + 4,
           {}});
  return disc;
}

void AddCord(Plan& plan) {
  std::vector<TubePoint> canal{{{0, -38, -22}, 7}};
  for (const VertebraPlace& v : kPlaces) canal.push_back({{0, v.y - v.radius_y - 9, v.z}, 8});
  canal.push_back({{0, -28, 500}, 8});
  plan.Add(kSpinalCord, Tissue::kCord, Tube(canal, 20));
}

void AddSacrum(Plan& plan) {
  const Frame tilted = FrameOf({1, 0, 0}, {0, 0.85F, 0.5F});
  Shape first;
  first.blend_mm = 6;
  first.primitives.push_back(Drum{{0, -20, -24}, 25, 17, 12, tilted});
  first.primitives.push_back(Capsule{{0, -58, -20}, {0, -72, -32}, 5.5F, 5});
  for (const float side : kSides) {
    first.primitives.push_back(Ellipsoid{{side * 30, -34, -22}, {13, 13, 11}, tilted});
    first.primitives.push_back(Capsule{{side * 18, -36, -16}, {side * 2, -58, -22}, 5.5F, 5.5F});
  }
  plan.Add(kVertebraS1, Tissue::kVertebra, first);

  Shape rest;
  rest.blend_mm = 10;
  for (const float side : kSides) {
    rest.primitives.push_back(Ellipsoid{{side * 34, -50, -42}, {23, 15, 28}, {}});
    rest.primitives.push_back(Ellipsoid{{side * 14, -70, -78}, {18, 10, 32}, {}});
  }
  rest.primitives.push_back(Ellipsoid{{0, -48, -50}, {24, 13, 20}, {}});
  rest.primitives.push_back(Ellipsoid{{0, -76, -110}, {11, 9, 20}, {}});
  plan.Add(kSacrum, Tissue::kBone, rest);
}

}  // namespace

const std::array<VertebraPlace, kVertebrae>& VertebraPlaces() { return kPlaces; }

const VertebraPlace& ThoracicVertebra(int number) { return kPlaces[static_cast<size_t>(5 + 12 - number)]; }

void AddSpine(Plan& plan) {
  AddCord(plan);
  for (const VertebraPlace& v : kPlaces) plan.Add(v.label, Tissue::kVertebra, Vertebra(v));
  for (size_t v = 0; v + 1 < kVertebrae; ++v)
    plan.Add(kUnlabelled, Tissue::kDisc, Disc(kPlaces[v], kPlaces[v + 1]));
  AddSacrum(plan);
}

}  // namespace tuckerseg::phantom
