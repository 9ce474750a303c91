/// What was measured, for people and for programs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compression/bench/patch_latency.h"
#include "compression/bench/volume_latency.h"
#include "compression/rank/layer_time.h"

namespace tuckerseg {

struct VariantReport {
  std::string variant;
  Size3 patch{};  ///< of several networks, the first one's
  int64_t multiply_adds = 0;
  PatchTime latency;
  std::optional<VolumeTime> volume;  ///< where one was segmented
};

struct LatencyReport {
  TimingSetting setting;
  bool on_device = false;            ///< without the patch's way to the device and the logits' way back
  std::optional<double> peak_flops;  ///< that the device was measured to do a second, by a large matrix product
  std::vector<VariantReport> variants;
};

/// {"device", "threads", "on_device", "results": [{"variant", "executor", "precision", "patch", "min_s", "median_s", "gmac", "peak_bytes"}]}: gmac in
/// 1e9 multiply-adds; peak_bytes null where it could not be measured; "volume_s" and "volume_peak_bytes" too where a volume was segmented.
std::string EncodeReport(const LatencyReport& report);

/// A line for each variant with its time and its multiply-adds as shares of the original's, where that was measured, and what it computes a
/// second beside what the device can: one multiply-add is two operations.
std::string ReportTable(const LatencyReport& report);

}  // namespace tuckerseg
