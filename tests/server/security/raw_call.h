/// Calls by name, with nothing known of their messages.
#pragma once

#include <google/protobuf/descriptor.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>

namespace tuckerseg {

/// Whether the server may answer with a stream, as far as this program knows the method.
inline bool StreamsBack(const std::string& method) {
  std::string name = method.substr(1);
  std::replace(name.begin(), name.end(), '/', '.');
  const auto* found = google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(name);
  return found != nullptr && found->server_streaming();
}

/// The status of a call that is answered with a stream; OK as soon as anything of it has come: the stream itself may have no end.
inline grpc::Status RawStreamingCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& method, grpc::ClientContext& context) {
  const grpc::Slice nothing{std::string()};
  const grpc::ByteBuffer request(&nothing, 1);
  grpc::ByteBuffer response;
  grpc::Status status;
  grpc::CompletionQueue queue;
  void* tag = nullptr;
  bool answered = false;
  grpc::GenericStub stub(channel);
  const auto call = stub.PrepareCall(&context, method, &queue);
  call->StartCall(nullptr);
  queue.Next(&tag, &answered);
  call->WriteLast(request, {}, nullptr);
  queue.Next(&tag, &answered);
  call->Read(&response, nullptr);
  queue.Next(&tag, &answered);
  if (answered) context.TryCancel();
  bool ended = false;
  call->Finish(&status, nullptr);
  queue.Next(&tag, &ended);
  queue.Shutdown();
  while (queue.Next(&tag, &ended)) {
  }
  return answered ? grpc::Status::OK : status;
}

/// The status of a call that is answered with one message.
inline grpc::Status RawUnaryCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& method, const grpc::ByteBuffer& request, grpc::ClientContext& context) {
  grpc::ByteBuffer response;
  grpc::Status status;
  grpc::CompletionQueue queue;
  const auto call = grpc::GenericStub(channel).PrepareUnaryCall(&context, method, request, &queue);
  call->StartCall();
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
  }
  return status;
}

/// Makes a call of `method` (`/package.Service/Method`) with one empty message: what matters is whether the server lets it
/// in. `authorization` empty: none is sent.
inline grpc::Status RawCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& method, const std::string& authorization = "") {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  if (!authorization.empty()) context.AddMetadata("authorization", authorization);
  if (StreamsBack(method)) return RawStreamingCall(channel, method, context);
  const grpc::Slice nothing{std::string()};
  return RawUnaryCall(channel, method, grpc::ByteBuffer(&nothing, 1), context);
}

}  // namespace tuckerseg
