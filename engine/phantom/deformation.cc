#include "engine/phantom/deformation.h"

#include <cmath>
#include <numbers>

#include "engine/phantom/random.h"

namespace tuckerseg::phantom {
namespace {

// The lattice covers every place a patient can reach; beyond it, its border holds.
constexpr float kNodeMm = 16;
constexpr Point kFirstNode{-320, -260, -480};
constexpr std::array<int64_t, 3> kNodes{41, 34, 80};

struct Wave {
  Point direction;  // per mm, in radians
  float phase;
  Point amplitude;
};

/// Waves of 160 to 420 mm: long enough that neighbours move together, short enough that left and right
/// differ.
std::array<Wave, 7> DrawWaves(RandomStream random) {
  std::array<Wave, 7> waves{};
  for (Wave& wave : waves) {
    const Point direction{random.Uniform(-1, 1), random.Uniform(-1, 1), random.Uniform(-1, 1) + 0.01F};
    wave.direction = Unit(direction) * (2 * std::numbers::pi_v<float> / random.Uniform(160, 420));
    wave.phase = random.Uniform(0, 2 * std::numbers::pi_v<float>);
    wave.amplitude = {random.Uniform(-3, 3), random.Uniform(-3, 3), random.Uniform(-3, 3)};
  }
  return waves;
}

Frame DrawPose(RandomStream random) {
  constexpr float kRadians = std::numbers::pi_v<float> / 180;
  const float turn = random.Uniform(-4, 4) * kRadians, lean = random.Uniform(-2.5F, 2.5F) * kRadians;
  const float nod = random.Uniform(-2.5F, 2.5F) * kRadians;
  return FrameOf({1, turn, lean}, {0, 1, nod});
}

}  // namespace

BodyDeformation::BodyDeformation(uint64_t seed) : nodes_(kNodes) {
  RandomStream random(seed, 0xDEF0);
  const float size = random.Uniform(0.93F, 1.07F);
  scale_ = {size * random.Uniform(0.95F, 1.05F), size * random.Uniform(0.94F, 1.06F),
            size * random.Uniform(0.97F, 1.03F)};
  shift_ = {random.Uniform(-12, 12), random.Uniform(-12, 12), random.Uniform(-15, 15)};
  pose_ = DrawPose(RandomStream(seed, 0xDEF1));
  const auto waves = DrawWaves(RandomStream(seed, 0xDEF2));
  bending_.reserve(static_cast<size_t>(nodes_[0] * nodes_[1] * nodes_[2]));
  for (int64_t k = 0; k < nodes_[2]; ++k) {
    for (int64_t j = 0; j < nodes_[1]; ++j) {
      for (int64_t i = 0; i < nodes_[0]; ++i) {
        const Point at =
            kFirstNode + Point{static_cast<float>(i), static_cast<float>(j), static_cast<float>(k)} * kNodeMm;
        Point bend;
        for (const Wave& wave : waves)
          bend = bend + wave.amplitude * std::sin(Dot(wave.direction, at) + wave.phase);
        bending_.push_back(bend);
        reach_mm_ = std::max(reach_mm_, Length(bend));
      }
    }
  }
}

Point BodyDeformation::Rigid(Point scanner) const {
  const Point turned = pose_.Local(scanner - shift_);
  return {turned.x / scale_.x, turned.y / scale_.y, turned.z / scale_.z};
}

Point BodyDeformation::BendingAt(Point scanner) const {
  const Point at = (scanner - kFirstNode) * (1 / kNodeMm);
  const auto cell = [](float position, int64_t nodes, float& weight) {
    const float inside = std::clamp(position, 0.0F, static_cast<float>(nodes - 1) - 1e-3F);
    const auto node = static_cast<int64_t>(inside);
    weight = inside - static_cast<float>(node);
    return node;
  };
  float u = 0, v = 0, w = 0;
  const int64_t i = cell(at.x, nodes_[0], u), j = cell(at.y, nodes_[1], v), k = cell(at.z, nodes_[2], w);
  const Point* node = bending_.data() + (k * nodes_[1] + j) * nodes_[0] + i;
  const auto row = [u](const Point* from) { return from[0] * (1 - u) + from[1] * u; };
  const int64_t next_row = nodes_[0], next_plane = nodes_[0] * nodes_[1];
  const Point lower = row(node) * (1 - v) + row(node + next_row) * v;
  const Point upper = row(node + next_plane) * (1 - v) + row(node + next_plane + next_row) * v;
  return lower * (1 - w) + upper * w;
}

Point BodyDeformation::ToBody(Point scanner) const { return Rigid(scanner) + BendingAt(scanner); }

Point BodyDeformation::ToScanner(Point body) const {
  const Point scaled{body.x * scale_.x, body.y * scale_.y, body.z * scale_.z};
  return shift_ + pose_.u * scaled.x + pose_.v * scaled.y + pose_.w * scaled.z;
}

BoxMm BodyDeformation::BoundsInBody(const BoxMm& scanner) const {
  BoxMm box;
  for (int corner = 0; corner < 8; ++corner)
    box.Include(
        ToBody({corner & 1 ? scanner.high.x : scanner.low.x, corner & 2 ? scanner.high.y : scanner.low.y,
                corner & 4 ? scanner.high.z : scanner.low.z}));
  // Between the corners the bending differs from theirs by less than a quarter of the way, and never by more
  // than it reaches.
  const float diagonal = Length(scanner.high - scanner.low);
  return box.Grown(std::min(0.25F * diagonal, 2 * reach_mm_));
}

}  // namespace tuckerseg::phantom
