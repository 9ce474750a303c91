/// A client's side of one call of Compare, step by step, and all that was answered.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/support/status.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tests/server/serve/volume_conversation.h"
#include "tuckerseg/v1/segmentation.grpc.pb.h"

namespace tuckerseg {

/// What came of one level.
struct AnsweredLevel {
  v1::Accepted accepted;
  v1::LevelResult result;
  v1::LabelMapHeader header;
  std::vector<std::byte> file;
};

/// What came back, until the status.
struct CompareAnswer {
  std::string order;  ///< a letter for each message: accepted, progress, result, h (label map header), chunk
  std::vector<AnsweredLevel> levels;
  std::vector<v1::Progress> progress;
  grpc::Status status;
};

class CompareConversation : public VolumeConversation<v1::CompareRequest, v1::CompareResponse> {
 public:
  explicit CompareConversation(const std::shared_ptr<grpc::Channel>& channel,
                               std::chrono::system_clock::time_point deadline = std::chrono::system_clock::time_point::max(),
                               const std::multimap<std::string, std::string>& metadata = {})
      : VolumeConversation(channel, &v1::SegmentationService::Stub::Compare, deadline, metadata) {}

  /// Reads one message into the answer. False once the call has ended.
  bool ReadOne() {
    v1::CompareResponse response;
    if (!stream().Read(&response)) return false;
    switch (response.payload_case()) {
      case v1::CompareResponse::kAccepted:
        answer_.order += 'a';
        answer_.levels.emplace_back().accepted = response.accepted();
        break;
      case v1::CompareResponse::kProgress:
        answer_.order += 'p';
        answer_.progress.push_back(response.progress());
        break;
      case v1::CompareResponse::kResult:
        answer_.order += 'r';
        answer_.levels.back().result = response.result();
        break;
      case v1::CompareResponse::kLabelMapHeader:
        answer_.order += 'h';
        answer_.levels.back().header = response.label_map_header();
        break;
      case v1::CompareResponse::kChunk:
        answer_.order += 'c';
        Append(response.chunk(), answer_.levels.back().file);
        break;
      case v1::CompareResponse::PAYLOAD_NOT_SET:
        answer_.order += '?';
        break;
    }
    return true;
  }
  /// Reads until the order of what has come ends so; false where the call ends before.
  bool ReadUntil(const std::string& end) {
    while (!answer_.order.ends_with(end)) {
      if (!ReadOne()) return false;
    }
    return true;
  }
  /// Reads to the end.
  CompareAnswer Finish() {
    while (ReadOne()) {
    }
    answer_.status = stream().Finish();
    return std::move(answer_);
  }
  const CompareAnswer& answer() const { return answer_; }

 private:
  CompareAnswer answer_;
};

/// A header that asks for these levels.
inline v1::CompareHeader Comparing(const std::vector<std::string>& levels) {
  v1::CompareHeader header;
  for (const std::string& level : levels) header.add_levels(level);
  return header;
}

/// A whole call.
inline CompareAnswer Compare(const std::shared_ptr<grpc::Channel>& channel, std::span<const std::byte> file, const v1::CompareHeader& header) {
  CompareConversation conversation(channel);
  if (conversation.SendHeader(header)) conversation.SendFile(file);
  return conversation.Finish();
}

}  // namespace tuckerseg
