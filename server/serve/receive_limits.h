/// How much of what clients send gRPC may hold before any limit of a call is looked at. It is all that bounds those who have shown nothing of themselves.
#pragma once

#include <cstdint>

#include "server/config.h"

namespace grpc {
class ServerBuilder;
}

namespace tuckerseg {

/// Bytes of all connections together: messages that have not come whole or have not been read. An eighth of the memory for requests, and 256 MiB at least, as connections and calls
/// are counted in it too. A message is copied once when it is read, and refused before that where it would be far larger in memory
/// (UnreadMessage), so that all this is at most about twice as much: of the memory for requests a quarter, which is what `memory_limit_bytes` leaves beside it where it is not set, from 2.5 GiB on (docs/security.md).
int64_t ReceiveQuota(const ServerConfig& config);

/// Calls that one connection may have open; a client has further ones wait. As many as the server takes at all, and room for those that need no stream.
int CallsOfAConnection(const ServerConfig& config);

/// Sets both. Beyond the quota gRPC ends open calls (RESOURCE_EXHAUSTED), one of each connection in turn, whatever they hold, until it is kept. Calls whose messages gRPC is to
/// unpack are refused (UNIMPLEMENTED), before these are read.
///
/// A limit of the size of a message does nothing of that: gRPC compares a message with it once the whole message is in memory, however large
/// (1.51: message_size_filter.cc; github.com/grpc/grpc/issues/43012). It has no limit for one method of a server either.
void LimitWhatIsReceived(const ServerConfig& config, grpc::ServerBuilder& builder);

}  // namespace tuckerseg
