/// A client's side of one call of Compare, step by step, and all that was answered.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

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

class CompareConversation {
 public:
  explicit CompareConversation(const std::shared_ptr<grpc::Channel>& channel,
                               std::chrono::system_clock::time_point deadline = std::chrono::system_clock::time_point::max(),
                               const std::multimap<std::string, std::string>& metadata = {})
      : stub_(v1::SegmentationService::NewStub(channel)) {
    if (deadline != std::chrono::system_clock::time_point::max()) context_.set_deadline(deadline);
    for (const auto& [key, value] : metadata) context_.AddMetadata(key, value);
    stream_ = stub_->Compare(&context_);
  }

  bool SendHeader(const v1::CompareHeader& header) {
    v1::CompareRequest request;
    *request.mutable_header() = header;
    return stream_->Write(request);
  }
  bool SendChunk(std::span<const std::byte> bytes) {
    v1::CompareRequest request;
    request.set_chunk(bytes.data(), bytes.size());
    return stream_->Write(request);
  }
  /// The whole file in chunks, then the half-close; stops where the server has ended the call.
  void SendFile(std::span<const std::byte> file, size_t chunk = size_t{256} << 10) {
    for (size_t at = 0; at < file.size(); at += chunk) {
      if (!SendChunk(file.subspan(at, std::min(chunk, file.size() - at)))) break;
    }
    stream_->WritesDone();
  }
  void HalfClose() { stream_->WritesDone(); }
  void Cancel() { context_.TryCancel(); }

  /// Reads one message into the answer. False once the call has ended.
  bool ReadOne() {
    v1::CompareResponse response;
    if (!stream_->Read(&response)) return false;
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
    answer_.status = stream_->Finish();
    return std::move(answer_);
  }
  const CompareAnswer& answer() const { return answer_; }

 private:
  static void Append(const std::string& chunk, std::vector<std::byte>& file) {
    const size_t at = file.size();
    file.resize(at + chunk.size());
    std::memcpy(file.data() + at, chunk.data(), chunk.size());
  }

  std::unique_ptr<v1::SegmentationService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::CompareRequest, v1::CompareResponse>> stream_;
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
