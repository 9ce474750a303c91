/// What a message will take in memory once it is read, told before it is: a few bytes on the wire can be many there.
#pragma once

#include <google/protobuf/descriptor.h>
#include <grpcpp/support/byte_buffer.h>

#include <cstdint>
#include <optional>

namespace tuckerseg {

/// Bytes that protobuf's object of an encoded message of this type takes, with all that it refers to, and unknown fields, which it keeps: half of it at least, as lists that grow have room to spare. Counting
/// ends above `most`: what comes back is then more than that, and no more can be said of it. Nothing where the bytes are no such message, as far as they were looked at; what it is silent about protobuf
/// may still refuse (texts that are not UTF-8). Allocates nothing.
std::optional<int64_t> MemoryOfMessage(grpc::ByteBuffer& encoded, const google::protobuf::Descriptor& type, int64_t most);

}  // namespace tuckerseg
