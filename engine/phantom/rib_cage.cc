// Ribs, their cartilages and the sternum, all laid on the wall of the thorax.
#include <array>
#include <numbers>
#include <vector>

#include "engine/phantom/anatomy.h"
#include "engine/phantom/spine.h"

namespace tuckerseg::phantom {
namespace {

constexpr int kRibs = 12;
constexpr int kCartilages = 10;  // ribs 11 and 12 float

/// How far rib `n` falls from its vertebra to its end, and where round the chest it ends (degrees; 0: the
/// side, 90: front).
struct RibCourse {
  float drop_mm, end_degrees, radius;
};
constexpr std::array<RibCourse, kRibs> kCourses{{
    {32, 62, 6},
    {60, 64, 5.5F},
    {82, 62, 5.5F},
    {98, 60, 5.5F},
    {113, 58, 6},
    {126, 56, 6},
    {136, 50, 6},
    {143, 40, 6},
    {133, 26, 6},
    {112, 10, 5.5F},
    {92, -18, 5.5F},
    {55, -50, 5.5F},
}};
/// Height at which a cartilage meets the sternum (1 to 7) or the cartilage above (8 to 10).
constexpr std::array<float, kCartilages> kJoins{384, 362, 338, 314, 290, 270, 254, 226, 208, 194};

/// Ribs leave the spine at the back and turn along the wall, half a rib outside of the thorax's inner
/// surface.
std::vector<TubePoint> RibPoints(const Trunk& trunk, int number, float side) {
  const RibCourse& course = kCourses[static_cast<size_t>(number - 1)];
  const VertebraPlace& v = ThoracicVertebra(number);
  std::vector<TubePoint> points{{{side * (v.radius_x + 3), v.y - v.radius_y + 2, v.z + 3}, course.radius},
                                {{side * 40, v.y - v.radius_y - 20, v.z - 3}, course.radius}};
  constexpr int kSteps = 10;
  constexpr float kFirstDegrees = -62;
  for (int step = 1; step <= kSteps; ++step) {
    const float t = static_cast<float>(step) / kSteps;
    const float angle =
        (kFirstDegrees + t * (course.end_degrees - kFirstDegrees)) * std::numbers::pi_v<float> / 180;
    const float z = v.z - 8 - (course.drop_mm - 8) * (0.25F * t + 0.75F * t * t * (1.6F - 0.6F * t));
    Point at = trunk.thorax->Surface(z, angle, course.radius + 3.5F);
    points.push_back({{side * at.x, at.y, at.z}, course.radius});
  }
  return points;
}

Shape Cartilage(const Trunk& trunk, int number, float side) {
  const Point end = RibPoints(trunk, number, side).back().at;
  const float join_z = kJoins[static_cast<size_t>(number - 1)];
  const ColumnRow front = trunk.thorax->At(join_z);
  const float x = number <= 7 ? 16.0F : 30 + 16 * static_cast<float>(number - 8);
  const Point join = number <= 7 ? Point{side * x, front.front_y + 8, join_z}
                                 : trunk.thorax->Surface(join_z, std::acos(x / (front.radius_x + 8)), 8);
  const Point target{side * std::abs(join.x), join.y, join.z};
  const float middle_z = std::min(end.z, target.z) + 0.25F * std::abs(target.z - end.z);
  const float angle = std::atan2(0.5F * (end.y + target.y) - 0.5F * (front.front_y + front.back_y),
                                 0.5F * std::abs(end.x + target.x));
  const Point bend = trunk.thorax->Surface(middle_z, angle, 8);
  return Tube({{end, 6}, {{side * bend.x, bend.y, bend.z}, 6}, {target, 6}});
}

Shape Sternum(const Trunk& trunk) {
  const auto front = [&trunk](float z) { return Point{0, trunk.thorax->At(z).front_y + 9, z}; };
  Shape sternum;
  sternum.blend_mm = 8;
  const auto plate = [&](float low_z, float high_z, float half_width, float thickness) {
    const Point low = front(low_z), high = front(high_z);
    sternum.primitives.push_back(Ellipsoid{(low + high) * 0.5F,
                                           {half_width, 0.56F * Length(high - low), thickness},
                                           FrameOf({1, 0, 0}, high - low)});
  };
  plate(356, 396, 30, 8);
  plate(300, 362, 20, 7.5F);
  plate(236, 310, 20, 7.5F);
  plate(206, 240, 10, 6);
  return sternum;
}

}  // namespace

void AddRibCage(Plan& plan) {
  plan.Add(kSternum, Tissue::kBone, Sternum(plan.trunk));
  for (const float side : kSides)
    for (int number = 1; number <= kRibs; ++number)
      plan.Add(static_cast<uint16_t>(OfSide(side, kRibRight1, kRibLeft1) + number - 1), Tissue::kBone,
               Tube(RibPoints(plan.trunk, number, side)));
  Shape cartilages;
  for (const float side : kSides)
    for (int number = 1; number <= kCartilages; ++number)
      Append(cartilages, Cartilage(plan.trunk, number, side));
  plan.Add(kCostalCartilages, Tissue::kCartilage, cartilages);
}

}  // namespace tuckerseg::phantom
