/// Random draws that are the same on every machine: std:: distributions differ between standard libraries, the bits of the engine do not.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>

namespace tuckerseg::load {

struct Range {
  double low = 0;
  double high = 0;
  bool operator==(const Range&) const = default;
};

/// One stream of draws.
class Draws {
 public:
  /// Streams of one seed for different subjects are independent: one more draw of one leaves the others as they were.
  Draws(uint64_t seed, uint32_t subject) {
    std::seed_seq sequence{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32U), subject};
    bits_.seed(sequence);
  }

  /// In [0, 1).
  double Unit() { return static_cast<double>(bits_() >> 11U) * 0x1p-53; }
  double Within(const Range& range) { return range.low + (range.high - range.low) * Unit(); }
  /// From one arrival to the next of a Poisson process, in units of their mean.
  double Gap() { return -std::log1p(-Unit()); }
  /// A place in `shares`, each as often as its share of their sum. They must not be empty, and above 0.
  size_t Pick(std::span<const double> shares) {
    double sum = 0;
    for (const double share : shares) sum += share;
    double left = Unit() * sum;
    for (size_t place = 0; place + 1 < shares.size(); ++place) {
      left -= shares[place];
      if (left < 0) return place;
    }
    return shares.size() - 1;
  }

 private:
  std::mt19937_64 bits_;
};

}  // namespace tuckerseg::load
