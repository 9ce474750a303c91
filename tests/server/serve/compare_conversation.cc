#include "tests/server/serve/compare_conversation.h"

#include <utility>

namespace tuckerseg {

template class VolumeConversation<v1::CompareRequest, v1::CompareResponse>;

CompareConversation::CompareConversation(const std::shared_ptr<grpc::Channel>& channel, std::chrono::system_clock::time_point deadline, const std::multimap<std::string, std::string>& metadata)
    : VolumeConversation(channel, &v1::SegmentationService::Stub::Compare, deadline, metadata) {}

CompareConversation::~CompareConversation() = default;

bool CompareConversation::ReadOne() {
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

bool CompareConversation::ReadUntil(const std::string& end) {
  while (!answer_.order.ends_with(end)) {
    if (!ReadOne()) return false;
  }
  return true;
}

CompareAnswer CompareConversation::Finish() {
  while (ReadOne()) {
  }
  answer_.status = stream().Finish();
  return std::move(answer_);
}

v1::CompareHeader Comparing(const std::vector<std::string>& levels) {
  v1::CompareHeader header;
  for (const std::string& level : levels) header.add_levels(level);
  return header;
}

CompareAnswer Compare(const std::shared_ptr<grpc::Channel>& channel, std::span<const std::byte> file, const v1::CompareHeader& header) {
  CompareConversation conversation(channel);
  if (conversation.SendHeader(header)) conversation.SendFile(file);
  return conversation.Finish();
}

}  // namespace tuckerseg
