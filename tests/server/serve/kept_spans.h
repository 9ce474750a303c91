/// Spans that a server has made, in this process.
#pragma once

#include <mutex>
#include <utility>
#include <vector>

#include "server/observe/span.h"

namespace tuckerseg {

/// Keeps the spans of each request. Thread-safe.
class KeptSpans final : public SpanSink {
 public:
  void Take(std::vector<Span> spans) override {
    const std::lock_guard lock(mutex_);
    requests_.push_back(std::move(spans));
  }
  std::vector<std::vector<Span>> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::vector<Span>> requests_;
};

}  // namespace tuckerseg
