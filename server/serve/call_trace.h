/// The trace that a call belongs to: its client's, or a new one.
#pragma once

#include <grpcpp/server_context.h>

#include <string>

namespace tuckerseg {

struct CallTrace {
  std::string trace_id;   ///< 32 hexadecimal digits
  std::string parent_id;  ///< the client's span; empty: the trace begins here
  bool sampled = true;    ///< a client that does not record its trace is not recorded here either
};

/// From the call's metadata `traceparent`. One that is invalid, or several, are as none: a new trace begins. `tracestate` is not looked at.
CallTrace TraceOf(const grpc::ServerContext& context);

}  // namespace tuckerseg
