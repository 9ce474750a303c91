#include "server/serve/stall_watch.h"

#include <grpcpp/server_context.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "engine/error.h"
#include "server/observe/log.h"

namespace tuckerseg {
namespace {

constexpr double kLost = 2;  // times the longest time

const char* NameOfStage(CallStage stage) { return kCallStageNames[static_cast<size_t>(stage)]; }

/// DEADLINE_EXCEEDED, as a limit of time has passed, though the server's own. INTERNAL has no words for a client, which is to learn what stood still and what it can do. UNAVAILABLE would have clients send
/// the request again by themselves: where the request is why the work stands still, it would take one device after the other.
Error StallError(const char* stage, const StallWatch::Subject& subject, double most_s) {
  std::ostringstream message;
  message << stage << ": has made no step for " << most_s << " s";
  if (!subject.device.empty()) message << " on " << subject.device;
  message << ", and was given up; send the request once more, and tell whoever runs the server of request " << subject.request_id << " if it ends so again";
  return {ErrorCode::kDeadlineExceeded, message.str()};
}

Error StuckError(const std::string& device) {
  return {ErrorCode::kUnavailable, "device " + device + ": another request stands still there, which this one would have waited for; try another server"};
}

}  // namespace

StallWatch::StallWatch(double most_s, Metrics& metrics, Now now) : most_s_(most_s), metrics_(metrics), now_(std::move(now)) {}

void StallWatch::Look() {
  if (most_s_ <= 0) return;
  while (const std::optional<Stall> stall = FindStall()) {
    // Without the mutex: a log that nobody reads holds this thread up, and must not hold up the work.
    LogIfPossible([&stall] {
      Log(LogLevel::kError, "stage_stalled",
          {{"request", stall->subject.request_id},
           {"stage", NameOfStage(stall->stage)},
           {"device", stall->subject.device},
           {"variant", stall->subject.variant},
           {"seconds", stall->seconds}});
    });
  }
  CancelLostCalls();
}

std::optional<StallWatch::Stall> StallWatch::FindStall() {
  const std::lock_guard lock(mutex_);
  for (Watched* watched : watched_) {
    const double seconds = SecondsStill(*watched);
    if (watched->stalled_in_ || seconds < most_s_) continue;
    const Subject& subject = watched->subject_;
    Stall stall{.subject = subject, .stage = watched->stage_, .seconds = seconds};
    metrics_.CountStalled(NameOfStage(watched->stage_), subject.place ? subject.device : "");
    watched->stalled_in_ = watched->stage_;  // last: what is thrown before, for want of memory, leaves it to be found by the next look
    return stall;
  }
  return {};
}

void StallWatch::CancelLostCalls() {
  const std::lock_guard lock(mutex_);
  for (Watched* watched : watched_) {
    if (watched->context_ == nullptr || !IsLost(*watched)) continue;
    std::exchange(watched->context_, nullptr)->TryCancel();  // with the mutex: the work, and so the call, is still there
  }
}

bool StallWatch::IsStuck(size_t place) const { return StuckDevices().contains(place); }

std::set<size_t> StallWatch::StuckDevices() const {
  const std::lock_guard lock(mutex_);
  std::set<size_t> places;
  for (const Watched* watched : watched_) {
    if (watched->running_ && watched->stalled_in_ && watched->subject_.place) places.insert(*watched->subject_.place);
  }
  return places;
}

bool StallWatch::AdmissionIsStuck() const {
  const std::lock_guard lock(mutex_);
  return std::any_of(watched_.begin(), watched_.end(), [](const Watched* watched) { return watched->running_ && watched->stalled_in_ == CallStage::kQueue; });
}

void StallWatch::ThrowIfLost(const RequestName& name) const {
  const std::lock_guard lock(mutex_);
  for (const Watched* watched : watched_) {
    if (watched->name_ == name && IsLost(*watched)) throw StallError(NameOfStage(*watched->stalled_in_), watched->subject_, most_s_);
  }
}

double StallWatch::SecondsStill(const Watched& watched) const {
  return watched.running_ ? std::chrono::duration<double>(now_() - watched.stepped_at_).count() : 0;
}

bool StallWatch::IsLost(const Watched& watched) const { return watched.stalled_in_ && SecondsStill(watched) >= kLost * most_s_; }

StallWatch::Watched::Watched(StallWatch& watch, const grpc::ServerContextBase* context) : watch_(watch), context_(context) {
  const std::lock_guard lock(watch_.mutex_);
  place_ = watch_.watched_.insert(watch_.watched_.end(), this);
}

StallWatch::Watched::~Watched() {
  const std::lock_guard lock(watch_.mutex_);
  watch_.watched_.erase(place_);
}

void StallWatch::Watched::Name(Subject subject) {
  const std::lock_guard lock(watch_.mutex_);
  subject_ = std::move(subject);
}

void StallWatch::Watched::IsOf(RequestName name) {
  const std::lock_guard lock(watch_.mutex_);
  name_ = std::move(name);
}

void StallWatch::Watched::Step(CallStage stage) {
  const std::lock_guard lock(watch_.mutex_);
  running_ = true;
  stage_ = stage;
  stepped_at_ = watch_.now_();
}

void StallWatch::Watched::Rest() {
  const std::lock_guard lock(watch_.mutex_);
  running_ = false;
}

bool StallWatch::Watched::HasStalled() const {
  const std::lock_guard lock(watch_.mutex_);
  return stalled_in_.has_value();
}

void StallWatch::Watched::ThrowIfStalled() const {
  const std::lock_guard lock(watch_.mutex_);
  if (stalled_in_) throw StallError(NameOfStage(*stalled_in_), subject_, watch_.most_s_);
  if (running_ || !subject_.place) return;
  const auto is_in_the_way = [this](const Watched* other) { return other->subject_.place == subject_.place && watch_.IsLost(*other); };
  if (std::any_of(watch_.watched_.begin(), watch_.watched_.end(), is_in_the_way)) throw StuckError(subject_.device);
}

void ExpectStalls(Devices& devices, Metrics& metrics) {
  for (const CallStage stage : {CallStage::kDecode, CallStage::kQueue, CallStage::kEncode}) metrics.CountStalled(NameOfStage(stage), "", 0);
  for (const Device& device : devices) {
    for (const CallStage stage : {CallStage::kPreprocess, CallStage::kInfer, CallStage::kPostprocess}) metrics.CountStalled(NameOfStage(stage), device.name(), 0);
  }
}

}  // namespace tuckerseg
