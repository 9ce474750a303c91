/// One call of Compare: a NIfTI file comes in once, several levels of one model segment it in turn, and how far they agree goes out, with their label maps' files
/// if they are asked for.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/volume/nifti_header.h"
#include "engine/volume/volume.h"
#include "server/schedule/memory_budget.h"
#include "server/serve/heartbeat.h"
#include "server/serve/segment_answer.h"
#include "server/serve/segment_run.h"
#include "server/serve/segment_work.h"
#include "server/serve/service_parts.h"
#include "server/serve/volume_stream.h"
#include "tuckerseg/v1/segmentation.grpc.pb.h"

namespace tuckerseg {

/// Each level is a piece of work of its own, with a place in the queue and memory that it is admitted to when its turn comes: other requests come in between. Held
/// from one to the next are the volume and the first level's label map, both in the budget.
class CompareCall {
 public:
  using Stream = VolumeStream<v1::CompareRequest, v1::CompareResponse>;

  /// All must outlive the call.
  CompareCall(ServiceParts& parts, grpc::ServerContext& context, Stream::GrpcStream& stream);

  /// Serves the call. Errors end it; what it holds is freed on every way out.
  void Run();

  /// SegmentRun::stage_name().
  const char* stage_name() const { return run_.stage_name(); }

  /// Metrics, log line and spans of the call, once its status is known.
  void Report(const grpc::Status& status) { run_.Report(status); }

  /// Who calls.
  const std::string& client() const { return run_.client(); }

 private:
  void ReadHeader();
  void Receive();
  /// The level at this place of the header, from its queue to its answer.
  void RunLevel(size_t index);
  /// Of its work only label map and times are left. The volume is there for the next level, and goes with the last one.
  std::shared_ptr<SegmentWork> Segment(size_t index);
  RunEvents EventsOf(size_t index);
  /// Makes a part of the result of the level that was accepted last, beside a heartbeat, and gives the seconds that it took.
  double RunEncoding(const std::function<void(const std::stop_token&)>& work);
  /// The devices that the level is to run on one of: for times that compare.
  std::vector<size_t> PlacesFor(size_t index) const;
  /// All but the agreement with the first level.
  v1::LevelResult MakeResult(const SegmentWork& work);
  void Send(const v1::Progress& progress);
  void Send(const EncodedAnswer& label_map);

  ServiceParts& parts_;
  SegmentRun run_;
  Stream stream_;
  v1::CompareHeader header_;
  std::vector<const ServedLevel*> levels_;  // once the header has been read
  std::optional<SegmentAnswer> answer_;     // likewise
  NiftiHeader input_;                       // once the volume is there
  Volume volume_;                           // between two levels
  MemoryReservation volume_memory_;
  LabelMap first_;  // the first level's, once it is done
  MemoryReservation first_memory_;
  size_t place_ = 0;  // of the device that it ran on
  v1::Progress told_;  // of the work, last
};

}  // namespace tuckerseg
