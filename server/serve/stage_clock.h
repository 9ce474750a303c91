/// Wall time of a request by stage: one stage runs at a time, so that their times sum to the request's.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>

namespace tuckerseg {

enum class CallStage { kReceive, kDecode, kQueue, kPreprocess, kInfer, kPostprocess, kEncode, kSend };
inline constexpr size_t kCallStages = 8;
inline constexpr std::array<const char*, kCallStages> kCallStageNames{"receive", "decode",      "queue",  "preprocess",
                                                                      "infer",   "postprocess", "encode", "send"};

/// For one thread at a time.
class StageClock {
 public:
  using Clock = std::chrono::steady_clock;

  /// What has passed since the last call belongs to the stage before; from now on it belongs to `stage`.
  void Enter(CallStage stage) {
    const Clock::time_point now = Clock::now();
    Add(stage_, std::chrono::duration<double>(now - entered_).count());
    stage_ = stage;
    entered_ = now;
  }
  /// Seconds measured elsewhere.
  void Add(CallStage stage, double seconds) { seconds_[static_cast<size_t>(stage)] += seconds; }
  /// `stage` took `measured_s`, as whoever did the work has measured; what was counted for it beyond that was spent in `rest`.
  void Correct(CallStage stage, double measured_s, CallStage rest) {
    const double beyond = seconds(stage) - measured_s;
    Add(rest, beyond);
    Add(stage, -beyond);
  }
  double seconds(CallStage stage) const { return seconds_[static_cast<size_t>(stage)]; }
  CallStage stage() const { return stage_; }
  double Total() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

 private:
  Clock::time_point begin_ = Clock::now();
  Clock::time_point entered_ = begin_;
  CallStage stage_ = CallStage::kReceive;
  std::array<double, kCallStages> seconds_{};
};

}  // namespace tuckerseg
