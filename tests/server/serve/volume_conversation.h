/// A client's side of a call that sends a header and a volume, whatever is answered: what Segment and Compare have in common.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/sync_stream.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tuckerseg/v1/segmentation.grpc.pb.h"

namespace tuckerseg {

/// `Request` has a header and chunks, as SegmentRequest.
template <typename Request, typename Response>
class VolumeConversation {
 public:
  using Stream = grpc::ClientReaderWriter<Request, Response>;

  bool SendHeader(const decltype(Request().header())& header) {
    Request request;
    *request.mutable_header() = header;
    return stream_->Write(request);
  }
  bool SendChunk(std::span<const std::byte> bytes) {
    Request request;
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

 protected:
  using Open = std::unique_ptr<Stream> (v1::SegmentationService::Stub::*)(grpc::ClientContext*);

  VolumeConversation(const std::shared_ptr<grpc::Channel>& channel, Open open, std::chrono::system_clock::time_point deadline, const std::multimap<std::string, std::string>& metadata)
      : stub_(v1::SegmentationService::NewStub(channel)) {
    if (deadline != std::chrono::system_clock::time_point::max()) context_.set_deadline(deadline);
    for (const auto& [key, value] : metadata) context_.AddMetadata(key, value);
    stream_ = ((*stub_).*open)(&context_);
  }
  Stream& stream() { return *stream_; }
  static void Append(const std::string& chunk, std::vector<std::byte>& file) {
    const size_t at = file.size();
    file.resize(at + chunk.size());
    std::memcpy(file.data() + at, chunk.data(), chunk.size());
  }

 private:
  std::unique_ptr<v1::SegmentationService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<Stream> stream_;
};

}  // namespace tuckerseg
