/// grpc_server_started_total, grpc_server_handled_total, grpc_server_msg_received_total, grpc_server_msg_sent_total and grpc_server_handling_seconds, with the names, labels and codes of the gRPC
/// Prometheus interceptors (go-grpc-prometheus), so that their dashboards and rules work here.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tuckerseg {

/// One method of one service.
struct RpcMethod {
  std::string service;  ///< "tuckerseg.v1.SegmentationService"
  std::string method;   ///< "Segment"
  std::string type;     ///< "unary", "client_stream", "server_stream" or "bidi_stream"
};

/// gRPC's status codes, 0 to 16.
inline constexpr size_t kRpcCodes = 17;

/// The series of one method. Thread-safe.
class RpcSeries {
 public:
  void Started() const { started_->Increment(); }
  void MessageReceived() const { received_->Increment(); }
  void MessageSent() const { sent_->Increment(); }
  /// `code`: gRPC's number; one that gRPC does not have counts as Unknown.
  void Handled(size_t code, double seconds) const;

 private:
  friend class RpcMetrics;
  prometheus::Counter* started_ = nullptr;
  prometheus::Counter* received_ = nullptr;
  prometheus::Counter* sent_ = nullptr;
  std::array<prometheus::Counter*, kRpcCodes> handled_{};
  prometheus::Histogram* seconds_ = nullptr;
};

/// Immutable once built: thread-safe.
class RpcMetrics {
 public:
  /// Every series is there from now on, at 0: those of `methods`, and those of service and method `unknown`. `registry` must outlive this.
  RpcMetrics(prometheus::Registry& registry, const std::vector<RpcMethod>& methods);

  /// `path` as HTTP/2 has it: "/SERVICE/METHOD". What is none of the methods shares the series `unknown`: a path is a client's own word, and
  /// must make no series.
  const RpcSeries& SeriesOf(std::string_view path) const;

 private:
  std::map<std::string, RpcSeries, std::less<>> series_;  // by path
  RpcSeries unknown_;
};

}  // namespace tuckerseg
