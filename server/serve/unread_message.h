/// A client's message as it has come, which a handler reads itself: gRPC's own reading knows no limit but that of bytes on the wire, one for all methods of a server.
#pragma once

#include <google/protobuf/message.h>
#include <grpcpp/impl/serialization_traits.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <cstdint>

#include "engine/error.h"

namespace tuckerseg {

/// kInvalidArgument: the client's fault, and no alarm of ours.
Error UnreadableMessage();

class UnreadMessage {
 public:
  /// Reads it and lets go of its bytes: once. Errors: kInvalidArgument unless it is a message of that type; kResourceExhausted, before anything is allocated, where it would take more than
  /// `most` bytes in memory (MemoryOfMessage).
  void ReadInto(google::protobuf::Message& message, int64_t most) const;

 private:
  friend class grpc::SerializationTraits<UnreadMessage>;

  mutable grpc::ByteBuffer encoded_;  // gRPC hands requests out as const
};

/// What a request may take in memory that carries no volume: names and the like.
inline constexpr int64_t kMostOfARequest = int64_t{1} << 20;

}  // namespace tuckerseg

namespace grpc {

template <>
class SerializationTraits<tuckerseg::UnreadMessage> {
 public:
  /// Takes the bytes over, as they are.
  static Status Deserialize(ByteBuffer* encoded, tuckerseg::UnreadMessage* message) {
    message->encoded_.Clear();
    message->encoded_.Swap(encoded);
    return Status::OK;
  }
};

}  // namespace grpc
