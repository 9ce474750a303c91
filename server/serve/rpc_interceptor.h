/// Counts and times every RPC of a gRPC server, health and reflection and those that nobody serves included.
#pragma once

#include <grpcpp/support/server_interceptor.h>

#include <memory>
#include <vector>

#include "server/config.h"
#include "server/observe/rpc_metrics.h"

namespace tuckerseg {

/// The methods of the services that a server of this configuration offers, health and reflection among them, from their descriptors: one that is added
/// is counted without being added here.
std::vector<RpcMethod> ServedMethods(const ServerConfig& config);

/// What a server builder takes. `metrics` must outlive the server.
std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> CountingInterceptors(const RpcMetrics& metrics);

}  // namespace tuckerseg
