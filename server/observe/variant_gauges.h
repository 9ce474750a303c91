/// What Prometheus is told of the levels that a server has.
#pragma once

#include <mutex>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "server/observe/metrics.h"
#include "server/observe/server_status.h"

namespace tuckerseg {

/// Thread-safe.
class VariantGauges {
 public:
  /// `metrics` must outlive it.
  explicit VariantGauges(Metrics& metrics) : metrics_(metrics) {}

  /// Whether each level is loaded on each device, and whether it cannot be; its parameters, multiply-adds and quality. What was shown before and is no
  /// longer there has no gauges any more.
  void Show(const std::vector<LevelStatus>& levels);

 private:
  using Place = std::tuple<std::string, std::string, std::string>;  // model, level, device
  void ForgetAllBut(const std::set<Place>& shown);

  Metrics& metrics_;
  std::mutex mutex_;
  std::set<Place> shown_;
};

}  // namespace tuckerseg
