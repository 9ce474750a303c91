#include "server/policy/service_times.h"

#include <algorithm>

namespace tuckerseg {
namespace {

constexpr double kNewest = 0.25;  // share of the newest measurement
// A warm-up runs one patch of zeros on the first part: it compares levels roughly.
constexpr double kFar = 1.5;
constexpr double kOfAnother = 0.05;  // share of what another level's measurement says

}  // namespace

void ServiceTimes::Estimate::Take(double newest) {
  seconds = measured ? seconds + kNewest * (newest - seconds) : newest;
  measured = true;
}

void ServiceTimes::Expect(const LevelKey& key, double patch_s) {
  const std::lock_guard lock(mutex_);
  Estimate& estimate = patches_[key];
  estimate.expected_s = patch_s;
  if (!estimate.measured) estimate.seconds = patch_s;
}

void ServiceTimes::Forget(const LevelKey& key) {
  const std::lock_guard lock(mutex_);
  patches_.erase(key);
  // Without a key to look for, which might find no memory: a look at the models has begun to change by then.
  const bool is_last = std::none_of(patches_.begin(), patches_.end(), [&key](const auto& one) { return one.first.task == key.task; });
  if (is_last) voxels_.erase(key.task);
}

void ServiceTimes::Learn(const LevelKey& key, const ServiceSize& size, double network_s, double around_s) {
  const std::lock_guard lock(mutex_);
  if (size.patches > 0 && network_s > 0) {
    const double patch_s = network_s / static_cast<double>(size.patches);
    patches_[key].Take(patch_s);
    Compare(key, patch_s);
  }
  if (size.voxels > 0 && around_s > 0) voxels_[key.task].Take(around_s / static_cast<double>(size.voxels));
}

void ServiceTimes::Compare(const LevelKey& level, double patch_s) {
  const double expected_s = patches_.at(level).expected_s;
  if (expected_s <= 0) return;
  for (auto& [other, estimate] : patches_) {
    if (other.task != level.task || other == level || !estimate.measured || estimate.expected_s <= 0) continue;
    const double likely_s = estimate.expected_s * patch_s / expected_s;
    if (estimate.seconds > kFar * likely_s) estimate.seconds += kOfAnother * (likely_s - estimate.seconds);
  }
}

double ServiceTimes::Foretell(const LevelKey& key, const ServiceSize& size, std::optional<double> by_card) const {
  const std::lock_guard lock(mutex_);
  const auto voxel = voxels_.find(key.task);
  const double voxel_s = voxel != voxels_.end() ? voxel->second.seconds : kUnknownVoxelSeconds;
  return static_cast<double>(size.patches) * PatchSeconds(key, by_card) + static_cast<double>(size.voxels) * voxel_s;
}

std::optional<double> ServiceTimes::KnownPatchSeconds(const LevelKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = patches_.find(key);
  return found == patches_.end() ? std::nullopt : std::optional(found->second.seconds);
}

double ServiceTimes::PatchSeconds(const LevelKey& key, std::optional<double> by_card) const {
  if (const auto own = patches_.find(key); own != patches_.end()) return own->second.seconds;
  if (by_card) return *by_card;
  double slowest = 0;
  for (const auto& [other, estimate] : patches_)
    if (other.task == key.task) slowest = std::max(slowest, estimate.seconds);
  return slowest > 0 ? slowest : kUnknownPatchSeconds;
}

}  // namespace tuckerseg
