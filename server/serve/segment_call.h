/// One call of Segment, from the header to the summary.
#pragma once

#include <memory>
#include <optional>

#include "engine/segment/task_segmenter.h"
#include "server/policy/level_policy.h"
#include "server/serve/segment_answer.h"
#include "server/serve/segment_record.h"
#include "server/serve/segment_work.h"
#include "server/serve/service_parts.h"
#include "server/serve/stage_clock.h"
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
  void Report(const grpc::Status& status);

 private:
  void ReadHeader();
  VolumeReceiver::Received Receive();
  /// Memory for the work and for the answer.
  MemoryReservation ReservePeak(const VolumeReceiver::Received& received);
  std::shared_ptr<Ticket> Enqueue(const std::shared_ptr<SegmentWork>& work);
  void AwaitWork(const std::shared_ptr<SegmentWork>& work, const std::shared_ptr<Ticket>& ticket);
  void Answer(SegmentWork& work);
  void SendSummary();
  void Send(const v1::SegmentResponse& response);
  /// Throws kDeadlineExceeded or kCancelled once the client has gone.
  void ThrowIfGone() const;
  /// Throws kDeadlineExceeded once the longest latency that the client accepts has passed.
  void ThrowIfTooLate() const;

  ServiceParts& parts_;
  grpc::ServerContext& context_;
  SegmentStream& stream_;
  StageClock clock_;
  v1::SegmentHeader header_;
  const LoadedModel* model_ = nullptr;
  LevelChoiceMade level_;
  std::shared_ptr<TaskSegmenter> segmenter_;  // once the header has been read; shared with the worker
  std::optional<SegmentAnswer> answer_;  // once the header has been read
  SegmentRecord record_;
  double network_s_ = 0;
  StageClock::Clock::time_point received_at_{};  // the last chunk
};

}  // namespace tuckerseg
