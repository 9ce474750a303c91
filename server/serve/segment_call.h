/// One call of Segment, from the header to the summary: a NIfTI file comes in as a stream, a label map's file goes out as one.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "server/serve/result_cache.h"
#include "server/serve/segment_answer.h"
#include "server/serve/segment_result.h"
#include "server/serve/segment_run.h"
#include "server/serve/service_parts.h"
#include "server/serve/volume_receiver.h"
#include "server/serve/volume_stream.h"
#include "tuckerseg/v1/segmentation.grpc.pb.h"

namespace tuckerseg {

class SegmentCall {
 public:
  using Stream = VolumeStream<v1::SegmentRequest, v1::SegmentResponse>;

  /// All must outlive the call.
  SegmentCall(ServiceParts& parts, grpc::ServerContext& context, Stream::GrpcStream& stream);

  /// Serves the call. Errors end it; what it holds is freed on every way out.
  void Run();

  /// SegmentRun::stage_name().
  const char* stage_name() const { return run_.stage_name(); }

  /// Metrics, log line and spans of the call, once its status is known.
  void Report(const grpc::Status& status) { run_.Report(status); }

  /// Who calls.
  const std::string& client() const { return run_.client(); }

 private:
  VolumeReceiver::Received Receive();
  /// Whether the request's result is to be kept, and looked for.
  bool Repeatable() const { return parts_.results.enabled() && !run_.header().idempotency_key().empty(); }
  /// What it is kept by.
  RequestName ResultName() const { return {run_.client(), run_.header().idempotency_key()}; }
  /// Finds what a call with the same key has answered or is about to; from then on others wait for this one, if there is nothing.
  std::shared_ptr<const SegmentResult> FindResult(const std::string& input_sha256);
  void SendAgain(const SegmentResult& result);
  void Segment(VolumeReceiver::Received received);
  /// The answer, and progress while it is made.
  EncodedAnswer Encode(SegmentWork& work, const NiftiHeader& input);
  /// On a thread of its own: of the call it touches `answer_` alone, and is watched. What has served its purpose is given back on the way.
  EncodedAnswer MakeAnswer(SegmentWork& work, const NiftiHeader& input, const std::stop_token& stop);
  v1::Summary MakeSummary();
  void Send(const v1::Accepted& accepted);
  void Send(const v1::Progress& progress);
  void Send(const v1::Summary& summary);

  ServiceParts& parts_;
  SegmentRun run_;
  Stream stream_;
  std::optional<SegmentAnswer> answer_;  // once the header has been read
  ResultCache::Claim claim_;             // on the result, where it is to be kept
  v1::Progress told_;                    // of the work, last
};

}  // namespace tuckerseg
