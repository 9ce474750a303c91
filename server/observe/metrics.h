/// What Prometheus is told: names and labels as in docs/api.md, no data of patients.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/variants/level_state.h"

namespace prometheus {
class Registry;
}

namespace tuckerseg {

/// Every name is here, in RpcMetrics or in process_metrics.h. Thread-safe.
class Metrics {
 public:
  /// `executor`: ServiceParts::executor; where it is LibTorch, tuckerseg_build_info has its version.
  Metrics(const std::string& version, const std::vector<std::string>& devices, const std::string& executor = "");
  ~Metrics();

  struct Request {
    std::string task;     ///< empty before it is known
    std::string variant;
    std::string device;
    std::string code;     ///< gRPC's name of the status
    double seconds = 0;
    std::string method = "Segment";
  };
  /// One call that segments has ended.
  void CountRequest(const Request& request);
  /// `stage` as in docs/api.md ("receive", "infer" ...).
  void ObserveStage(const std::string& stage, const std::string& variant, const std::string& device, double seconds);
  /// The time from one patch of a request to its next.
  void ObservePatch(const std::string& variant, const std::string& device, double seconds);
  void ObservePeakMemory(const std::string& variant, const std::string& device, double bytes);
  /// With 0 calls: so that the series is there before it counts, and no rate misses its first call.
  void CountCancelled(const std::string& stage, double calls = 1);
  void CountRejected(const std::string& reason, double calls = 1);
  /// A stage of a request stood still. `device`: whose worker it ran on; empty: on a thread of its call. With 0: as CountCancelled().
  void CountStalled(const std::string& stage, const std::string& device, double stages = 1);
  void CountLevelChoice(const std::string& task, const std::string& variant, const std::string& reason);
  /// A call was answered with what an earlier one with its idempotency key had made.
  void CountResultReused();
  /// `direction`: "received" or "sent".
  void CountBytes(const std::string& direction, double bytes);
  /// `reason` as OtlpExporter::DropCounter's.
  void CountDroppedSpans(const std::string& reason, double spans);
  /// What a level costs. `flops`: multiply-adds of one patch. Without `quality_dice` (not measured) that gauge is left out.
  void SetVariant(const std::string& model, const std::string& variant, double parameters, double flops, std::optional<double> quality_dice);
  /// Seconds since 1970. The gauge is there once it has been set.
  void SetCertificateExpiry(double seconds);
  /// Where a level stands on a device: whether it is loaded, and whether it cannot be.
  void SetVariantState(const std::string& model, const std::string& variant, const std::string& device, LevelState state);
  /// What SetVariant() has said of a level that is no longer there.
  void ForgetVariant(const std::string& model, const std::string& variant);
  /// What SetVariantState() has said.
  void ForgetVariantState(const std::string& model, const std::string& variant, const std::string& device);
  void ObserveVariantLoad(const std::string& model, const std::string& variant, const std::string& device, double seconds);
  /// `waiting`: requests by priority; a priority that is left out keeps what was said of it last.
  void SetQueue(const std::string& device, const std::map<int, int64_t>& waiting, int64_t capacity, int64_t in_flight);
  /// `kind`: "total", "free", "weights" or "reserved".
  void SetDeviceMemory(const std::string& device, const std::string& kind, double bytes);

  /// `refresh` is called before each page: for gauges that nobody sets when what they show changes. Once, before anyone asks for a
  /// page; what it uses must outlive this.
  void RefreshWith(std::function<void()> refresh) { refresh_ = std::move(refresh); }

  /// Where others that are given these metrics register theirs. Lives as long as this.
  prometheus::Registry& registry();

  /// The page in Prometheus' text format, with the process' own metrics.
  std::string Text() const;

 private:
  struct State;
  std::function<void()> refresh_;
  std::unique_ptr<State> state_;
};

}  // namespace tuckerseg
