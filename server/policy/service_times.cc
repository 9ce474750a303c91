#include "server/policy/service_times.h"

#include <algorithm>
#include <cmath>

namespace tuckerseg {
namespace {

constexpr double kNewest = 0.25;  // share of the newest measurement
// A warm-up runs one patch of zeros on the first part: it compares levels roughly.
constexpr double kFar = 1.5;
constexpr double kOfAnother = 0.05;  // share of what another level's measurement says
constexpr double kStale_s = 300;

/// Of a measurement that is so old.
double Weight(ServiceTimes::Clock::duration age) {
  const double age_s = std::chrono::duration<double>(age).count();
  return age_s <= kStale_s ? 1 : std::exp2(1 - age_s / kStale_s);
}

/// What was measured so long ago, and should be `expected` at most.
double Faded(double measured, double expected, ServiceTimes::Clock::duration age) { return measured <= expected ? measured : expected + Weight(age) * (measured - expected); }

}  // namespace

double ServiceTimes::Estimate::At(Clock::time_point now) const { return measured && expected_s > 0 ? Faded(seconds, expected_s, now - taken_at) : seconds; }

void ServiceTimes::Estimate::Take(double newest, Clock::time_point now) {
  const double before = At(now);
  seconds = measured ? before + kNewest * (newest - before) : newest;
  measured = true;
  taken_at = now;
}

double ServiceTimes::VoxelSums::At(Clock::time_point now) const { return Faded(seconds / voxels, kUnknownVoxelSeconds, now - taken_at); }

void ServiceTimes::VoxelSums::Take(double newest_s, double newest_voxels, Clock::time_point now) {
  // Of fewer voxels it is a fixed amount, whatever their number: however many of them come, they say nothing of a large volume.
  const double counted = std::max(newest_voxels, kPriorVoxels);
  // The first is all that is known. Of the others a large volume pushes a quarter of what was known out, a small one no more than it brings, and makes that no younger.
  const double out = std::min(measured ? kNewest : 1, counted / voxels);
  const double before = At(now);
  voxels = (1 - out) * voxels + counted;
  seconds = before * (voxels - counted) + newest_s;
  taken_at = measured ? taken_at + std::chrono::duration_cast<Clock::duration>(out / kNewest * (now - taken_at)) : now;
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
    patches_[key].Take(patch_s, now_());
    Compare(key, patch_s);
  }
  if (size.voxels > 0 && around_s > 0) voxels_[key.task].Take(around_s, static_cast<double>(size.voxels), now_());
}

void ServiceTimes::Compare(const LevelKey& level, double patch_s) {
  const double expected_s = patches_.at(level).expected_s;
  if (expected_s <= 0) return;
  for (auto& [other, estimate] : patches_) {
    if (other.task != level.task || other == level || !estimate.measured || estimate.expected_s <= 0) continue;
    const double likely_s = estimate.expected_s * patch_s / expected_s;
    if (estimate.At(now_()) > kFar * likely_s) estimate.seconds += kOfAnother * (likely_s - estimate.seconds);
  }
}

double ServiceTimes::Foretell(const LevelKey& key, const ServiceSize& size, std::optional<double> by_card) const {
  const std::lock_guard lock(mutex_);
  const auto voxel = voxels_.find(key.task);
  const double voxel_s = voxel != voxels_.end() ? voxel->second.At(now_()) : kUnknownVoxelSeconds;
  return static_cast<double>(size.patches) * PatchSeconds(key, by_card) + static_cast<double>(size.voxels) * voxel_s;
}

std::optional<double> ServiceTimes::KnownPatchSeconds(const LevelKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = patches_.find(key);
  return found == patches_.end() ? std::nullopt : std::optional(found->second.At(now_()));
}

double ServiceTimes::PatchSeconds(const LevelKey& key, std::optional<double> by_card) const {
  if (const auto own = patches_.find(key); own != patches_.end()) return own->second.At(now_());
  if (by_card) return *by_card;
  double slowest = 0;
  for (const auto& [other, estimate] : patches_)
    if (other.task == key.task) slowest = std::max(slowest, estimate.At(now_()));
  return slowest > 0 ? slowest : kUnknownPatchSeconds;
}

}  // namespace tuckerseg
