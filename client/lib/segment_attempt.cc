#include "client/lib/segment_attempt.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <span>
#include <utility>

#include "engine/error.h"
#include "engine/sha256.h"
#include "tuckerseg/v1/segmentation.grpc.pb.h"

namespace tuckerseg {
namespace {

/// Far below gRPC's limit of 4 MiB for a message, and what the contract asks for.
constexpr size_t kChunkBytes = size_t{512} << 10;

using SegmentStream = grpc::ClientReaderWriter<v1::SegmentRequest, v1::SegmentResponse>;

/// Thrown through the producer when the server takes no more: its status says why.
struct ServerEndedCall {};

/// Cuts what the producer gives into chunks of one size.
class ChunkWriter {
 public:
  ChunkWriter(SegmentStream& stream, const std::function<void(int64_t)>& sent) : stream_(stream), sent_(sent) {
    request_.mutable_chunk()->reserve(kChunkBytes);
  }

  void Write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      std::string& chunk = *request_.mutable_chunk();
      const size_t count = std::min(bytes.size(), kChunkBytes - chunk.size());
      chunk.append(reinterpret_cast<const char*>(bytes.data()), count);
      bytes = bytes.subspan(count);
      if (chunk.size() == kChunkBytes) Flush();
    }
  }

  void Flush() {
    std::string& chunk = *request_.mutable_chunk();
    if (chunk.empty()) return;
    if (!stream_.Write(request_)) throw ServerEndedCall{};
    bytes_ += static_cast<int64_t>(chunk.size());
    chunk.clear();
    if (sent_) sent_(bytes_);
  }

 private:
  SegmentStream& stream_;
  const std::function<void(int64_t)>& sent_;
  v1::SegmentRequest request_;
  int64_t bytes_ = 0;
};

/// Whether the header has left on a connection.
bool Upload(SegmentStream& stream, const v1::SegmentHeader& header, const ByteProducer& volume, const SegmentEvents& events) {
  v1::SegmentRequest request;
  *request.mutable_header() = header;
  if (!stream.Write(request)) return false;
  try {
    ChunkWriter chunks(stream, events.sent);
    volume([&chunks](std::span<const std::byte> bytes) { chunks.Write(bytes); });
    chunks.Flush();
    stream.WritesDone();
  } catch (const ServerEndedCall&) {
    // Finish() will tell its reason.
  }
  return true;
}

/// What has come of the label map, against what was announced.
class LabelMapCheck {
 public:
  void Announce(const v1::LabelMapHeader& header) {
    if (announced_) throw Error(ErrorCode::kInternal, "server: announced a second label map");
    announced_ = header;
  }
  void Take(std::span<const std::byte> bytes) {
    bytes_ += bytes.size();
    digest_.Update(bytes);
  }
  void Finish() {
    if (!announced_) throw Error(ErrorCode::kDataLoss, "label map: none came; the server's answer was cut");
    if (bytes_ != announced_->bytes()) {
      throw Error(ErrorCode::kDataLoss, "label map: " + std::to_string(bytes_) + " bytes came; must be " +
                                            std::to_string(announced_->bytes()) + ", as the server announced");
    }
    if (digest_.Digest() != announced_->sha256()) {
      throw Error(ErrorCode::kDataLoss, "label map: the bytes that came have another checksum than the server announced");
    }
  }
  /// Labels that the file can hold.
  int label_count() const { return announced_ ? announced_->labels_size() : 0; }

 private:
  std::optional<v1::LabelMapHeader> announced_;
  uint64_t bytes_ = 0;
  Sha256 digest_;
};

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

/// Ends a call that an error of the caller's leaves open: the server stops working for it.
class CancelUnlessDone {
 public:
  explicit CancelUnlessDone(grpc::ClientContext* context) : context_(context) {}
  ~CancelUnlessDone() {
    if (context_ != nullptr) context_->TryCancel();
  }
  CancelUnlessDone(const CancelUnlessDone&) = delete;
  CancelUnlessDone& operator=(const CancelUnlessDone&) = delete;
  void Done() { context_ = nullptr; }

 private:
  grpc::ClientContext* context_;
};

}  // namespace

SegmentAttempt SendSegment(const std::shared_ptr<grpc::Channel>& channel, grpc::ClientContext* context, const v1::SegmentHeader& header,
                           const ByteProducer& volume, const SegmentEvents& events) {
  const auto stub = v1::SegmentationService::NewStub(channel);
  const auto stream = stub->Segment(context);
  CancelUnlessDone cancel(context);
  SegmentAttempt attempt;
  attempt.server_was_there = Upload(*stream, header, volume, events);

  LabelMapCheck label_map;
  Extras extras;
  v1::SegmentResponse response;
  while (stream->Read(&response)) {
    attempt.label_map_has_begun = attempt.label_map_has_begun || response.has_label_map_header();
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
