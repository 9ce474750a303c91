/// Finds stages of running requests that make no step any more: neither their clients nor those behind them must wait for ever.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "server/observe/metrics.h"
#include "server/schedule/device.h"
#include "server/serve/request_name.h"
#include "server/serve/stage_clock.h"

namespace grpc {
class ServerContextBase;
}

namespace tuckerseg {

/// What is watched stalls where its stage has made no step (a patch, a pass, a chunk, a change of stage) for the longest time. It is logged and counted then, and its call, which looks here
/// while it waits, ends. Work is watched, not calls: a worker may stand still when its client has long gone. Has no thread of its own: somebody looks, some times a second. Thread-safe.
class StallWatch {
 public:
  using Clock = std::chrono::steady_clock;
  using Now = std::function<Clock::time_point()>;

  /// `most_s`: the longest time from one step to the next; 0: for ever. `metrics` must outlive it.
  StallWatch(double most_s, Metrics& metrics, Now now = Clock::now);
  StallWatch(const StallWatch&) = delete;
  StallWatch& operator=(const StallWatch&) = delete;

  /// Logs and counts what has stalled since the last look. For one thread at a time.
  void Look();

  /// Whether work on the device at this place has stalled and has not come back: nobody else should be sent there.
  bool IsStuck(size_t place) const;
  /// All that are.
  std::set<size_t> StuckDevices() const;
  /// Whether an admission has stalled and has not come back, for instance as a GPU does not say what memory it has left. All other calls wait for it, wherever they would run.
  bool AdmissionIsStuck() const;
  /// A call begins, or waits for another, that its client has sent again. Errors: kDeadlineExceeded where work of this name has stalled and has not come back for as long again: the stream of
  /// its call was cut then, and client libraries, ours too, take that for a broken connection. The next attempt would wait for that work, or stand still likewise.
  void ThrowIfLost(const RequestName& name) const;

  /// Whose work it is, for the log: names of what is served, nothing of a patient.
  struct Subject {
    std::string request_id = {};
    std::string variant = {};
    std::string device = {};
    std::optional<size_t> place = {};  ///< of the device whose worker does it; none: a thread of the call's own does
  };

  /// A piece of work. It waits for others until one of its stages runs.
  class Watched {
   public:
    /// `watch` must outlive it. `context`: of the call that cannot be answered before this work has come back, as its own thread does it or waits for it: where the work has not come back by
    /// twice the longest time the call is cancelled, so that at least its client knows. Null: the call answers by itself.
    explicit Watched(StallWatch& watch, const grpc::ServerContextBase* context = nullptr);
    ~Watched();
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;

    void Name(Subject subject);
    /// What its client may send again under this name.
    void IsOf(RequestName name);
    /// `stage` runs, and has just made a step.
    void Step(CallStage stage);
    /// It waits, or is over: to wait for others is not to stand still.
    void Rest();

    /// Whether it ever has: what its steps took tells nothing of its device then.
    bool HasStalled() const;
    /// Errors: kDeadlineExceeded once it has stalled. kUnavailable where it waits for a device that is stuck, and whose work has not come back by twice the longest time.
    void ThrowIfStalled() const;

   private:
    friend class StallWatch;
    StallWatch& watch_;
    // With the watch's mutex:
    const grpc::ServerContextBase* context_;
    Subject subject_;
    std::optional<RequestName> name_;
    bool running_ = false;
    CallStage stage_ = CallStage::kQueue;
    Clock::time_point stepped_at_{};
    std::optional<CallStage> stalled_in_;
    std::list<Watched*>::iterator place_;
  };

  /// As long as it lives a stage of the work runs.
  class Running {
   public:
    /// `watched` must outlive it.
    Running(Watched& watched, CallStage stage) : watched_(watched) { watched_.Step(stage); }
    ~Running() { watched_.Rest(); }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

   private:
    Watched& watched_;
  };

 private:
  struct Stall {
    Subject subject;
    CallStage stage = CallStage::kQueue;
    double seconds = 0;
  };

  /// One that nobody has been told of, counted. None: there is no more.
  std::optional<Stall> FindStall();
  void CancelLostCalls();

  // With the mutex:
  double SecondsStill(const Watched& watched) const;  // 0 where it waits
  bool IsLost(const Watched& watched) const;          // it was given up, and has not come back for as long again

  const double most_s_;
  Metrics& metrics_;
  const Now now_;
  mutable std::mutex mutex_;
  std::list<Watched*> watched_;
};

/// Makes the series that stalls count in: at 0.
void ExpectStalls(Devices& devices, Metrics& metrics);

}  // namespace tuckerseg
