/// Random numbers that depend on what they are for, not on who draws first.
#pragma once

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <numbers>

namespace tuckerseg {

/// SplitMix64 (Steele et al. 2014) started from a hash of a few numbers, e.g. {seed, step, sample}: the same stream on any thread and
/// after any interruption. std's distributions are not used: each standard library has its own.
class RandomStream {
 public:
  explicit RandomStream(std::initializer_list<uint64_t> identity) {
    for (const uint64_t part : identity) state_ = Mixed(Mixed(state_ + kGamma) + part);
  }

  uint64_t Bits() { return Mixed(state_ += kGamma); }
  /// In [0, 1).
  double Uniform() { return static_cast<double>(Bits() >> 11U) * 0x1p-53; }
  double Uniform(double low, double high) { return low + (high - low) * Uniform(); }
  /// In [0, count). `count` must be above 0.
  int64_t Below(int64_t count) { return static_cast<int64_t>(Uniform() * static_cast<double>(count)); }
  bool Chance(double probability) { return Uniform() < probability; }
  /// Standard normal, by Box and Muller.
  double Normal() {
    const double radius = std::sqrt(-2 * std::log(1 - Uniform()));
    return radius * std::cos(2 * std::numbers::pi * Uniform());
  }

 private:
  static constexpr uint64_t kGamma = 0x9e3779b97f4a7c15;
  static uint64_t Mixed(uint64_t z) {
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111eb;
    return z ^ (z >> 31U);
  }
  uint64_t state_ = 0;
};

}  // namespace tuckerseg
