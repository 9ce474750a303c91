/// Sends spans to a collector as OTLP/HTTP JSON, on a thread of its own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "server/http_url.h"
#include "server/observe/otlp_json.h"
#include "server/observe/span.h"

namespace tuckerseg {

struct OtlpOptions {
  HttpUrl collector;
  SpanSource source;
  size_t most_waiting = 2048;  ///< spans; those of a request that do not fit are dropped
  size_t most_at_once = 512;   ///< about this many go in one message
  std::chrono::milliseconds gather = std::chrono::seconds(2);    ///< how long spans wait for others to go along
  std::chrono::milliseconds patience = std::chrono::seconds(2);  ///< with connecting, with a whole message and with a whole answer, each
};

/// A collector that is slow, away or wrong costs spans, which are counted, and never time of a request. Nothing is sent twice.
class OtlpExporter final : public SpanSink {
 public:
  /// Told of spans that were dropped, and why: "queue" (no room, or no memory) or "collector" (did not take them); of 0 of each at the beginning. Called from
  /// any thread. What it throws is passed over: those spans are then counted nowhere.
  using DropCounter = std::function<void(const char* reason, size_t spans)>;

  OtlpExporter(OtlpOptions options, DropCounter dropped);
  /// Sends what waits, and gives the rest up at the first failure.
  ~OtlpExporter() override;

  void Take(std::vector<Span> spans) override;

 private:
  class Connection;
  void Work(const std::stop_token& stop);
  /// What waits, once there is something and others had time to join it; nothing only where a stop was asked for and nothing waits.
  std::vector<Span> Gather(const std::stop_token& stop);
  void Drop(const char* reason, size_t spans) const noexcept;
  void DropAll(const char* reason) noexcept;

  const OtlpOptions options_;
  const DropCounter dropped_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Span> waiting_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace tuckerseg
