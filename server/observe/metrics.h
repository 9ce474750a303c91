/// What Prometheus is told: names and labels as in docs/api.md, no data of patients.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tuckerseg {

/// Thread-safe.
class Metrics {
 public:
  Metrics(const std::string& version, const std::vector<std::string>& devices);
  ~Metrics();

  /// Serves /metrics at HOST:PORT (port 0: any free one) as long as this lives. Returns the port.
  /// Errors: kInternal if the address cannot be had.
  int Expose(const std::string& address);

  struct Request {
    std::string task;     ///< empty before it is known
    std::string variant;
    std::string device;
    std::string code;     ///< gRPC's name of the status
    double seconds = 0;
  };
  /// One call of Segment has ended.
  void CountRequest(const Request& request);
  /// `stage` as in docs/api.md ("receive", "infer" ...).
  void ObserveStage(const std::string& stage, const std::string& variant, const std::string& device, double seconds);
  void ObservePeakMemory(const std::string& variant, const std::string& device, double bytes);
  void CountCancelled(const std::string& stage);
  void CountRejected(const std::string& reason);
  void CountLevelChoice(const std::string& task, const std::string& variant, const std::string& reason);
  /// `direction`: "received" or "sent".
  void CountBytes(const std::string& direction, double bytes);
  /// A level that is ready. `flops`: multiply-adds of one patch. Without `quality_dice` (not measured) that gauge is left out.
  void SetVariant(const std::string& model, const std::string& variant, double parameters, double flops, std::optional<double> quality_dice);
  /// Seconds since 1970. The gauge is there once it has been set.
  void SetCertificateExpiry(double seconds);
  void SetQueue(const std::string& device, int64_t depth, int64_t capacity, int64_t in_flight);

  /// `refresh` is called before each page: for gauges that nobody sets when what they show changes. Once, before Expose(); what
  /// it uses must outlive this.
  void RefreshWith(std::function<void()> refresh) { refresh_ = std::move(refresh); }

  /// The page in Prometheus' text format.
  std::string Text() const;

 private:
  struct State;
  std::function<void()> refresh_;
  std::unique_ptr<State> state_;
};

}  // namespace tuckerseg
