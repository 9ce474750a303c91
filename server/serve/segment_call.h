/// One call of Segment, from the header to the summary: a NIfTI file comes in as a stream, a label map's file goes out as one.
#pragma once

#include <optional>

#include "server/serve/segment_answer.h"
#include "server/serve/segment_run.h"
#include "server/serve/service_parts.h"
#include "server/serve/volume_receiver.h"
#include "tuckerseg/v1/segmentation.grpc.pb.h"

namespace tuckerseg {

using SegmentStream = grpc::ServerReaderWriter<v1::SegmentResponse, v1::SegmentRequest>;

class SegmentCall {
 public:
  SegmentCall(ServiceParts& parts, grpc::ServerContext& context, SegmentStream& stream);

  /// Serves the call. Errors end it; what it holds is freed on every way out.
  void Run();

  /// Metrics and the log line of the call, once its status is known.
  void Report(const grpc::Status& status) { run_.Report(status); }

 private:
  void ReadHeader();
  VolumeReceiver::Received Receive();
  void Segment(VolumeReceiver::Received received);
  EncodedAnswer Encode(SegmentWork& work, const NiftiHeader& input);
  v1::Summary MakeSummary();
  void Send(const v1::Accepted& accepted);
  void Send(const v1::Progress& progress);
  void Send(const v1::Summary& summary);
  void Send(const v1::SegmentResponse& response);

  ServiceParts& parts_;
  SegmentStream& stream_;
  SegmentRun run_;
  std::optional<SegmentAnswer> answer_;  // once the header has been read
};

}  // namespace tuckerseg
