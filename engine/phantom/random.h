/// Random numbers that are functions of their keys alone: the same on every machine and for any order of
/// asking.
#pragma once

#include <cstdint>

#include "engine/phantom/point.h"

namespace tuckerseg::phantom {

/// SplitMix64's finaliser (Steele et al. 2014): every bit of the result depends on every bit of the key.
constexpr uint64_t Mix(uint64_t key) {
  key += 0x9E3779B97F4A7C15;
  key = (key ^ (key >> 30)) * 0xBF58476D1CE4E5B9;
  key = (key ^ (key >> 27)) * 0x94D049BB133111EB;
  return key ^ (key >> 31);
}

/// Numbers drawn one after another. std:: distributions differ between standard libraries, so these are our
/// own.
class RandomStream {
 public:
  /// Streams of one seed with different `subject`s are independent: a draw more for one organ moves no other.
  RandomStream(uint64_t seed, uint64_t subject) : state_(Mix(seed) ^ Mix(~subject)) {}

  /// In [0, 1).
  float Unit();
  float Uniform(float low, float high) { return low + (high - low) * Unit(); }
  bool Chance(float probability) { return Unit() < probability; }
  uint64_t Bits() { return Mix(state_++); }

 private:
  uint64_t state_;
};

/// Nearly Gaussian noise of mean 0 and deviation 1 (a sum of four uniform numbers, so within 3.5) for a
/// lattice index.
float WhiteNoise(uint64_t seed, int64_t i, int64_t j, int64_t k);

/// Smooth noise in [-1, 1] with features of about 1 in size: values at whole coordinates, blended between
/// them.
float ValueNoise(uint64_t seed, Point at);

}  // namespace tuckerseg::phantom
