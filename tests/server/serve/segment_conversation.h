/// A client's side of one call of Segment, step by step, and all that was answered.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/support/status.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <random>
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

class SegmentConversation : public VolumeConversation<v1::SegmentRequest, v1::SegmentResponse> {
 public:
  explicit SegmentConversation(const std::shared_ptr<grpc::Channel>& channel,
                               std::chrono::system_clock::time_point deadline = std::chrono::system_clock::time_point::max(),
                               const std::multimap<std::string, std::string>& metadata = {})
      : VolumeConversation(channel, &v1::SegmentationService::Stub::Segment, deadline, metadata) {}

  bool SendNothing() { return stream().Write(v1::SegmentRequest()); }

  /// Reads one message into the answer. False once the call has ended.
  bool ReadOne() {
    v1::SegmentResponse response;
    if (!stream().Read(&response)) return false;
    switch (response.payload_case()) {
      case v1::SegmentResponse::kAccepted:
        answer_.order += 'a';
        answer_.accepted = response.accepted();
        break;
      case v1::SegmentResponse::kProgress:
        answer_.order += 'p';
        answer_.progress.push_back(response.progress());
        break;
      case v1::SegmentResponse::kLabelMapHeader:
        answer_.order += 'h';
        answer_.header = response.label_map_header();
        break;
      case v1::SegmentResponse::kChunk:
        TakeChunk(response.chunk());
        break;
      case v1::SegmentResponse::kPreview:
        answer_.order += 'v';
        answer_.preview = response.preview().png();
        break;
      case v1::SegmentResponse::kSummary:
        answer_.order += 's';
        answer_.summary = response.summary();
        break;
      case v1::SegmentResponse::PAYLOAD_NOT_SET:
        answer_.order += '?';
        break;
    }
    return true;
  }
  /// Reads to the end.
  Answer Finish() {
    while (ReadOne()) {
    }
    answer_.status = stream().Finish();
    return std::move(answer_);
  }
  const Answer& answer() const { return answer_; }

 private:
  void TakeChunk(const std::string& chunk) {
    answer_.order += 'c';
    answer_.largest_chunk = std::max(answer_.largest_chunk, chunk.size());
    Append(chunk, answer_.file);
  }

  Answer answer_;
};

/// A whole call.
inline Answer Segment(const std::shared_ptr<grpc::Channel>& channel, std::span<const std::byte> file,
                      const v1::SegmentHeader& header = {}, size_t chunk = size_t{256} << 10) {
  SegmentConversation conversation(channel);
  if (conversation.SendHeader(header)) conversation.SendFile(file, chunk);
  return conversation.Finish();
}

/// The labels in a label map's file of unsigned bytes.
inline std::vector<uint16_t> DecodedLabels(const std::vector<std::byte>& file) {
  const NiftiVolume nifti = ReadNifti(file);
  EXPECT_EQ(nifti.volume.type, VoxelType::kUint8);
  std::vector<uint16_t> labels;
  for (const std::byte byte : nifti.volume.voxels) labels.push_back(std::to_integer<uint16_t>(byte));
  return labels;
}

/// A volume of 1 mm and random values in [-1000, 1000]; its axes run to the patient's left, back and head, as
/// ITK writes them.
inline NiftiBuilder RandomCt(const Index3& shape, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<int16_t> values(-1000, 1000);
  std::vector<int16_t> voxels(static_cast<size_t>(shape[0] * shape[1] * shape[2]));
  for (int16_t& voxel : voxels) voxel = values(random);
  NiftiBuilder builder;
  builder.Shape(shape).Voxels(voxels).Spacing({1, 1, 1}).Sform(
      {{{{-1, 0, 0}, {0, -1, 0}, {0, 0, 1}}}, {12.5, -7, 300}});
  return builder;
}

/// Thirteen by nine by eleven voxels: twelve patches of 8 x 8 x 8 at half a patch's step.
inline NiftiBuilder SmallCt() { return RandomCt({13, 9, 11}, 1); }

}  // namespace tuckerseg
