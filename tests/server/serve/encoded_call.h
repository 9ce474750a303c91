/// A client's side of a call of any method, in messages that are encoded already, whatever they hold.
#pragma once

#include <google/protobuf/descriptor.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tuckerseg {

/// `/package.Service/Method`.
inline std::string PathOf(const google::protobuf::MethodDescriptor& method) { return "/" + method.service()->full_name() + "/" + method.name(); }

/// Whether such a call ends when its client does, and not before.
inline bool HasNoEnd(const google::protobuf::MethodDescriptor& method) { return method.server_streaming() && !method.client_streaming(); }

enum class Ending { kHalfClose, kCancel, kNeither };

struct EncodedCall {
  std::vector<std::string> messages;
  Ending ending = Ending::kHalfClose;  ///< behind the last of them
  bool cancels_when_answered = false;
  std::chrono::milliseconds deadline = std::chrono::seconds(20);  ///< for those that are to be waited for until their end
  std::multimap<std::string, std::string> metadata = {};
};

/// What it was told.
struct Heard {
  grpc::Status status;
  std::string answers;  ///< encoded, one behind the other
};

/// Sends the messages as far as the server takes them, and reads until the call's end.
inline Heard MakeCall(const EncodedCall& encoded, const std::string& path, const std::shared_ptr<grpc::Channel>& channel) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + encoded.deadline);
  for (const auto& [key, value] : encoded.metadata) context.AddMetadata(key, value);
  grpc::CompletionQueue queue;
  const auto is_done = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  grpc::GenericStub stub(channel);
  const auto call = stub.PrepareCall(&context, path, &queue);
  call->StartCall(nullptr);
  bool open = is_done();
  for (const std::string& message : encoded.messages) {
    if (!open) break;
    const grpc::Slice slice(message);
    call->Write(grpc::ByteBuffer(&slice, 1), nullptr);
    open = is_done();
  }
  if (encoded.ending == Ending::kCancel) context.TryCancel();
  if (encoded.ending == Ending::kHalfClose && open) {
    call->WritesDone(nullptr);
    is_done();
  }
  Heard heard;
  for (;;) {
    grpc::ByteBuffer answer;
    call->Read(&answer, nullptr);
    if (!is_done()) break;
    std::vector<grpc::Slice> pieces;
    answer.Dump(&pieces);
    for (const grpc::Slice& piece : pieces) heard.answers.append(reinterpret_cast<const char*>(piece.begin()), piece.size());
    if (encoded.cancels_when_answered) context.TryCancel();
  }
  call->Finish(&heard.status, nullptr);
  is_done();
  queue.Shutdown();
  while (is_done()) {
  }
  return heard;
}

/// What a client sends that has a volume: the header, then the file in small chunks. `Request` has both, as SegmentRequest.
template <typename Request>
std::vector<std::string> EncodedUpload(const decltype(Request().header())& header, std::span<const std::byte> file) {
  constexpr size_t kChunk = 1000;
  Request request;
  *request.mutable_header() = header;
  std::vector<std::string> messages{request.SerializeAsString()};
  for (size_t at = 0; at < file.size(); at += kChunk) {
    const std::span<const std::byte> chunk = file.subspan(at, std::min(kChunk, file.size() - at));
    request.set_chunk(chunk.data(), chunk.size());
    messages.push_back(request.SerializeAsString());
  }
  return messages;
}

}  // namespace tuckerseg
