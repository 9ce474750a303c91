/// A client's side of one call of Segment, step by step, and all that was answered.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/support/status.h>

#include <chrono>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/volume/nifti_reader.h"
#include "tests/engine/volume/nifti_builder.h"
#include "tests/server/serve/volume_conversation.h"
#include "tuckerseg/v1/segmentation.grpc.pb.h"

namespace tuckerseg {

/// What came back, until the status.
struct Answer {
  std::string order;  ///< a letter for each message: accepted, progress, h (label map header), chunk, v (preview), summary
  v1::Accepted accepted;
  std::vector<v1::Progress> progress;
  v1::LabelMapHeader header;
  std::vector<std::byte> file;
  size_t largest_chunk = 0;
  std::string preview;
  v1::Summary summary;
  grpc::Status status;
};

/// Compiled once, in the .cc: many tests take this in.
extern template class VolumeConversation<v1::SegmentRequest, v1::SegmentResponse>;

class SegmentConversation : public VolumeConversation<v1::SegmentRequest, v1::SegmentResponse> {
 public:
  explicit SegmentConversation(const std::shared_ptr<grpc::Channel>& channel,
                               std::chrono::system_clock::time_point deadline = std::chrono::system_clock::time_point::max(),
                               const std::multimap<std::string, std::string>& metadata = {});
  ~SegmentConversation();

  bool SendNothing() { return stream().Write(v1::SegmentRequest()); }

  /// Reads one message into the answer. False once the call has ended.
  bool ReadOne();
  /// Reads to the end.
  Answer Finish();
  const Answer& answer() const { return answer_; }

 private:
  void TakeChunk(const std::string& chunk);

  Answer answer_;
};

/// A whole call.
Answer Segment(const std::shared_ptr<grpc::Channel>& channel, std::span<const std::byte> file, const v1::SegmentHeader& header = {}, size_t chunk = size_t{256} << 10);

/// The labels in a label map's file of unsigned bytes.
std::vector<uint16_t> DecodedLabels(const std::vector<std::byte>& file);

/// A volume of 1 mm and random values in [-1000, 1000]; its axes run to the patient's left, back and head, as
/// ITK writes them.
NiftiBuilder RandomCt(const Index3& shape, unsigned seed);

/// Thirteen by nine by eleven voxels: twelve patches of 8 x 8 x 8 at half a patch's step.
NiftiBuilder SmallCt();

}  // namespace tuckerseg
