#include "server/serve/segment_run.h"

#include <grpc/support/time.h>
#include <grpcpp/server_context.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <mutex>
#include <thread>
#include <utility>

#include "engine/error.h"
#include "engine/segment/task_segmenter.h"
#include "server/no_memory_error.h"
#include "server/observe/resident_memory.h"
#include "server/policy/asked_level.h"
#include "server/policy/level_settling.h"
#include "server/random_id.h"
#include "server/schedule/time_ahead.h"
#include "server/seconds_since.h"
#include "server/serve/messages.h"
#include "server/serve/patch_clock.h"
#include "server/serve/segment_header.h"
#include "server/serve/watched_gate.h"
#include "server/stopping_error.h"

namespace tuckerseg {
namespace {

CallStage ToCallStage(Stage stage) {
  switch (stage) {
    case Stage::kPreprocess: return CallStage::kPreprocess;
    case Stage::kInfer: return CallStage::kInfer;
    case Stage::kPostprocess: return CallStage::kPostprocess;
  }
  return CallStage::kInfer;
}

v1::LevelReason ToMessage(LevelReason reason) {
  switch (reason) {
    case LevelReason::kAsked: return v1::LEVEL_REASON_ASKED;
    case LevelReason::kQuality: return v1::LEVEL_REASON_QUALITY;
    case LevelReason::kOnly: return v1::LEVEL_REASON_ONLY;
    case LevelReason::kDeadline: return v1::LEVEL_REASON_DEADLINE;
    case LevelReason::kMemory: return v1::LEVEL_REASON_MEMORY;
    case LevelReason::kQueue: return v1::LEVEL_REASON_QUEUE;
  }
  return v1::LEVEL_REASON_UNSPECIFIED;
}

bool operator==(const Progress& a, const Progress& b) {
  return a.stage == b.stage && a.patches_done == b.patches_done && a.patches_total == b.patches_total;
}

/// The turn of the work has come: settles on a level that is there still, and keeps it. Gives the seconds that it is foretold to take. For the worker, before the work.
double Settle(SegmentWork& work, Catalogue& catalogue, double most_s) noexcept {
  const std::vector<AdmittedLevel>& possible = work.possible;
  size_t settled = 0;
  try {
    std::vector<size_t> places;
    std::vector<LevelPossible> levels;
    for (size_t place = 0; place < possible.size(); ++place) {
      places.push_back(place);
      levels.push_back({possible[place].quality, possible[place].service_s});
    }
    for (size_t i = SettleLevel(levels, most_s); places[i] != 0; i = SettleLevel(levels, most_s)) {
      const AdmittedLevel& level = possible[places[i]];
      if (std::optional<LevelHold> hold = catalogue.HoldIfLoaded(level.levels, level.place)) {
        work.levels = *std::move(hold);
        settled = places[i];
        break;
      }
      places.erase(places.begin() + static_cast<std::ptrdiff_t>(i));
      levels.erase(levels.begin() + static_cast<std::ptrdiff_t>(i));
    }
  } catch (...) {  // no memory: what was foretold runs
  }
  const std::lock_guard lock(work.mutex);
  work.settled = settled;
  return possible[settled].service_s;
}

/// The exception in flight; where it is want of memory, with what had been set aside.
[[noreturn]] void RethrowTelling(const ByteLimit& set_aside) {
  try {
    throw;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kResourceExhausted || error.byte_limit()) throw;
    throw Error(error).AtLimit(set_aside);
  } catch (const std::bad_alloc&) {
    throw NoMemoryError().AtLimit(set_aside);
  }
}

/// No answer will be made of this work, after which its times would be learnt. Where a device has become so slow that every request is stopped by its deadline, the patches that were done by then alone tell.
/// `patches_s` is by the wall's clock: what the host does between patches is in it, and in what is known of voxels too, so that it foretells rather too much.
void LearnFromStopped(Catalogue& catalogue, const AdmittedLevel& level, const ServiceSize& done, double patches_s) noexcept {
  try {
    catalogue.Learn(*level.level, level.place, done, patches_s, 0);
  } catch (...) {  // no memory: the next may have some
  }
}

/// Seconds until the call's deadline; nothing where it has none. By gRPC's own clock: of a deadline beyond the year 2262 deadline() makes a time of day that has passed long ago.
std::optional<double> SecondsToDeadline(const grpc::ServerContext& context) {
  const gpr_timespec deadline = context.raw_deadline();
  if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0) return {};
  return 1e-6 * gpr_timespec_to_micros(gpr_time_sub(deadline, gpr_now(deadline.clock_type)));
}

}  // namespace

SegmentRun::SegmentRun(ServiceParts& parts, const grpc::ServerContext& context, const char* service, const char* method)
    : parts_(parts), context_(context), client_(parts.security.access().IdentityOf(context)), watched_(parts.stalls, &context) {
  record_.trace = TraceOf(context);
  record_.service = service;
  record_.method = method;
  record_.request_id = RandomId();
  if (parts.devices.size() == 1) record_.device = parts.devices.at(0).name();  // else it is chosen with the level
  watched_.Name({.request_id = record_.request_id, .device = record_.device});
}

void SegmentRun::TakeRequest() { parts_.security.limiter().TakeRequest(client_); }

void SegmentRun::TakeBytes(int64_t bytes) { parts_.security.limiter().TakeBytes(client_, bytes); }

void SegmentRun::FindModel(v1::SegmentHeader header) {
  header_ = std::move(header);
  view_ = parts_.catalogue.View();
  model_ = &view_->Find(header_.task());
  record_.task = model_->model().task;
}

void SegmentRun::Ask(v1::SegmentHeader header) {
  FindModel(std::move(header));
  if (!LeavesTheChoice(header_.level().name())) asked_ = &FindAskedLevel(header_.level().name(), model_->levels);
  if (asked_ != nullptr) record_.variant = asked_->name;
  Check({asked_ != nullptr ? asked_ : &model_->original()});
}

void SegmentRun::ResumeLevel() {
  const std::string& name = header_.resume_level();
  if (name.empty()) return;
  record_.header_taken = false;  // until it is found the name is the client's word
  const ServedLevel& level = FindLevelToResume(name, asked_, model_->levels);
  record_.header_taken = true;
  resumes_choice_ = asked_ == nullptr;
  asked_ = &level;
  record_.variant = level.name;
}

std::vector<const ServedLevel*> SegmentRun::AskForSeveral(v1::SegmentHeader header, const LevelsFinder& find) {
  FindModel(std::move(header));
  std::vector<const ServedLevel*> levels = find(model_->levels);
  asked_ = levels.at(0);
  Check(levels);
  return levels;
}

void SegmentRun::TurnTo(const ServedLevel& level) {
  clock_.Enter(CallStage::kQueue);
  turn_began_ = clock_;
  asked_ = &level;
  record_.variant = level.name;
}

void SegmentRun::EndTurn() {
  clock_.Enter(clock_.stage());  // what has passed since the last change of stage
  LevelPart part{.variant = std::move(record_.variant),
                 .device = record_.device,
                 .patches = std::exchange(record_.patches, 0),
                 .foretold_s = std::exchange(record_.foretold_s, 0),
                 .network_s = std::exchange(record_.network_s, 0),
                 .peak_memory_bytes = std::exchange(record_.peak_memory_bytes, 0)};
  for (size_t i = 0; i < kCallStages; ++i) part.stage_s[i] = Seconds(static_cast<CallStage>(i));
  record_.variant.clear();
  record_.reason.clear();
  record_.levels.push_back(std::move(part));
}

void SegmentRun::Check(const std::vector<const ServedLevel*>& levels) {
  CheckSegmentHeader(header_, parts_.config.limits.max_priority);
  if (!model_->CanServe()) {
    throw Error(ErrorCode::kFailedPrecondition, "task = " + record_.task + ": none of its levels could be loaded: " + model_->original().error);
  }
  // Only for its errors: what no level can do is refused before the volume is sent.
  for (const ServedLevel* level : levels) PlanFor(*level, Request(), parts_.devices.at(0), parts_);
  record_.header_taken = true;
}

void SegmentRun::RefuseIfNeverFits(const Geometry& geometry, int64_t held_bytes, int64_t answer_bytes) const {
  LevelRequest request = Request();
  request.held_bytes = held_bytes;
  request.answer_bytes = answer_bytes;
  tuckerseg::RefuseIfNeverFits(request, geometry, parts_);
}

void SegmentRun::EndWithin(double seconds) {
  ends_at_ = TimeAhead(seconds);
}

std::shared_ptr<SegmentWork> SegmentRun::Perform(Volume volume, MemoryReservation volume_memory, int64_t answer_bytes, const RunEvents& events,
                                                 const RunTerms& terms) {
  clock_.Enter(CallStage::kQueue);  // to wait for one's admission is to wait
  std::unique_lock admission(parts_.admission, std::defer_lock);
  WorkHold hold = AdmitPatiently(admission, {volume.geometry, volume_memory.bytes() + terms.kept_bytes, answer_bytes}, events, terms);
  auto work = std::make_shared<SegmentWork>(std::move(volume), std::move(volume_memory), std::move(hold), parts_.stalls);
  const std::shared_ptr<Ticket> ticket = Enqueue(work);
  admission.unlock();
  try {
    if (events.accepted) events.accepted(Accepted(ticket->position()));
    Await(*work, *ticket, events);
  } catch (...) {
    // The client has gone, or the work stands still: free the worker within a patch, if it ever comes back, and the queue at once, and wait for neither.
    device().queue().Cancel(ticket);
    throw;
  }
  ticket->Rethrow();
  TakeTimes(*work);
  return work;
}

LevelRequest SegmentRun::Request() const {
  const bool has_come = come_at_ != StageClock::Clock::time_point{};
  // Whole seconds: less is within what is foretold, and refusals and records say what the client has asked.
  return {.view = *view_, .model = *model_, .header = header_, .client = client_, .asked = asked_, .resumes_choice = resumes_choice_, .deadline_s = SecondsLeft(), .waited_s = has_come ? std::floor(SecondsSince(come_at_)) : 0};
}

WorkHold SegmentRun::AdmitPatiently(std::unique_lock<AdmissionLock>& admission, const Need& need, const RunEvents& events, const RunTerms& terms) {
  const auto last_try = StageClock::Clock::now() + terms.patience;
  for (;;) {
    std::optional<StallWatch::Running> admitting(std::in_place, watched_, CallStage::kQueue);  // a device that hangs may not even say what memory it has
    admission.lock();
    try {
      return Admit(need, terms);
    } catch (const Error& error) {
      // Others pass: it may be admitted when they have.
      if (!error.retry_after_s() || StageClock::Clock::now() >= last_try) {
        record_.refused = true;
        throw;
      }
    }
    admission.unlock();
    admitting.reset();
    WaitToTryAgain(events);
  }
}

void SegmentRun::WaitToTryAgain(const RunEvents& events) const {
  v1::Progress waiting;
  waiting.set_stage(v1::STAGE_QUEUE);
  if (events.progress) events.progress(waiting);
  for (const auto end = StageClock::Clock::now() + kTryAgain; StageClock::Clock::now() < end;) {
    ThrowIfGone();
    ThrowIfTooLate();
    std::this_thread::sleep_for(kPoll);
  }
}

WorkHold SegmentRun::Admit(const Need& need, const RunTerms& terms) {
  LevelRequest request = Request();
  request.places = terms.places;
  request.is_tried_again = terms.patience > terms.patience.zero();
  request.held_bytes = need.held_bytes;
  request.answer_bytes = need.answer_bytes;
  Admission admission = AdmitLevel(request, need.geometry, parts_);
  turn_ = std::move(admission.turn);
  TakeLevel(admission.level);
  record_.foretold_s = admitted_.finish_s;
  // Held from here to the work's end: what waits has its memory set aside, and so has each of two that are under way on a device at once.
  // Levels first: what room is then made for must not be themselves.
  WorkHold hold;
  hold.possible = std::move(admission.instead);
  hold.possible.insert(hold.possible.begin(), std::move(admission.level));
  hold.levels = parts_.catalogue.Hold(admitted_.levels, admitted_.place);
  if (!ReserveForAny(hold)) {
    std::erase_if(hold.possible, [this](const AdmittedLevel& level) { return level.peak_bytes > admitted_.peak_bytes || level.device_bytes > admitted_.device_bytes; });
    hold.host = parts_.memory.Reserve(admitted_.peak_bytes, "segmentation of this volume", need.held_bytes);
    hold.device = device().memory().Reserve(admitted_.device_bytes, "segmentation on this device");
  }
  return hold;
}

bool SegmentRun::ReserveForAny(WorkHold& hold) {
  int64_t peak_bytes = 0;
  int64_t device_bytes = 0;
  for (const AdmittedLevel& level : hold.possible) {
    peak_bytes = std::max(peak_bytes, level.peak_bytes);
    device_bytes = std::max(device_bytes, level.device_bytes);
  }
  std::optional<MemoryReservation> on_host = parts_.memory.TryReserve(peak_bytes, MemoryUse::kRequest);
  std::optional<MemoryReservation> on_device = device().memory().TryReserve(device_bytes, MemoryUse::kRequest);
  if (!on_host || !on_device) return false;
  hold.host = *std::move(on_host);
  hold.device = *std::move(on_device);
  return true;
}

void SegmentRun::TakeLevel(const AdmittedLevel& level) {
  admitted_ = level;
  record_.variant = level.level->name;
  record_.device = device().name();
  record_.reason = NameOf(level.reason);
  record_.voxels = level.size.voxels;
  watched_.Name({.request_id = record_.request_id, .variant = record_.variant, .device = record_.device});
}

std::shared_ptr<Ticket> SegmentRun::Enqueue(const std::shared_ptr<SegmentWork>& work) {
  level_settled_ = false;
  auto settle = [work, &catalogue = parts_.catalogue](double most_s) { return Settle(*work, catalogue, most_s); };
  // The worker may outlive the call by up to one patch: it holds the work, what its plan refers to, and its use of the heap.
  auto use = std::make_shared<IdleHeap::Use>(parts_.heap);
  StallWatch::Subject subject{.request_id = record_.request_id, .variant = record_.variant, .device = record_.device, .place = admitted_.place};
  work->watched.Name(subject);
  // What a client is told where memory runs out all the same.
  const ByteLimit set_aside = device().on_host() ? ByteLimit{.needed_bytes = work->peak_memory.bytes(), .limit_bytes = parts_.memory.limit_bytes()}
                                                 : ByteLimit{.needed_bytes = work->device_memory.bytes(), .limit_bytes = device().memory().limit_bytes()};
  return device().queue().Submit(turn_, [work, set_aside, view = view_, use = std::move(use), &catalogue = parts_.catalogue, &metrics = parts_.metrics, subject = std::move(subject)](std::stop_token stop, DeviceGate& gate_of_device) mutable {
    // Until the work's end, which the call may outlast.
    const MemoryReservation device_memory = std::move(work->device_memory);
    const LevelHold levels = std::move(work->levels);
    const AdmittedLevel& level = work->possible.at(work->Settled().value_or(0));
    subject.variant = level.level->name;
    work->watched.Name(subject);
    const StallWatch::Running running(work->watched, CallStage::kPreprocess);
    WatchedGate gate(gate_of_device, work->watched);
    if (stop.stop_requested()) throw Error(ErrorCode::kCancelled, "cancelled");  // before anything is read for it
    // A level that is to be loaded is warmed up by a patch, which foretells its times: the device must be nobody else's meanwhile.
    if (!catalogue.IsFinished(levels)) gate.Enter(stop);
    catalogue.Finish(levels);
    TaskSegmenter segmenter(level.plan, levels.own(), [&levels](const std::string& task) { return levels.Find(task); });
    PatchClock patches;
    ServiceSize done_before_a_stop;
    double seconds_before_a_stop = 0;
    const auto tell = [&](const Progress& progress) {
      const std::optional<PatchClock::Patches> done = patches.Tell(progress, PatchClock::Clock::now());
      if (done && HasOnlyOwnPatches(level)) {
        for (int64_t i = 0; i < done->count; ++i) metrics.ObservePatch(level.level->name, subject.device, done->seconds);
        done_before_a_stop.patches += done->count;
        seconds_before_a_stop += static_cast<double>(done->count) * done->seconds;
      }
      work->watched.Step(ToCallStage(progress.stage));
      const std::lock_guard lock(work->mutex);
      work->progress = progress;
    };
    try {
      work->result = segmenter.Segment(work->volume, std::move(stop), tell, &gate);
    } catch (...) {
      if (!work->watched.HasStalled()) LearnFromStopped(catalogue, level, done_before_a_stop, seconds_before_a_stop);
      RethrowTelling(set_aside);
    }
  }, std::move(settle));
}

v1::Accepted SegmentRun::Accepted(int64_t position) const {
  v1::Accepted accepted;
  accepted.set_request_id(record_.request_id);
  accepted.set_variant(admitted_.level->name);
  accepted.set_reason(ToMessage(admitted_.reason));
  accepted.set_device(record_.device);
  accepted.set_queue_position(static_cast<uint32_t>(position));
  Fill(admitted_.finish_s, *accepted.mutable_estimated_latency());
  return accepted;
}

void SegmentRun::TakeSettledLevel(const SegmentWork& work, const RunEvents& events) {
  const std::optional<size_t> settled = work.Settled();
  if (!settled || level_settled_) return;
  level_settled_ = true;
  if (*settled > 0) {
    AdmittedLevel level = work.possible.at(*settled);
    const bool best = std::all_of(work.possible.begin(), work.possible.end(), [&level](const AdmittedLevel& other) { return other.quality <= level.quality; });
    if (!best) level.reason = LevelReason::kQueue;
    level.finish_s = level.service_s;
    TakeLevel(level);
    if (events.accepted) events.accepted(Accepted(0));
  }
  parts_.metrics.CountLevelChoice(model_->model().task, admitted_.level->name, NameOf(admitted_.reason));
}

void SegmentRun::Await(const SegmentWork& work, Ticket& ticket, const RunEvents& events) {
  std::optional<Progress> told;
  auto told_at = StageClock::Clock::now();
  for (bool ended = false; !ended;) {
    ended = ticket.WaitFor(kPoll);
    const bool started = ticket.started();
    record_.peak_memory_bytes = std::max(record_.peak_memory_bytes, ResidentBytes());
    if (!ended) {
      ThrowIfGone();
      ThrowIfTooLate();
    }
    TakeSettledLevel(work, events);
    const Progress progress = work.Latest();
    record_.patches = progress.patches_done;
    if (started) clock_.Enter(ToCallStage(progress.stage));
    if (!ended) work.watched.ThrowIfStalled();  // in the stage that it stands still in
    if (told && *told == progress && SecondsSince(told_at) < kHeartbeatSeconds) continue;
    v1::Progress message;
    Fill(progress, started, message);
    if (events.progress) events.progress(message);
    told = progress;
    told_at = StageClock::Clock::now();
  }
}

void SegmentRun::TakeTimes(const SegmentWork& work) {
  // The worker knows its stages better than this thread, which looks twenty times a second. The rest of the time was spent in
  // the queue, or waiting for the device between preprocessing and its networks, which is the queue's too: so the sum stays what the clock has measured.
  const StageTimes& times = work.result->times;
  record_.network_s = times.network_s;
  clock_.Enter(CallStage::kPostprocess);
  const auto correct = [this](CallStage stage, double measured_s) { clock_.Correct(stage, turn_began_.seconds(stage) + measured_s, CallStage::kQueue); };
  correct(CallStage::kPreprocess, times.preprocess_s);
  correct(CallStage::kInfer, times.infer_s);
  correct(CallStage::kPostprocess, times.postprocess_s);
}

Heartbeat SegmentRun::BesideTheAnswer(std::function<void()> beat) const {
  return {.look =
              [this] {
                ThrowIfGone();
                ThrowIfTooLate();
              },
          .beat = std::move(beat)};
}

void SegmentRun::TakeAnswerTime(double seconds) {
  clock_.Enter(CallStage::kEncode);
  clock_.Correct(CallStage::kEncode, turn_began_.seconds(CallStage::kEncode) + seconds, CallStage::kSend);
}

void SegmentRun::LearnTimes() {
  if (!HasOnlyOwnPatches(admitted_)) return;
  clock_.Enter(clock_.stage());  // what has passed since the last change of stage
  double whole_s = 0;
  for (const CallStage stage : {CallStage::kPreprocess, CallStage::kInfer, CallStage::kPostprocess, CallStage::kEncode}) whole_s += Seconds(stage);
  const ServiceSize size{record_.patches, admitted_.size.voxels};
  parts_.catalogue.Learn(*admitted_.level, admitted_.place, size, record_.network_s, whole_s - record_.network_s);
}

void SegmentRun::FillSummary(v1::Summary& summary) {
  clock_.Enter(clock_.stage());  // what has passed since the last change of stage
  for (size_t i = 0; i < kCallStages; ++i) {
    v1::StageTime& time = *summary.add_stages();
    time.set_stage(static_cast<v1::Stage>(i + 1));
    time.set_seconds(clock_.seconds(static_cast<CallStage>(i)));
  }
  summary.set_peak_memory_bytes(static_cast<uint64_t>(record_.peak_memory_bytes));
  summary.set_network_seconds(record_.network_s);
  summary.set_crop_task(admitted_.plan.crop_task());
  summary.set_variant(admitted_.level->name);
  summary.set_variant_weights_sha256(admitted_.level->weights_sha256);
  summary.set_precision(NameOf(device().precision()));
  summary.set_quality_statement(QualityStatement(*admitted_.level, device().precision()));
}

std::optional<double> SegmentRun::SecondsLeft() const {
  std::optional<double> left = SecondsToDeadline(context_);
  if (ends_at_) left = std::min(left.value_or(std::numeric_limits<double>::infinity()), -SecondsSince(*ends_at_));
  return left;
}

void SegmentRun::ThrowIfGone() const {
  watched_.ThrowIfStalled();  // first: where the call was cancelled for it, the log has the reason
  if (!context_.IsCancelled()) return;
  if (SecondsToDeadline(context_).value_or(1) <= 0) {
    throw Error(ErrorCode::kDeadlineExceeded, "deadline: passed before the label map was ready");
  }
  if (parts_.draining) throw StoppingError();
  throw Error(ErrorCode::kCancelled, "cancelled by the client");
}

void SegmentRun::ThrowIfTooLate() const {
  if (ends_at_ && StageClock::Clock::now() >= *ends_at_) {
    throw Error(ErrorCode::kDeadlineExceeded, "timeout: passed before the label map was ready; must be longer on this server");
  }
  const auto& automatic = header_.level().automatic();
  if (!automatic.has_max_latency()) return;
  const double longest = static_cast<double>(automatic.max_latency().seconds()) + 1e-9 * automatic.max_latency().nanos();
  if (SecondsSince(come_at_) > longest) {
    throw Error(ErrorCode::kDeadlineExceeded, "header.level.automatic.max_latency = " + std::to_string(longest) +
                                                  " s: passed before the label map was ready; must be longer on this server");
  }
}

void SegmentRun::Report(const grpc::Status& status) {
  clock_.Enter(clock_.stage());  // what has passed since the last change of stage
  tuckerseg::Report(record_, clock_, status, parts_);
}

}  // namespace tuckerseg
