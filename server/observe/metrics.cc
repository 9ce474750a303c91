#include "server/observe/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>

#include "server/observe/metric_buckets.h"
#include "server/observe/metrics_page.h"
#include "server/observe/process_metrics.h"

namespace tuckerseg {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::Histogram;

/// From 64 MiB to 64 GiB.
const Histogram::BucketBoundaries kBytes{67108864.0,   134217728.0,  268435456.0,   536870912.0,   1073741824.0, 2147483648.0,
                                         4294967296.0, 8589934592.0, 17179869184.0, 34359738368.0, 68719476736.0};

constexpr std::string_view kTorch = "LibTorch ";

std::string TorchVersionOf(const std::string& executor) {
  return executor.starts_with(kTorch) ? executor.substr(kTorch.size()) : "";
}

/// Sets it without ever showing 0, which a page that is made meanwhile would have of a gauge that is new.
void Show(prometheus::Family<prometheus::Gauge>& family, const prometheus::Labels& labels, double value) { family.Add(labels, value).Set(value); }

/// Likewise adds none that is to be removed.
void Drop(prometheus::Family<prometheus::Gauge>& family, const prometheus::Labels& labels) {
  if (family.Has(labels)) family.Remove(&family.Add(labels));
}

}  // namespace

struct Metrics::State {
  std::shared_ptr<prometheus::Registry> registry = std::make_shared<prometheus::Registry>();
  prometheus::Family<prometheus::Counter>& requests =
      BuildCounter().Name("tuckerseg_requests_total").Help("Calls that have ended").Register(*registry);
  prometheus::Family<Histogram>& durations =
      BuildHistogram().Name("tuckerseg_request_duration_seconds").Help("Time of a call").Register(*registry);
  prometheus::Family<Histogram>& stages =
      BuildHistogram().Name("tuckerseg_stage_duration_seconds").Help("Exclusive time of a stage of a call").Register(*registry);
  prometheus::Family<Histogram>& patches =
      BuildHistogram().Name("tuckerseg_patch_duration_seconds").Help("Time from one patch of a call to its next").Register(*registry);
  prometheus::Family<Histogram>& peaks =
      BuildHistogram().Name("tuckerseg_request_peak_memory_bytes").Help("Most memory resident during a call").Register(*registry);
  prometheus::Family<prometheus::Counter>& cancelled =
      BuildCounter().Name("tuckerseg_requests_cancelled_total").Help("Calls cancelled, by stage").Register(*registry);
  prometheus::Family<prometheus::Counter>& rejected =
      BuildCounter().Name("tuckerseg_rejected_total").Help("Calls refused").Register(*registry);
  prometheus::Family<prometheus::Counter>& stalled =
      BuildCounter().Name("tuckerseg_stages_stalled_total").Help("Stages of calls that made no step for too long").Register(*registry);
  prometheus::Family<prometheus::Counter>& choices =
      BuildCounter().Name("tuckerseg_level_choices_total").Help("Variants chosen, by reason").Register(*registry);
  prometheus::Counter& reused =
      BuildCounter().Name("tuckerseg_results_reused_total").Help("Calls answered with an earlier call's result").Register(*registry).Add({});
  prometheus::Family<prometheus::Counter>& bytes =
      BuildCounter().Name("tuckerseg_bytes_total").Help("Bytes of volumes and label maps").Register(*registry);
  prometheus::Family<prometheus::Counter>& dropped_spans =
      BuildCounter().Name("tuckerseg_spans_dropped_total").Help("Spans of traces that no collector has taken").Register(*registry);
  prometheus::Family<prometheus::Gauge>& depth =
      BuildGauge().Name("tuckerseg_queue_depth").Help("Requests that wait").Register(*registry);
  prometheus::Family<prometheus::Gauge>& capacity =
      BuildGauge().Name("tuckerseg_queue_capacity").Help("Requests that may wait or run").Register(*registry);
  prometheus::Family<prometheus::Gauge>& in_flight =
      BuildGauge().Name("tuckerseg_requests_in_flight").Help("Requests that run").Register(*registry);
  prometheus::Family<prometheus::Gauge>& device_memory =
      BuildGauge().Name("tuckerseg_device_memory_bytes").Help("Memory of a device, by kind").Register(*registry);
  prometheus::Family<prometheus::Gauge>& loaded =
      BuildGauge().Name("tuckerseg_variant_loaded").Help("1 for a variant that is loaded on the device, else 0").Register(*registry);
  prometheus::Family<prometheus::Gauge>& failed =
      BuildGauge().Name("tuckerseg_variant_failed").Help("1 for a variant that cannot be loaded on the device, else 0").Register(*registry);
  prometheus::Family<Histogram>& loads =
      BuildHistogram().Name("tuckerseg_variant_load_duration_seconds").Help("Time of reading a variant and putting it onto its device").Register(*registry);
  prometheus::Family<prometheus::Gauge>& quality =
      BuildGauge().Name("tuckerseg_variant_quality_dice").Help("Lower 95 % bound of the mean Dice against the original").Register(*registry);
  prometheus::Family<prometheus::Gauge>& flops =
      BuildGauge().Name("tuckerseg_variant_flops").Help("Multiply-adds of one patch").Register(*registry);
  prometheus::Family<prometheus::Gauge>& parameters =
      BuildGauge().Name("tuckerseg_variant_parameters").Help("Parameters").Register(*registry);
  prometheus::Family<prometheus::Gauge>& certificate_expiry =
      BuildGauge().Name("tuckerseg_tls_certificate_expiry_timestamp_seconds").Help("When the server's certificate expires").Register(*registry);
  prometheus::Family<prometheus::Gauge>& build =
      BuildGauge().Name("tuckerseg_build_info").Help("1, with versions in its labels").Register(*registry);
};

Metrics::Metrics(const std::string& version, const std::vector<std::string>& devices, const std::string& executor)
    : state_(std::make_unique<State>()) {
  std::string kinds;
  std::set<std::string> told;
  for (const std::string& device : devices) {
    const std::string kind = device.substr(0, device.find(':'));
    if (told.insert(kind).second) kinds += (kinds.empty() ? "" : ",") + kind;
  }
  state_->build.Add({{"version", version}, {"devices", kinds}, {"torch", TorchVersionOf(executor)}}).Set(1);
}

Metrics::~Metrics() = default;

void Metrics::CountRequest(const Request& request) {
  const prometheus::Labels labels{{"method", request.method}, {"task", request.task}, {"variant", request.variant}, {"device", request.device}};
  state_->durations.Add(labels, kSeconds).Observe(request.seconds);
  prometheus::Labels with_code = labels;
  with_code["code"] = request.code;
  state_->requests.Add(with_code).Increment();
}

void Metrics::ObserveStage(const std::string& stage, const std::string& variant, const std::string& device, double seconds) {
  state_->stages.Add({{"stage", stage}, {"variant", variant}, {"device", device}}, kSeconds).Observe(seconds);
}

void Metrics::ObservePatch(const std::string& variant, const std::string& device, double seconds) {
  state_->patches.Add({{"variant", variant}, {"device", device}}, kPatchSeconds).Observe(seconds);
}

void Metrics::ObservePeakMemory(const std::string& variant, const std::string& device, double bytes) {
  state_->peaks.Add({{"variant", variant}, {"device", device}}, kBytes).Observe(bytes);
}

void Metrics::CountCancelled(const std::string& stage, double calls) { state_->cancelled.Add({{"stage", stage}}).Increment(calls); }

void Metrics::CountRejected(const std::string& reason, double calls) { state_->rejected.Add({{"reason", reason}}).Increment(calls); }

void Metrics::CountStalled(const std::string& stage, const std::string& device, double stages) {
  state_->stalled.Add({{"stage", stage}, {"device", device}}).Increment(stages);
}

void Metrics::CountLevelChoice(const std::string& task, const std::string& variant, const std::string& reason) {
  state_->choices.Add({{"task", task}, {"variant", variant}, {"reason", reason}}).Increment();
}

void Metrics::CountResultReused() { state_->reused.Increment(); }

void Metrics::CountBytes(const std::string& direction, double bytes) {
  state_->bytes.Add({{"direction", direction}}).Increment(bytes);
}

void Metrics::CountDroppedSpans(const std::string& reason, double spans) {
  state_->dropped_spans.Add({{"reason", reason}}).Increment(spans);
}

void Metrics::SetVariant(const std::string& model, const std::string& variant, double parameters, double flops, std::optional<double> quality_dice) {
  const prometheus::Labels labels{{"model", model}, {"variant", variant}};
  Show(state_->parameters, labels, parameters);
  Show(state_->flops, labels, flops);
  if (quality_dice) {
    Show(state_->quality, labels, *quality_dice);
  } else {
    Drop(state_->quality, labels);  // its card may have gone
  }
}

void Metrics::SetCertificateExpiry(double seconds) { state_->certificate_expiry.Add({}).Set(seconds); }

void Metrics::SetVariantState(const std::string& model, const std::string& variant, const std::string& device, LevelState state) {
  const prometheus::Labels labels{{"model", model}, {"variant", variant}, {"device", device}};
  Show(state_->loaded, labels, state == LevelState::kLoaded ? 1 : 0);
  Show(state_->failed, labels, state == LevelState::kFailed ? 1 : 0);
}

void Metrics::ForgetVariant(const std::string& model, const std::string& variant) {
  const prometheus::Labels labels{{"model", model}, {"variant", variant}};
  for (auto* family : {&state_->parameters, &state_->flops, &state_->quality}) Drop(*family, labels);
}

void Metrics::ForgetVariantState(const std::string& model, const std::string& variant, const std::string& device) {
  const prometheus::Labels labels{{"model", model}, {"variant", variant}, {"device", device}};
  for (auto* family : {&state_->loaded, &state_->failed}) Drop(*family, labels);
}

void Metrics::ObserveVariantLoad(const std::string& model, const std::string& variant, const std::string& device, double seconds) {
  state_->loads.Add({{"model", model}, {"variant", variant}, {"device", device}}, kSeconds).Observe(seconds);
}

void Metrics::SetQueue(const std::string& device, const std::map<int, int64_t>& waiting, int64_t capacity, int64_t in_flight) {
  for (const auto& [priority, depth] : waiting) {
    state_->depth.Add({{"device", device}, {"priority", std::to_string(priority)}}).Set(static_cast<double>(depth));
  }
  state_->capacity.Add({{"device", device}, {"priority", "all"}}).Set(static_cast<double>(capacity));
  state_->in_flight.Add({{"device", device}}).Set(static_cast<double>(in_flight));
}

void Metrics::SetDeviceMemory(const std::string& device, const std::string& kind, double bytes) {
  state_->device_memory.Add({{"device", device}, {"kind", kind}}).Set(bytes);
}

prometheus::Registry& Metrics::registry() { return *state_->registry; }

std::string Metrics::Text() const {
  if (refresh_) refresh_();
  std::vector<prometheus::MetricFamily> families = state_->registry->Collect();
  std::vector<prometheus::MetricFamily> process = ProcessFamilies(ReadProcess());
  std::move(process.begin(), process.end(), std::back_inserter(families));
  return MetricsPage(families);
}

}  // namespace tuckerseg
