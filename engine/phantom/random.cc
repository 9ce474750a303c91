#include "engine/phantom/random.h"

#include <array>
#include <cmath>

namespace tuckerseg::phantom {
namespace {

uint64_t LatticeBits(uint64_t seed, int64_t i, int64_t j, int64_t k) {
  const uint64_t key = static_cast<uint64_t>(i) * 0x8CB92BA72F3D8DD7 +
                       static_cast<uint64_t>(j) * 0xD6E8FEB86659FD93 +
                       static_cast<uint64_t>(k) * 0xA0761D6478BD642F;
  return Mix(seed ^ key);
}

float LatticeValue(uint64_t seed, int64_t i, int64_t j, int64_t k) {
  return static_cast<float>(LatticeBits(seed, i, j, k) >> 40) * (2.0F / 16777216.0F) - 1.0F;
}

float Fade(float t) { return t * t * (3 - 2 * t); }

}  // namespace

float RandomStream::Unit() { return static_cast<float>(Bits() >> 40) * (1.0F / 16777216.0F); }

float WhiteNoise(uint64_t seed, int64_t i, int64_t j, int64_t k) {
  const uint64_t bits = LatticeBits(seed, i, j, k);
  const auto sum =
      static_cast<float>((bits & 0xFFFF) + ((bits >> 16) & 0xFFFF) + ((bits >> 32) & 0xFFFF) + (bits >> 48));
  return (sum - 131070.0F) * (1.7320508F / 65536.0F);
}

float ValueNoise(uint64_t seed, Point at) {
  const float x = std::floor(at.x), y = std::floor(at.y), z = std::floor(at.z);
  const float u = Fade(at.x - x), v = Fade(at.y - y), w = Fade(at.z - z);
  const auto i = static_cast<int64_t>(x), j = static_cast<int64_t>(y), k = static_cast<int64_t>(z);
  std::array<float, 4> rows{};
  for (int64_t row = 0; row < 4; ++row) {
    const int64_t jj = j + row % 2, kk = k + row / 2;
    const float first = LatticeValue(seed, i, jj, kk);
    rows[static_cast<size_t>(row)] = first + u * (LatticeValue(seed, i + 1, jj, kk) - first);
  }
  const float front = rows[0] + v * (rows[1] - rows[0]);
  const float back = rows[2] + v * (rows[3] - rows[2]);
  return front + w * (back - front);
}

}  // namespace tuckerseg::phantom
