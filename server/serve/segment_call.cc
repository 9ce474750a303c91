#include "server/serve/segment_call.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "engine/error.h"
#include "server/observe/resident_memory.h"
#include "server/policy/asked_level.h"
#include "server/serve/messages.h"
#include "server/serve/segment_header.h"
#include "server/serve/status_of.h"

namespace tuckerseg {
namespace {

using std::chrono::milliseconds;

/// How often a waiting call looks after its client; also the longest delay of progress.
constexpr milliseconds kPoll{50};
/// Progress is a heartbeat too: proxies cut silent streams.
constexpr double kHeartbeatSeconds = 2.0;

CallStage ToCallStage(Stage stage) {
  switch (stage) {
    case Stage::kPreprocess: return CallStage::kPreprocess;
    case Stage::kInfer: return CallStage::kInfer;
    case Stage::kPostprocess: return CallStage::kPostprocess;
  }
  return CallStage::kInfer;
}

int64_t LabelMapBytes(const Geometry& geometry) { return geometry.VoxelCount() * static_cast<int64_t>(sizeof(uint16_t)); }

std::span<const std::byte> Bytes(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
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

}  // namespace

SegmentCall::SegmentCall(ServiceParts& parts, grpc::ServerContext& context, SegmentStream& stream)
    : parts_(parts), context_(context), stream_(stream) {
  record_.request_id = RandomId();
  record_.device = parts.config.device;
}

void SegmentCall::Run() {
  ReadHeader();
  auto work = [&] {
    VolumeReceiver::Received received = Receive();
    MemoryReservation reservation = Admit(received);
    return std::make_shared<SegmentWork>(std::move(received), std::move(reservation));
  }();
  const std::shared_ptr<Ticket> ticket = Enqueue(work);
  AwaitWork(work, ticket);

  Answer(*work);
  SendSummary();
}

MemoryReservation SegmentCall::Admit(const VolumeReceiver::Received& received) {
  const LevelRequest request{.model = *model_, .header = header_, .asked = asked_, .deadline_s = SecondsLeft(), .held_bytes = received.memory.bytes()};
  admitted_ = AdmitLevel(request, received.nifti.header.geometry, parts_);
  record_.variant = admitted_.level->name;
  return parts_.memory.Reserve(admitted_.peak_bytes, "segmentation of this volume", received.memory.bytes());
}

void SegmentCall::Answer(SegmentWork& work) {
  LabelMap& label_map = work.result->label_map;
  const int64_t label_bytes = LabelMapBytes(work.nifti.header.geometry);
  clock_.Enter(CallStage::kEncode);
  work.peak_memory.ShrinkTo(label_bytes + SegmentAnswer::PeakBytes(header_.output()));
  answer_->Look(*work.result, work.nifti.volume);
  // All but the label map has served its purpose: a client that takes its time to read the answer must not hold it.
  work.nifti.volume = {};
  work.volume_memory = {};
  work.peak_memory.ShrinkTo(label_bytes);
  answer_->Encode(label_map, work.nifti.header);
  ThrowIfTooLate();
  clock_.Enter(CallStage::kSend);
  answer_->Send([this](const v1::SegmentResponse& response) { Send(response); });
}

std::optional<double> SegmentCall::SecondsLeft() const {
  const auto deadline = context_.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) return {};
  return std::chrono::duration<double>(deadline - std::chrono::system_clock::now()).count();
}

void SegmentCall::ThrowIfGone() const {
  if (!context_.IsCancelled()) return;
  if (std::chrono::system_clock::now() >= context_.deadline()) {
    throw Error(ErrorCode::kDeadlineExceeded, "deadline: passed before the label map was ready");
  }
  if (parts_.draining) throw Error(ErrorCode::kUnavailable, "the server is stopping: try another one");
  throw Error(ErrorCode::kCancelled, "cancelled by the client");
}

void SegmentCall::ThrowIfTooLate() const {
  const auto& automatic = header_.level().automatic();
  if (!automatic.has_max_latency()) return;
  const double longest = static_cast<double>(automatic.max_latency().seconds()) + 1e-9 * automatic.max_latency().nanos();
  if (std::chrono::duration<double>(StageClock::Clock::now() - received_at_).count() > longest) {
    throw Error(ErrorCode::kDeadlineExceeded, "header.level.automatic.max_latency = " + std::to_string(longest) +
                                                  " s: passed before the label map was ready; must be longer on this server");
  }
}

void SegmentCall::ReadHeader() {
  v1::SegmentRequest request;
  if (!stream_.Read(&request)) {
    ThrowIfGone();
    throw Error(ErrorCode::kInvalidArgument, "header: missing; the first message must be a header");
  }
  if (!request.has_header()) throw Error(ErrorCode::kInvalidArgument, "payload: must be a header in the first message");
  client_ = parts_.security.access().IdentityOf(context_);
  parts_.security.limiter().TakeRequest(client_);
  header_ = std::move(*request.mutable_header());
  model_ = &parts_.models.Find(header_.task());
  record_.task = model_->model().task;
  if (!LeavesTheChoice(header_.level().name())) asked_ = &FindAskedLevel(header_.level().name(), model_->levels);
  if (asked_ != nullptr) record_.variant = asked_->name;
  CheckSegmentHeader(header_);
  // Only for its errors: what no level can do is refused before the volume is sent.
  SegmenterFor(asked_ != nullptr ? *asked_ : model_->original(), *model_, header_, parts_);
  answer_.emplace(header_, model_->model());
}

VolumeReceiver::Received SegmentCall::Receive() {
  record_.header_taken = true;
  VolumeReceiver receiver(parts_.config, parts_.memory, header_.total_bytes(), header_.sha256());
  v1::SegmentRequest request;
  while (stream_.Read(&request)) {
    clock_.Enter(CallStage::kDecode);
    if (!request.has_chunk()) throw Error(ErrorCode::kInvalidArgument, "payload: must be a chunk in every message after the first");
    parts_.security.limiter().TakeBytes(client_, static_cast<int64_t>(request.chunk().size()));
    receiver.Take(Bytes(request.chunk()));
    record_.received_bytes += static_cast<int64_t>(request.chunk().size());
    clock_.Enter(CallStage::kReceive);
  }
  ThrowIfGone();  // Read ends with the client's half-close, and with the client
  clock_.Enter(CallStage::kDecode);
  received_at_ = StageClock::Clock::now();
  return receiver.Finish();
}

std::shared_ptr<Ticket> SegmentCall::Enqueue(const std::shared_ptr<SegmentWork>& work) {
  clock_.Enter(CallStage::kQueue);
  // The worker may outlive the call by up to one patch: it holds the work and its use of the heap, and the models live as long as the server.
  auto use = std::make_shared<IdleHeap::Use>(parts_.heap);
  auto ticket = parts_.queue.Submit(header_.priority(), [work, segmenter = admitted_.segmenter, use = std::move(use)](std::stop_token stop) {
    work->result = segmenter->Segment(work->nifti.volume, std::move(stop), [&work](const Progress& progress) {
      const std::lock_guard lock(work->mutex);
      work->progress = progress;
    });
  }, admitted_.service_s);
  v1::SegmentResponse response;
  v1::Accepted& accepted = *response.mutable_accepted();
  accepted.set_request_id(record_.request_id);
  accepted.set_variant(admitted_.level->name);
  accepted.set_reason(ToMessage(admitted_.reason));
  accepted.set_device(parts_.config.device);
  accepted.set_queue_position(static_cast<uint32_t>(ticket->position()));
  Fill(admitted_.finish_s, *accepted.mutable_estimated_latency());
  parts_.metrics.CountLevelChoice(model_->model().task, admitted_.level->name, NameOf(admitted_.reason));
  try {
    Send(response);
  } catch (...) {
    parts_.queue.Cancel(ticket);
    throw;
  }
  return ticket;
}

void SegmentCall::AwaitWork(const std::shared_ptr<SegmentWork>& work, const std::shared_ptr<Ticket>& ticket) {
  std::optional<Progress> told;
  auto told_at = StageClock::Clock::now();
  bool started = false;
  try {
    for (bool ended = false; !ended;) {
      ended = ticket->WaitFor(kPoll);
      started = ticket->started();
      record_.peak_memory_bytes = std::max(record_.peak_memory_bytes, ResidentBytes());
      if (!ended) {
        ThrowIfGone();
        ThrowIfTooLate();
      }
      const Progress progress = work->Latest();
      if (started) clock_.Enter(ToCallStage(progress.stage));
      const double silent = std::chrono::duration<double>(StageClock::Clock::now() - told_at).count();
      if (told && *told == progress && silent < kHeartbeatSeconds) continue;
      v1::SegmentResponse response;
      Fill(progress, started, *response.mutable_progress());
      Send(response);
      told = progress;
      told_at = StageClock::Clock::now();
    }
  } catch (...) {
    // The client has gone: free the worker within a patch and the queue at once, and wait for neither.
    parts_.queue.Cancel(ticket);
    throw;
  }
  ticket->Rethrow();
  // The worker knows its stages better than this thread, which looks twenty times a second. The rest of the time was spent in
  // the queue, so that the sum stays what the clock has measured.
  const StageTimes& times = work->result->times;
  network_s_ = times.network_s;
  clock_.Enter(CallStage::kPostprocess);
  clock_.Correct(CallStage::kPreprocess, times.preprocess_s, CallStage::kQueue);
  clock_.Correct(CallStage::kInfer, times.infer_s, CallStage::kQueue);
  clock_.Correct(CallStage::kPostprocess, times.postprocess_s, CallStage::kQueue);
  Learn(*work);
}

void SegmentCall::Learn(const SegmentWork& work) {
  // A crop's patches are another model's.
  if (!admitted_.segmenter->crop_task().empty()) return;
  const StageTimes& times = work.result->times;
  const double whole_s = times.preprocess_s + times.infer_s + times.postprocess_s;
  const ServiceSize size{work.Latest().patches_done, admitted_.size.voxels};
  parts_.times.Learn({model_->model().task, admitted_.level->name}, size, times.network_s, whole_s - times.network_s);
}

void SegmentCall::SendSummary() {
  v1::SegmentResponse response;
  v1::Summary& summary = *response.mutable_summary();
  answer_->FillSummary(summary);
  clock_.Enter(CallStage::kSend);
  for (size_t i = 0; i < kCallStages; ++i) {
    v1::StageTime& time = *summary.add_stages();
    time.set_stage(static_cast<v1::Stage>(i + 1));
    time.set_seconds(clock_.seconds(static_cast<CallStage>(i)));
  }
  summary.set_peak_memory_bytes(static_cast<uint64_t>(record_.peak_memory_bytes));
  summary.set_network_seconds(network_s_);
  summary.set_crop_task(admitted_.segmenter->crop_task());
  summary.set_variant(admitted_.level->name);
  summary.set_quality_statement(QualityStatement(*admitted_.level));
  Send(response);
}

void SegmentCall::Send(const v1::SegmentResponse& response) {
  if (stream_.Write(response)) {
    record_.sent_bytes += static_cast<int64_t>(response.chunk().size());
    return;
  }
  ThrowIfGone();
  throw Error(ErrorCode::kCancelled, "the client has gone");
}

void SegmentCall::Report(const grpc::Status& status) {
  clock_.Enter(clock_.stage());  // what has passed since the last change of stage
  tuckerseg::Report(record_, clock_, status, parts_.metrics);
}

}  // namespace tuckerseg
