/// How far two label maps agree, by structure and as a whole.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <stop_token>

namespace tuckerseg {

/// Voxels of one structure.
struct Overlap {
  int64_t both = 0;       ///< in both maps
  int64_t predicted = 0;
  int64_t reference = 0;

  /// 2 |P and R| / (|P| + |R|). Only asked for where the structure is in one of the maps at least.
  double Dice() const { return 2.0 * static_cast<double>(both) / static_cast<double>(predicted + reference); }
};

/// By label value, of all that occur in one of the maps, 0 (background) excluded. Both must be in the same voxel order and
/// of the same length, which is not checked. Errors: kCancelled, between two pieces of them, after `stop` was asked for.
std::map<int64_t, Overlap> CountOverlaps(std::span<const uint16_t> predicted, std::span<const uint16_t> reference, const std::stop_token& stop = {});

/// Share of voxels that have the same label in both, background included, in [0, 1]. Of maps as CountOverlaps takes them, of one voxel at least. Errors: as there.
double EqualShare(std::span<const uint16_t> a, std::span<const uint16_t> b, const std::stop_token& stop = {});

}  // namespace tuckerseg
