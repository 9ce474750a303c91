#include "server/observe/operator_endpoint.h"

#include <chrono>
#include <optional>

#include "server/observe/status_page.h"

namespace tuckerseg {
namespace {

constexpr const char* kPrometheusText = "text/plain; version=0.0.4; charset=utf-8";
constexpr const char* kHtml = "text/html; charset=utf-8";
constexpr int kUnavailable = 503;

TextAnswer ReadyAnswer(const Readiness& readiness) {
  const std::optional<std::string> reason = readiness.Reason();
  if (!reason) return {.text = "ok"};
  return {.text = *reason, .status = kUnavailable};
}

}  // namespace

OperatorEndpoint::OperatorEndpoint(const std::string& address, const std::string& version, const Metrics& metrics, const Readiness& readiness,
                                   const LiveStatus& live, const RequestRing& requests)
    : endpoint_(address,
                {{"/healthz", [] { return TextAnswer{.text = "ok"}; }, /*is_probe=*/true},
                 {"/readyz", [&readiness] { return ReadyAnswer(readiness); }, /*is_probe=*/true},
                 {"/metrics", [&metrics] { return TextAnswer{.text = metrics.Text(), .content_type = kPrometheusText}; }},
                 {"/", [version, &readiness, &live, &requests] {
                    return TextAnswer{.text = StatusPage({.version = version,
                                                          .not_ready = readiness.Reason(),
                                                          .status = live.Now(),
                                                          .requests = requests.Newest(),
                                                          .now = std::chrono::system_clock::now()}),
                                      .content_type = kHtml};
                  }}}) {}

}  // namespace tuckerseg
