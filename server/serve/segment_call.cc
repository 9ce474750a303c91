#include "server/serve/segment_call.h"

#include <span>
#include <utility>

#include "engine/error.h"

namespace tuckerseg {
namespace {

std::span<const std::byte> Bytes(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

}  // namespace

SegmentCall::SegmentCall(ServiceParts& parts, grpc::ServerContext& context, SegmentStream& stream)
    : parts_(parts), stream_(stream), run_(parts, context, "Segment") {}

void SegmentCall::Run() {
  ReadHeader();
  Segment(Receive());
}

void SegmentCall::ReadHeader() {
  v1::SegmentRequest request;
  if (!stream_.Read(&request)) {
    run_.ThrowIfGone();
    throw Error(ErrorCode::kInvalidArgument, "header: missing; the first message must be a header");
  }
  if (!request.has_header()) throw Error(ErrorCode::kInvalidArgument, "payload: must be a header in the first message");
  run_.Ask(std::move(*request.mutable_header()));
  answer_.emplace(run_.header(), run_.model().model());
}

VolumeReceiver::Received SegmentCall::Receive() {
  StageClock& clock = run_.clock();
  VolumeReceiver receiver(parts_.config, parts_.memory, run_.header().total_bytes(), run_.header().sha256());
  v1::SegmentRequest request;
  while (stream_.Read(&request)) {
    clock.Enter(CallStage::kDecode);
    if (!request.has_chunk()) throw Error(ErrorCode::kInvalidArgument, "payload: must be a chunk in every message after the first");
    receiver.Take(Bytes(request.chunk()));
    run_.record().received_bytes += static_cast<int64_t>(request.chunk().size());
    clock.Enter(CallStage::kReceive);
  }
  run_.ThrowIfGone();  // Read ends with the client's half-close, and with the client
  clock.Enter(CallStage::kDecode);
  run_.VolumeHasCome();
  return receiver.Finish();
}

void SegmentCall::Segment(VolumeReceiver::Received received) {
  const RunEvents events{.accepted = [this](const v1::Accepted& accepted) { Send(accepted); },
                         .progress = [this](const v1::Progress& progress) { Send(progress); }};
  const auto work = run_.Perform(std::move(received.nifti.volume), std::move(received.memory),
                                 SegmentAnswer::PeakBytes(run_.header().output()), events);
  const EncodedAnswer answer = Encode(*work, received.nifti.header);
  run_.clock().Enter(CallStage::kSend);
  SendAnswer(answer, [this](const v1::SegmentResponse& response) { Send(response); });
  Send(MakeSummary());
}

EncodedAnswer SegmentCall::Encode(SegmentWork& work, const NiftiHeader& input) {
  const int64_t label_bytes = LabelMapBytes(input.geometry);
  run_.clock().Enter(CallStage::kEncode);
  work.peak_memory.ShrinkTo(label_bytes + SegmentAnswer::PeakBytes(run_.header().output()));
  answer_->Look(*work.result, work.volume);
  // All but the label map has served its purpose: a client that takes its time to read the answer must not hold it.
  work.volume = {};
  work.volume_memory = {};
  work.peak_memory.ShrinkTo(label_bytes);
  EncodedAnswer answer = answer_->Encode(work.result->label_map, input);
  run_.ThrowIfTooLate();
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
  Send(response);
}

void SegmentCall::Send(const v1::Progress& progress) {
  v1::SegmentResponse response;
  *response.mutable_progress() = progress;
  Send(response);
}

void SegmentCall::Send(const v1::Summary& summary) {
  v1::SegmentResponse response;
  *response.mutable_summary() = summary;
  Send(response);
}

void SegmentCall::Send(const v1::SegmentResponse& response) {
  if (stream_.Write(response)) {
    run_.record().sent_bytes += static_cast<int64_t>(response.chunk().size());
    return;
  }
  run_.ThrowIfGone();
  throw Error(ErrorCode::kCancelled, "the client has gone");
}

}  // namespace tuckerseg
