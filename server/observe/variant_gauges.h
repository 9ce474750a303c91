/// What Prometheus is told of the levels that a server has.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <tuple>
#include <utility>
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
  /// longer there has no gauges any more, and a level whose files cannot be read has none of its cost.
  /// Models of two tasks may have one name, and labels know of no task: of levels that share all labels the worst state is told (failed, then not loaded), and the
  /// cost of the first whose files can be read.
  void Show(const std::vector<LevelStatus>& levels);

 private:
  using Level = std::pair<std::string, std::string>;                // of a model, by its name
  using Place = std::tuple<std::string, std::string, std::string>;  // model, level, device

  Metrics& metrics_;
  std::mutex mutex_;
  std::map<Place, LevelState> places_;  // that were shown last
  std::set<Level> costs_;  // likewise
};

}  // namespace tuckerseg
