#include "server/policy/service_times.h"

#include <algorithm>

namespace tuckerseg {
namespace {

constexpr double kNewest = 0.25;  // share of the newest measurement

}  // namespace

void ServiceTimes::Estimate::Take(double newest) {
  seconds = measured ? seconds + kNewest * (newest - seconds) : newest;
  measured = true;
}

void ServiceTimes::Expect(const LevelKey& key, double patch_s) {
  const std::lock_guard lock(mutex_);
  Estimate& estimate = patches_[key];
  if (!estimate.measured) estimate.seconds = patch_s;
}

void ServiceTimes::Forget(const LevelKey& key) {
  const std::lock_guard lock(mutex_);
  patches_.erase(key);
}

void ServiceTimes::Learn(const LevelKey& key, const ServiceSize& size, double network_s, double around_s) {
  const std::lock_guard lock(mutex_);
  if (size.patches > 0 && network_s > 0) patches_[key].Take(network_s / static_cast<double>(size.patches));
  if (size.voxels > 0 && around_s > 0) voxels_[key.task].Take(around_s / static_cast<double>(size.voxels));
}

double ServiceTimes::Foretell(const LevelKey& key, const ServiceSize& size) const {
  const std::lock_guard lock(mutex_);
  const auto voxel = voxels_.find(key.task);
  const double voxel_s = voxel != voxels_.end() ? voxel->second.seconds : kUnknownVoxelSeconds;
  return static_cast<double>(size.patches) * PatchSeconds(key) + static_cast<double>(size.voxels) * voxel_s;
}

std::optional<double> ServiceTimes::KnownPatchSeconds(const LevelKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = patches_.find(key);
  return found == patches_.end() ? std::nullopt : std::optional(found->second.seconds);
}

double ServiceTimes::PatchSeconds(const LevelKey& key) const {
  if (const auto own = patches_.find(key); own != patches_.end()) return own->second.seconds;
  double slowest = 0;
  for (const auto& [other, estimate] : patches_)
    if (other.task == key.task) slowest = std::max(slowest, estimate.seconds);
  return slowest > 0 ? slowest : kUnknownPatchSeconds;
}

}  // namespace tuckerseg
