/// Sends a header and a volume's file: the client's side of calls that take a volume.
#pragma once

#include <grpcpp/support/sync_stream.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "client/lib/client.h"

namespace tuckerseg {

/// Far below gRPC's limit of 4 MiB for a message, and what the contract asks for.
inline constexpr size_t kUploadChunkBytes = size_t{512} << 10;

/// Thrown through the producer when the server takes no more: its status says why.
struct ServerEndedCall {};

/// Cuts what a producer gives into chunks of one size. `Request`: a message with a chunk.
template <typename Request, typename Response>
class ChunkWriter {
 public:
  using Stream = grpc::ClientReaderWriter<Request, Response>;

  /// Both must outlive this. `sent` is told the bytes so far, after each chunk; may be empty.
  ChunkWriter(Stream& stream, const std::function<void(int64_t)>& sent) : stream_(stream), sent_(sent) { request_.mutable_chunk()->reserve(kUploadChunkBytes); }

  void Write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      std::string& chunk = *request_.mutable_chunk();
      const size_t count = std::min(bytes.size(), kUploadChunkBytes - chunk.size());
      chunk.append(reinterpret_cast<const char*>(bytes.data()), count);
      bytes = bytes.subspan(count);
      if (chunk.size() == kUploadChunkBytes) Flush();
    }
  }

  void Flush() {
    std::string& chunk = *request_.mutable_chunk();
    if (chunk.empty()) return;
    if (!stream_.Write(request_)) throw ServerEndedCall{};
    bytes_ += static_cast<int64_t>(chunk.size());
    chunk.clear();
    if (sent_) sent_(bytes_);
  }

 private:
  Stream& stream_;
  const std::function<void(int64_t)>& sent_;
  Request request_;
  int64_t bytes_ = 0;
};

/// Sends the header, the volume's file and the half-close; stops where the server has ended the call, whose status tells why. Returns whether the header has left
/// on a connection. Errors: what `volume` and `sent` throw.
template <typename Request, typename Response, typename Header>
bool UploadVolume(grpc::ClientReaderWriter<Request, Response>& stream, const Header& header, const ByteProducer& volume, const std::function<void(int64_t)>& sent) {
  Request request;
  *request.mutable_header() = header;
  if (!stream.Write(request)) return false;
  try {
    ChunkWriter<Request, Response> chunks(stream, sent);
    volume([&chunks](std::span<const std::byte> bytes) { chunks.Write(bytes); });
    chunks.Flush();
    stream.WritesDone();
  } catch (const ServerEndedCall&) {
    // Finish() will tell its reason.
  }
  return true;
}

}  // namespace tuckerseg
