#include "server/serve/segment_call.h"

#include <utility>

#include "server/seconds_since.h"
#include "server/serve/heartbeat.h"
#include "server/serve/request_options.h"

namespace tuckerseg {

SegmentCall::SegmentCall(ServiceParts& parts, grpc::ServerContext& context, Stream::GrpcStream& stream)
    : parts_(parts), run_(parts, context, "tuckerseg.v1.SegmentationService", "Segment"), stream_(parts, context, stream, run_) {}

void SegmentCall::Run() {
  run_.Ask(stream_.ReadHeader());
  if (Repeatable()) {
    parts_.stalls.ThrowIfLost(ResultName());
    run_.watched().IsOf(ResultName());
  }
  answer_.emplace(run_.header(), run_.model().model());
  std::optional<VolumeReceiver::Received> received = Receive();
  if (const auto result = FindResult(received->sha256)) {
    received.reset();  // its memory, before a client takes its time to read
    return SendAgain(*result);
  }
  run_.ResumeLevel();  // not before: what was answered already is the same whatever can run by now
  Segment(*std::move(received));
}

VolumeReceiver::Received SegmentCall::Receive() {
  VolumeReceiver receiver(parts_.config, parts_.memory, run_.header().total_bytes(), run_.header().sha256(), Repeatable());
  return stream_.Receive(receiver, [&](const NiftiHeader& header) {
    if (Repeatable() && parts_.results.Knows(ResultName())) return;  // what an earlier call has made takes no memory for work
    run_.RefuseIfNeverFits(header.geometry, receiver.held_bytes(), answer_->PeakBytes(header.geometry.VoxelCount()));
  });
}

std::shared_ptr<const SegmentResult> SegmentCall::FindResult(const std::string& input_sha256) {
  if (!Repeatable()) return {};
  const v1::SegmentHeader& header = run_.header();
  const std::string content = input_sha256 + OptionsThatChangeTheAnswer(header, run_.model().model().task);
  run_.clock().Enter(CallStage::kQueue);
  v1::Progress waiting;
  waiting.set_stage(v1::STAGE_QUEUE);
  for (auto told_at = StageClock::Clock::now();;) {
    claim_ = parts_.results.Ask(ResultName(), content, kPoll);
    if (claim_.mine() || claim_.result()) return claim_.result();
    run_.ThrowIfGone();
    run_.ThrowIfTooLate();
    parts_.stalls.ThrowIfLost(ResultName());
    if (SecondsSince(told_at) < kHeartbeatSeconds) continue;
    Send(waiting);
    told_at = StageClock::Clock::now();
  }
}

void SegmentCall::SendAgain(const SegmentResult& result) {
  run_.record().reused = true;
  run_.record().variant = result.accepted.variant();
  run_.record().device = result.accepted.device();
  v1::Accepted accepted = result.accepted;
  accepted.set_request_id(run_.record().request_id);  // the log's line of this call
  accepted.set_queue_position(0);
  accepted.clear_estimated_latency();
  Send(accepted);
  run_.clock().Enter(CallStage::kSend);
  SendAnswer(*result.answer, [this](const v1::SegmentResponse& response) { stream_.Send(response); });
  Send(result.summary);
}

void SegmentCall::Segment(VolumeReceiver::Received received) {
  SegmentResult result;
  const RunEvents events{.accepted = [this, &result](const v1::Accepted& accepted) { Send(result.accepted = accepted); },
                         .progress = [this](const v1::Progress& progress) { Send(told_ = progress); }};
  const auto work = run_.Perform(std::move(received.nifti.volume), std::move(received.memory),
                                 answer_->PeakBytes(received.nifti.header.geometry.VoxelCount()), events);
  result.answer = std::make_shared<const EncodedAnswer>(Encode(*work, received.nifti.header));
  run_.clock().Enter(CallStage::kSend);  // of the summary the time of sending alone changes from here on
  result.summary = MakeSummary();
  claim_.Keep(result);  // before it is sent: a client whose connection breaks on the way finds it when it asks again
  SendAnswer(*result.answer, [this](const v1::SegmentResponse& response) { stream_.Send(response); });
  result.summary = MakeSummary();  // now with the time of sending
  claim_.Keep(result);
  Send(result.summary);
}

EncodedAnswer SegmentCall::Encode(SegmentWork& work, const NiftiHeader& input) {
  run_.clock().Enter(CallStage::kEncode);
  told_.set_stage(v1::STAGE_ENCODE);
  EncodedAnswer answer;
  const auto make = [&](const std::stop_token& stop) { answer = MakeAnswer(work, input, stop); };
  run_.TakeAnswerTime(RunWithHeartbeat(make, run_.BesideTheAnswer([this] { Send(told_); })));
  run_.LearnTimes();
  run_.ThrowIfTooLate();
  return answer;
}

EncodedAnswer SegmentCall::MakeAnswer(SegmentWork& work, const NiftiHeader& input, const std::stop_token& stop) {
  const StallWatch::Running encoding(run_.watched(), CallStage::kEncode);  // here: the call's own thread may wait for a client that does not read
  const int64_t label_bytes = LabelMapBytes(input.geometry);
  const int64_t voxels = input.geometry.VoxelCount();
  work.peak_memory.ShrinkTo(label_bytes + answer_->PeakBytes(voxels));
  answer_->Look(*work.result, work.volume, stop);
  run_.watched().Step(CallStage::kEncode);
  // A client that takes its time to read the answer must not hold it.
  work.volume = {};
  work.volume_memory = {};
  work.peak_memory.ShrinkTo(label_bytes + answer_->FileBytes(voxels));
  EncodedAnswer answer = answer_->Encode(work.result->label_map, input, stop);
  work.result->label_map = {};
  work.peak_memory.ShrinkTo(static_cast<int64_t>(answer.file.capacity()));
  return answer;
}

v1::Summary SegmentCall::MakeSummary() {
  v1::Summary summary;
  answer_->FillSummary(summary);
  run_.FillSummary(summary);
  return summary;
}

void SegmentCall::Send(const v1::Accepted& accepted) {
  v1::SegmentResponse response;
  *response.mutable_accepted() = accepted;
  stream_.Send(response);
}

void SegmentCall::Send(const v1::Progress& progress) {
  v1::SegmentResponse response;
  *response.mutable_progress() = progress;
  stream_.Send(response);
}

void SegmentCall::Send(const v1::Summary& summary) {
  v1::SegmentResponse response;
  *response.mutable_summary() = summary;
  stream_.Send(response);
}

}  // namespace tuckerseg
