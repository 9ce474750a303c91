/// Adds the seconds of a scope to a counter.
#pragma once

#include <chrono>

namespace tuckerseg {

class Stopwatch {
 public:
  /// `seconds` may be null: then nothing is counted.
  explicit Stopwatch(double* seconds) : seconds_(seconds), begin_(std::chrono::steady_clock::now()) {}
  ~Stopwatch() {
    if (seconds_ != nullptr) *seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  double* seconds_;
  std::chrono::steady_clock::time_point begin_;
};

}  // namespace tuckerseg
