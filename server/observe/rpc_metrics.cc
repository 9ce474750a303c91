#include "server/observe/rpc_metrics.h"

#include "server/observe/metric_buckets.h"

namespace tuckerseg {
namespace {

/// As Go writes them, by number: the interceptors' label grpc_code.
constexpr std::array<const char*, kRpcCodes> kCodeNames{
    "OK",           "Canceled",          "Unknown",            "InvalidArgument", "DeadlineExceeded", "NotFound",
    "AlreadyExists", "PermissionDenied", "ResourceExhausted",  "FailedPrecondition", "Aborted",       "OutOfRange",
    "Unimplemented", "Internal",         "Unavailable",        "DataLoss",        "Unauthenticated"};
constexpr size_t kUnknownCode = 2;

}  // namespace

void RpcSeries::Handled(size_t code, double seconds) const {
  handled_[code < kRpcCodes ? code : kUnknownCode]->Increment();
  seconds_->Observe(seconds);
}

RpcMetrics::RpcMetrics(prometheus::Registry& registry, const std::vector<RpcMethod>& methods) {
  auto& started = prometheus::BuildCounter().Name("grpc_server_started_total").Help("RPCs started").Register(registry);
  auto& received = prometheus::BuildCounter().Name("grpc_server_msg_received_total").Help("Messages of RPCs received from clients").Register(registry);
  auto& sent = prometheus::BuildCounter().Name("grpc_server_msg_sent_total").Help("Messages of RPCs sent to clients").Register(registry);
  auto& handled = prometheus::BuildCounter().Name("grpc_server_handled_total").Help("RPCs completed, by code").Register(registry);
  auto& seconds = prometheus::BuildHistogram().Name("grpc_server_handling_seconds").Help("Time of an RPC in the server").Register(registry);
  const auto make = [&](const RpcMethod& method) {
    prometheus::Labels labels{{"grpc_service", method.service}, {"grpc_method", method.method}, {"grpc_type", method.type}};
    RpcSeries series;
    series.started_ = &started.Add(labels);
    series.received_ = &received.Add(labels);
    series.sent_ = &sent.Add(labels);
    series.seconds_ = &seconds.Add(labels, kSeconds);
    for (size_t code = 0; code < kRpcCodes; ++code) {
      labels["grpc_code"] = kCodeNames[code];
      series.handled_[code] = &handled.Add(labels);
    }
    return series;
  };
  for (const RpcMethod& method : methods) series_.emplace("/" + method.service + "/" + method.method, make(method));
  unknown_ = make({"unknown", "unknown", "unknown"});
}

const RpcSeries& RpcMetrics::SeriesOf(std::string_view path) const {
  const auto found = series_.find(path);
  return found == series_.end() ? unknown_ : found->second;
}

}  // namespace tuckerseg
