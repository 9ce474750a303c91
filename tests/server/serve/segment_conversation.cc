#include "tests/server/serve/segment_conversation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>

namespace tuckerseg {

template class VolumeConversation<v1::SegmentRequest, v1::SegmentResponse>;

SegmentConversation::SegmentConversation(const std::shared_ptr<grpc::Channel>& channel, std::chrono::system_clock::time_point deadline, const std::multimap<std::string, std::string>& metadata)
    : VolumeConversation(channel, &v1::SegmentationService::Stub::Segment, deadline, metadata) {}

SegmentConversation::~SegmentConversation() = default;

bool SegmentConversation::ReadOne() {
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

Answer SegmentConversation::Finish() {
  while (ReadOne()) {
  }
  answer_.status = stream().Finish();
  return std::move(answer_);
}

void SegmentConversation::TakeChunk(const std::string& chunk) {
  answer_.order += 'c';
  answer_.largest_chunk = std::max(answer_.largest_chunk, chunk.size());
  Append(chunk, answer_.file);
}

Answer Segment(const std::shared_ptr<grpc::Channel>& channel, std::span<const std::byte> file, const v1::SegmentHeader& header, size_t chunk) {
  SegmentConversation conversation(channel);
  if (conversation.SendHeader(header)) conversation.SendFile(file, chunk);
  return conversation.Finish();
}

std::vector<uint16_t> DecodedLabels(const std::vector<std::byte>& file) {
  const NiftiVolume nifti = ReadNifti(file);
  EXPECT_EQ(nifti.volume.type, VoxelType::kUint8);
  std::vector<uint16_t> labels;
  for (const std::byte byte : nifti.volume.voxels) labels.push_back(std::to_integer<uint16_t>(byte));
  return labels;
}

NiftiBuilder RandomCt(const Index3& shape, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<int16_t> values(-1000, 1000);
  std::vector<int16_t> voxels(static_cast<size_t>(shape[0] * shape[1] * shape[2]));
  for (int16_t& voxel : voxels) voxel = values(random);
  NiftiBuilder builder;
  builder.Shape(shape).Voxels(voxels).Spacing({1, 1, 1}).Sform(
      {{{{-1, 0, 0}, {0, -1, 0}, {0, 0, 1}}}, {12.5, -7, 300}});
  return builder;
}

NiftiBuilder SmallCt() { return RandomCt({13, 9, 11}, 1); }

}  // namespace tuckerseg
