#include "client/lib/segment_attempt.h"

#include <grpcpp/grpcpp.h>

#include <span>
#include <utility>

#include "client/lib/cancel_unless_done.h"
#include "client/lib/label_map_check.h"
#include "client/lib/volume_upload.h"
#include "engine/error.h"
#include "tuckerseg/v1/segmentation.grpc.pb.h"

namespace tuckerseg {
namespace {

/// What has come beside the label map.
struct Extras {
  bool preview = false;
  std::optional<v1::Summary> summary;

  void Check(const v1::OutputOptions& wanted, const LabelMapCheck& label_map) const {
    if (!summary) throw Error(ErrorCode::kDataLoss, "summary: none came; the server's answer was cut");
    if (wanted.preview() && !preview) throw Error(ErrorCode::kDataLoss, "preview: none came; the server must be able to draw one");
    if (wanted.statistics() && summary->statistics_size() != label_map.label_count()) {
      throw Error(ErrorCode::kDataLoss, "statistics: " + std::to_string(summary->statistics_size()) + " structures came; must be " +
                                            std::to_string(label_map.label_count()) + ", those of the label map");
    }
  }
};

void Tell(const v1::SegmentResponse& response, const SegmentEvents& events, LabelMapCheck& label_map, Extras& extras) {
  switch (response.payload_case()) {
    case v1::SegmentResponse::kAccepted:
      if (events.accepted) events.accepted(response.accepted());
      return;
    case v1::SegmentResponse::kProgress:
      if (events.progress) events.progress(response.progress());
      return;
    case v1::SegmentResponse::kLabelMapHeader:
      label_map.Announce(response.label_map_header());
      if (events.label_map_header) events.label_map_header(response.label_map_header());
      return;
    case v1::SegmentResponse::kChunk: {
      const std::span<const std::byte> bytes = std::as_bytes(std::span(response.chunk()));
      label_map.Take(bytes);
      if (events.label_map) events.label_map(bytes);
      return;
    }
    case v1::SegmentResponse::kPreview:
      extras.preview = true;
      if (events.preview) events.preview(response.preview());
      return;
    case v1::SegmentResponse::kSummary: extras.summary = response.summary(); return;
    case v1::SegmentResponse::PAYLOAD_NOT_SET: return;  // a later server's message: older clients pass over it
  }
}

}  // namespace

SegmentAttempt SendSegment(const std::shared_ptr<grpc::Channel>& channel, grpc::ClientContext* context, const v1::SegmentHeader& header,
                           const ByteProducer& volume, const SegmentEvents& events) {
  const auto stub = v1::SegmentationService::NewStub(channel);
  const auto stream = stub->Segment(context);
  CancelUnlessDone cancel(context);
  SegmentAttempt attempt;
  attempt.server_was_there = UploadVolume(*stream, header, volume, events.sent);

  LabelMapCheck label_map;
  Extras extras;
  v1::SegmentResponse response;
  while (stream->Read(&response)) {
    attempt.label_map_has_begun = attempt.label_map_has_begun || response.has_label_map_header();
    if (response.has_accepted()) attempt.variant = response.accepted().variant();
    Tell(response, events, label_map, extras);
  }
  attempt.status = stream->Finish();
  cancel.Done();
  if (!attempt.status.ok()) return attempt;
  label_map.Finish();
  extras.Check(header.output(), label_map);
  attempt.summary = std::move(extras.summary);
  return attempt;
}

}  // namespace tuckerseg
