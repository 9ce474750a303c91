/// One call of Segment, from the header to the summary.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "server/serve/level_admission.h"
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
  /// Chooses the level for the volume, and reserves memory for the work and for the answer.
  MemoryReservation Admit(const VolumeReceiver::Received& received);
  std::shared_ptr<Ticket> Enqueue(const std::shared_ptr<SegmentWork>& work);
  void AwaitWork(const std::shared_ptr<SegmentWork>& work, const std::shared_ptr<Ticket>& ticket);
  void Answer(SegmentWork& work);
  void Learn(const SegmentWork& work);
  void SendSummary();
  void Send(const v1::SegmentResponse& response);
  /// Seconds that are left of the call; nothing where it has no deadline.
  std::optional<double> SecondsLeft() const;
  /// Throws kDeadlineExceeded or kCancelled once the client has gone.
  void ThrowIfGone() const;
  /// Throws kDeadlineExceeded once the longest latency that the client accepts has passed.
  void ThrowIfTooLate() const;

  ServiceParts& parts_;
  grpc::ServerContext& context_;
  SegmentStream& stream_;
  StageClock clock_;
  std::string client_;  // its identity, by which its requests and bytes are counted
  v1::SegmentHeader header_;
  const LoadedModel* model_ = nullptr;
  const ServedLevel* asked_ = nullptr;  // the level that the client names; null: the server chooses
  AdmittedLevel admitted_;              // once the volume is there; its segmenter is shared with the worker
  std::optional<SegmentAnswer> answer_;  // once the header has been read
  SegmentRecord record_;
  double network_s_ = 0;
  StageClock::Clock::time_point received_at_{};  // the last chunk
};

}  // namespace tuckerseg
