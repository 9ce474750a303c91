/// Who was turned away because of what waits, and is expected to come again.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace tuckerseg {

/// That who was turned away may come again is a promise too: until it would be kept those who begin should make room (WorkQueue). At most so many are remembered as may wait: those that come last.
/// For one thread at a time.
class ExpectedReturns {
 public:
  using Clock = std::chrono::steady_clock;

  struct Return {
    std::string client;
    int priority = 0;
    Clock::time_point at{};  ///< until then
  };

  /// `most`: at least 1.
  explicit ExpectedReturns(size_t most) : most_(most) {}

  /// Of a client's at one priority the latest counts.
  void Add(Return expected);
  void Clear() { returns_.clear(); }
  /// Those that are to come still.
  const std::vector<Return>& ToCome();

 private:
  const size_t most_;
  std::vector<Return> returns_;
};

}  // namespace tuckerseg
