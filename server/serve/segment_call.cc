#include "server/serve/segment_call.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "engine/error.h"
#include "engine/sha256.h"
#include "server/observe/log.h"
#include "server/observe/resident_memory.h"
#include "server/serve/messages.h"
#include "server/serve/status_of.h"

namespace tuckerseg {
namespace {

using std::chrono::milliseconds;

/// How often a waiting call looks after its client; also the longest delay of progress.
constexpr milliseconds kPoll{50};
/// Progress is a heartbeat too: proxies cut silent streams.
constexpr double kHeartbeatSeconds = 2.0;

v1::Stage ToMessage(Stage stage) {
  switch (stage) {
    case Stage::kPreprocess: return v1::STAGE_PREPROCESS;
    case Stage::kInfer: return v1::STAGE_INFER;
    case Stage::kPostprocess: return v1::STAGE_POSTPROCESS;
  }
  return v1::STAGE_UNSPECIFIED;
}

CallStage ToCallStage(Stage stage) {
  switch (stage) {
    case Stage::kPreprocess: return CallStage::kPreprocess;
    case Stage::kInfer: return CallStage::kInfer;
    case Stage::kPostprocess: return CallStage::kPostprocess;
  }
  return CallStage::kInfer;
}

std::span<const std::byte> Bytes(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

bool operator==(const Progress& a, const Progress& b) {
  return a.stage == b.stage && a.patches_done == b.patches_done && a.patches_total == b.patches_total;
}

void FillProgress(const Progress& progress, bool started, v1::Progress& message) {
  message.set_stage(started ? ToMessage(progress.stage) : v1::STAGE_QUEUE);
  message.set_patches_done(static_cast<uint64_t>(progress.patches_done));
  message.set_patches_total(static_cast<uint64_t>(progress.patches_total));
  if (progress.patches_total > 0) {
    message.set_fraction(static_cast<double>(progress.patches_done) / static_cast<double>(progress.patches_total));
  }
}

}  // namespace

struct SegmentCall::Work {
  Work(VolumeReceiver::Received received, MemoryReservation peak)
      : nifti(std::move(received.nifti)), volume_memory(std::move(received.memory)), peak_memory(std::move(peak)) {}

  Progress Latest() const {
    const std::lock_guard lock(mutex);
    return progress;
  }

  NiftiVolume nifti;
  MemoryReservation volume_memory;
  MemoryReservation peak_memory;
  mutable std::mutex mutex;
  Progress progress;                   // guarded by the mutex
  std::optional<Segmentation> result;  // written by the worker, read once the ticket has ended
};

SegmentCall::SegmentCall(ServiceParts& parts, grpc::ServerContext& context, SegmentStream& stream)
    : parts_(parts), context_(context), stream_(stream), request_id_(RandomId()) {}

void SegmentCall::Run() {
  ReadHeader();
  auto work = [&] {
    VolumeReceiver::Received received = Receive();
    const int64_t peak = model_->segmenter.PeakBytes(received.nifti.header.geometry, {.accumulation = parts_.config.accumulation, .threads = parts_.config.threads});
    const uint64_t most = header_.level().automatic().max_memory_bytes();
    if (most != 0 && static_cast<uint64_t>(peak) > most) {
      throw Error(ErrorCode::kResourceExhausted, "header.level.automatic.max_memory_bytes = " + std::to_string(most) +
                                                     ": must be at least " + std::to_string(peak) + ", what the cheapest level needs for this volume");
    }
    MemoryReservation reservation = parts_.memory.Reserve(peak, "segmentation of this volume", received.memory.bytes());
    return std::make_shared<Work>(std::move(received), std::move(reservation));
  }();
  const std::shared_ptr<Ticket> ticket = Enqueue(work);
  AwaitWork(work, ticket);

  // All but the label map has served its purpose: a client that takes its time to read the answer must not hold it.
  work->nifti.volume = {};
  work->volume_memory = {};
  LabelMap& label_map = work->result->label_map;
  work->peak_memory.ShrinkTo(static_cast<int64_t>(label_map.labels.size() * sizeof(uint16_t)));
  clock_.Enter(CallStage::kEncode);
  KeepOnlyStructures(label_map);
  const std::vector<std::byte> file = Encode(label_map, work->nifti.header);
  ThrowIfTooLate();
  SendLabelMap(file, work->nifti.header);
  SendSummary(label_map, work->nifti.header.geometry);
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
  header_ = std::move(*request.mutable_header());
  model_ = &parts_.models.Find(header_.task());
  level_ = ChooseLevel({header_.level().name()}, model_->Variants());
  if (header_.priority() < -10 || header_.priority() > 10) {
    throw Error(ErrorCode::kInvalidArgument, "header.priority = " + std::to_string(header_.priority()) + ": must be in [-10, 10]");
  }
  if (header_.idempotency_key().size() > 128) throw Error(ErrorCode::kInvalidArgument, "header.idempotency_key: must have at most 128 characters");
  for (const auto& [name, wanted] : {std::pair{"statistics", header_.output().statistics()}, {"preview", header_.output().preview()}}) {
    // Refused rather than left out in silence.
    if (wanted) throw Error(ErrorCode::kInvalidArgument, std::string("header.output.") + name + " = true: must be false, this server makes none");
  }
  if (!v1::Compression_IsValid(header_.output().compression())) {
    throw Error(ErrorCode::kInvalidArgument, "header.output.compression = " + std::to_string(header_.output().compression()) + ": must be NONE or GZIP");
  }
  const double quality = header_.level().automatic().min_quality();
  if (!(quality >= 0 && quality <= 1)) throw Error(ErrorCode::kInvalidArgument, "header.level.automatic.min_quality = " + std::to_string(quality) + ": must be in [0, 1]");
  const auto& latency = header_.level().automatic().max_latency();
  if (latency.seconds() < 0 || latency.nanos() < 0) throw Error(ErrorCode::kInvalidArgument, "header.level.automatic.max_latency: must not be negative");

  const std::vector<Label>& all = model_->model().labels;
  const std::set<std::string> wanted(header_.structures().begin(), header_.structures().end());
  std::copy_if(all.begin(), all.end(), std::back_inserter(labels_),
               [&](const Label& label) { return wanted.empty() || wanted.contains(label.name); });
  for (const std::string& name : wanted) {
    const bool known = std::any_of(all.begin(), all.end(), [&](const Label& label) { return label.name == name; });
    if (!known) throw Error(ErrorCode::kInvalidArgument, "header.structures = " + name + ": must be structures of task " + model_->model().task + ", which `tuckerseg models " + model_->model().task + "` lists");
  }
}

VolumeReceiver::Received SegmentCall::Receive() {
  header_taken_ = true;
  VolumeReceiver receiver(parts_.config, parts_.memory, header_.total_bytes(), header_.sha256());
  v1::SegmentRequest request;
  while (stream_.Read(&request)) {
    clock_.Enter(CallStage::kDecode);
    if (!request.has_chunk()) throw Error(ErrorCode::kInvalidArgument, "payload: must be a chunk in every message after the first");
    receiver.Take(Bytes(request.chunk()));
    received_bytes_ += static_cast<int64_t>(request.chunk().size());
    clock_.Enter(CallStage::kReceive);
  }
  ThrowIfGone();  // Read ends with the client's half-close, and with the client
  clock_.Enter(CallStage::kDecode);
  received_at_ = StageClock::Clock::now();
  return receiver.Finish();
}

std::shared_ptr<Ticket> SegmentCall::Enqueue(const std::shared_ptr<Work>& work) {
  clock_.Enter(CallStage::kQueue);
  const SegmentOptions options{parts_.config.accumulation, parts_.config.threads};
  // The worker may outlive the call by up to one patch: it holds the work, and the model lives as long as the server.
  auto ticket = parts_.queue.Submit(header_.priority(), [work, options, model = model_](std::stop_token stop) {
    work->result = model->segmenter.Segment(work->nifti.volume, options, std::move(stop), [&work](const Progress& progress) {
      const std::lock_guard lock(work->mutex);
      work->progress = progress;
    });
  });
  v1::SegmentResponse response;
  v1::Accepted& accepted = *response.mutable_accepted();
  accepted.set_request_id(request_id_);
  accepted.set_variant(level_.variant);
  accepted.set_reason(level_.reason == LevelReason::kAsked ? v1::LEVEL_REASON_ASKED : v1::LEVEL_REASON_ONLY);
  accepted.set_device(parts_.config.device);
  accepted.set_queue_position(static_cast<uint32_t>(ticket->position()));
  parts_.metrics.CountLevelChoice(model_->model().task, level_.variant, level_.reason == LevelReason::kAsked ? "asked" : "only");
  try {
    Send(response);
  } catch (...) {
    parts_.queue.Cancel(ticket);
    throw;
  }
  return ticket;
}

void SegmentCall::AwaitWork(const std::shared_ptr<Work>& work, const std::shared_ptr<Ticket>& ticket) {
  std::optional<Progress> told;
  auto told_at = StageClock::Clock::now();
  bool started = false;
  try {
    for (bool ended = false; !ended;) {
      ended = ticket->WaitFor(kPoll);
      started = ticket->started();
      peak_memory_bytes_ = std::max(peak_memory_bytes_, ResidentBytes());
      if (!ended) {
        ThrowIfGone();
        ThrowIfTooLate();
      }
      const Progress progress = work->Latest();
      if (started) clock_.Enter(ToCallStage(progress.stage));
      const double silent = std::chrono::duration<double>(StageClock::Clock::now() - told_at).count();
      if (told && *told == progress && silent < kHeartbeatSeconds) continue;
      v1::SegmentResponse response;
      FillProgress(progress, started, *response.mutable_progress());
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
  clock_.Enter(CallStage::kPostprocess);
  for (const auto& [stage, seconds] : {std::pair{CallStage::kPreprocess, times.preprocess_s}, {CallStage::kInfer, times.infer_s},
                                       {CallStage::kPostprocess, times.postprocess_s}}) {
    clock_.Add(CallStage::kQueue, clock_.seconds(stage) - seconds);
    clock_.Add(stage, seconds - clock_.seconds(stage));
  }
}

void SegmentCall::KeepOnlyStructures(LabelMap& map) const {
  if (header_.structures().empty()) return;
  std::vector<uint16_t> kept(65536, 0);
  for (const Label& label : labels_) kept[static_cast<size_t>(label.value)] = static_cast<uint16_t>(label.value);
  for (uint16_t& label : map.labels) label = kept[label];
}

std::vector<std::byte> SegmentCall::Encode(const LabelMap& map, const NiftiHeader& input) {
  std::vector<LabelName> names;
  for (const Label& label : labels_) names.push_back({label.value, label.name});
  std::vector<std::byte> file;
  const bool raw = header_.output().compression() == v1::COMPRESSION_NONE;
  const std::vector<Label>& all = model_->model().labels;  // ascending
  WriteLabelMap(map, input, names, all.empty() ? 0 : all.back().value, raw ? tuckerseg::Compression::kNone : tuckerseg::Compression::kGzip,
                [&file](std::span<const std::byte> bytes) { file.insert(file.end(), bytes.begin(), bytes.end()); });
  return file;
}

void SegmentCall::SendLabelMap(const std::vector<std::byte>& file, const NiftiHeader& input) {
  v1::SegmentResponse response;
  v1::LabelMapHeader& header = *response.mutable_label_map_header();
  Fill(input.geometry, *header.mutable_geometry());
  for (const Label& label : labels_) Fill(label, *header.add_labels());
  header.set_bytes(file.size());
  Sha256 digest;
  digest.Update(file);
  header.set_sha256(digest.Digest());
  clock_.Enter(CallStage::kSend);
  Send(response);
  for (size_t at = 0; at < file.size(); at += static_cast<size_t>(kSentChunkBytes)) {
    const size_t size = std::min(static_cast<size_t>(kSentChunkBytes), file.size() - at);
    response.set_chunk(file.data() + at, size);
    Send(response);
    sent_bytes_ += static_cast<int64_t>(size);
  }
}

void SegmentCall::SendSummary(const LabelMap& map, const Geometry& geometry) {
  std::vector<uint64_t> counts(65536, 0);
  for (const uint16_t label : map.labels) ++counts[label];
  const auto& m = geometry.affine_ras.linear;
  const double voxel_mm3 = std::abs(m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
                                    m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]));
  v1::SegmentResponse response;
  v1::Summary& summary = *response.mutable_summary();
  for (const Label& label : labels_) {
    const uint64_t count = counts[static_cast<size_t>(label.value)];
    if (count == 0) continue;
    v1::StructureVolume& volume = *summary.add_volumes();
    volume.set_name(label.name);
    volume.set_value(static_cast<uint32_t>(label.value));
    volume.set_voxels(count);
    volume.set_volume_ml(static_cast<double>(count) * voxel_mm3 / 1000.0);
  }
  clock_.Enter(CallStage::kSend);
  for (size_t i = 0; i < kCallStages; ++i) {
    v1::StageTime& time = *summary.add_stages();
    time.set_stage(static_cast<v1::Stage>(i + 1));
    time.set_seconds(clock_.seconds(static_cast<CallStage>(i)));
  }
  summary.set_peak_memory_bytes(static_cast<uint64_t>(peak_memory_bytes_));
  summary.set_variant(level_.variant);
  summary.set_quality_statement("the original network: the reference that compressed variants are measured against");
  Fill(model_->model(), *summary.mutable_provenance());
  Send(response);
}

void SegmentCall::Send(const v1::SegmentResponse& response) {
  if (stream_.Write(response)) return;
  ThrowIfGone();
  throw Error(ErrorCode::kCancelled, "the client has gone");
}

void SegmentCall::Report(const grpc::Status& status) {
  clock_.Enter(clock_.stage());  // what has passed since the last change of stage
  const std::string task = model_ != nullptr ? model_->model().task : "";
  const std::string code = NameOf(status.error_code());
  Metrics& metrics = parts_.metrics;
  metrics.CountRequest({task, level_.variant, parts_.config.device, code, clock_.Total()});
  metrics.CountBytes("received", static_cast<double>(received_bytes_));
  metrics.CountBytes("sent", static_cast<double>(sent_bytes_));
  nlohmann::json stages = nlohmann::json::object();
  for (size_t i = 0; i < kCallStages; ++i) {
    const double seconds = clock_.seconds(static_cast<CallStage>(i));
    stages[kCallStageNames[i]] = seconds;
    if (status.ok()) metrics.ObserveStage(kCallStageNames[i], level_.variant, parts_.config.device, seconds);
  }
  const auto stage = kCallStageNames[static_cast<size_t>(clock_.stage())];
  if (status.ok()) {
    metrics.ObservePeakMemory(level_.variant, parts_.config.device, static_cast<double>(peak_memory_bytes_));
  } else if (status.error_code() == grpc::StatusCode::CANCELLED || status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    metrics.CountCancelled(stage);
  } else {
    metrics.CountRejected(code);
  }
  nlohmann::json fields{{"request", request_id_}, {"task", task}, {"variant", level_.variant}, {"code", code},
                        {"seconds", clock_.Total()}, {"bytes", received_bytes_}, {"stages", stages}};
  // Messages name fields and numbers of a volume's header. What the request's header holds is the client's own words (a task, a
  // structure), and could be anything: of those, the field alone.
  const std::string& message = status.error_message();
  if (!status.ok()) fields["message"] = header_taken_ ? message : FieldOf(message);
  Log(status.ok() ? LogLevel::kInfo : LogLevel::kWarning, "segment", fields);
}

}  // namespace tuckerseg
