/// The stream of a call that takes a volume: what comes in and what goes out, as Segment and Compare have it in common.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/sync_stream.h>

#include <cstdint>
#include <functional>
#include <span>
#include <type_traits>
#include <utility>

#include "engine/error.h"
#include "engine/volume/nifti_header.h"
#include "server/serve/segment_run.h"
#include "server/serve/service_parts.h"
#include "server/serve/silence_watch.h"
#include "server/serve/unread_message.h"
#include "server/serve/volume_receiver.h"

namespace tuckerseg {

/// What a message of such a stream may take in memory: a chunk, and more, so that who sends larger ones is told what is right.
inline constexpr int64_t kMostOfAVolumesMessage = 4 * kMaxChunkBytes + kMostOfARequest;

/// `Request`: a message with a header or a chunk of the volume's file; `Response`: one that may have a chunk of a label map's. Errors of all that waits for the
/// client, besides its own: kDeadlineExceeded for one that stands still, those of UnreadMessage::ReadInto(), those of SegmentRun::ThrowIfGone().
template <typename Request, typename Response>
class VolumeStream {
 public:
  using GrpcStream = grpc::ServerReaderWriter<Response, UnreadMessage>;
  using Header = std::decay_t<decltype(std::declval<const Request&>().header())>;

  /// All must outlive this.
  VolumeStream(ServiceParts& parts, const grpc::ServerContext& context, GrpcStream& stream, SegmentRun& run)
      : parts_(parts), context_(context), stream_(stream), run_(run) {}

  /// The first message. The request is one of those that the client may make in a minute.
  /// Errors: kInvalidArgument where it is no header; those of SegmentRun::TakeRequest(); kResourceExhausted for a volume that is more than a client may send in a minute.
  Header ReadHeader() {
    Request request;
    if (!Read(request)) {
      run_.ThrowIfGone();
      throw Error(ErrorCode::kInvalidArgument, "header: missing; the first message must be a header");
    }
    if (!request.has_header()) throw Error(ErrorCode::kInvalidArgument, "payload: must be a header in the first message");
    run_.TakeRequest();
    parts_.security.limiter().CheckCanPass("header.total_bytes", request.header().total_bytes());
    return std::move(*request.mutable_header());
  }

  /// All further messages: the volume's file, until the client half-closes. `header_has_come` is called once, as soon as the volume's header is there and memory for its
  /// voxels is held: what it throws ends the call, and the rest of the file need not be sent.
  /// Errors: kInvalidArgument for a message that is no chunk; those of `receiver`, of `header_has_come` and of SegmentRun::TakeBytes().
  VolumeReceiver::Received Receive(VolumeReceiver& receiver, const std::function<void(const NiftiHeader&)>& header_has_come) {
    StageClock& clock = run_.clock();
    Request request;
    bool header_is_told = false;
    while (Read(request)) {
      clock.Enter(CallStage::kDecode);
      const StallWatch::Running decoding(run_.watched(), CallStage::kDecode);
      if (!request.has_chunk()) throw Error(ErrorCode::kInvalidArgument, "payload: must be a chunk in every message after the first");
      run_.TakeBytes(static_cast<int64_t>(request.chunk().size()));
      receiver.Take(std::as_bytes(std::span(request.chunk())));
      run_.record().received_bytes += static_cast<int64_t>(request.chunk().size());
      if (!header_is_told && receiver.header() != nullptr) {
        header_is_told = true;
        header_has_come(*receiver.header());
      }
      run_.watched().ThrowIfStalled();
      clock.Enter(CallStage::kReceive);
    }
    run_.ThrowIfGone();  // Read ends with the client's half-close, and with the client
    clock.Enter(CallStage::kDecode);
    run_.VolumeHasCome();
    const StallWatch::Running decoding(run_.watched(), CallStage::kDecode);
    return receiver.Finish();
  }

  void Send(const Response& response) {
    SilenceWatch::Wait wait(parts_.silence, context_);
    const bool written = stream_.Write(response);
    wait.ThrowIfTooLong();
    if (written) {
      run_.record().sent_bytes += static_cast<int64_t>(response.chunk().size());
      return;
    }
    run_.ThrowIfGone();
    throw Error(ErrorCode::kCancelled, "the client has gone");
  }

 private:
  bool Read(Request& request) {
    SilenceWatch::Wait wait(parts_.silence, context_);
    UnreadMessage unread;
    const bool has_come = stream_.Read(&unread);
    wait.ThrowIfTooLong();
    if (has_come) unread.ReadInto(request, kMostOfAVolumesMessage);
    return has_come;
  }

  ServiceParts& parts_;
  const grpc::ServerContext& context_;
  GrpcStream& stream_;
  SegmentRun& run_;
};

}  // namespace tuckerseg
