/// Counts and times every RPC of a gRPC server, health and reflection and those that nobody serves included. Calls that are refused for who their client is never come here: gRPC ends them before.
#pragma once

#include <grpcpp/support/server_interceptor.h>

#include <memory>
#include <vector>

#include "server/config.h"
#include "server/observe/rpc_metrics.h"
#include "server/serve/answer_holds.h"

namespace tuckerseg {

/// The methods of the services that a server of this configuration offers, health and reflection among them, from their descriptors: one that is added
/// is counted without being added here.
std::vector<RpcMethod> ServedMethods(const ServerConfig& config);

/// What a server builder takes. A request that gRPC's health service cannot read ends with INVALID_ARGUMENT, which that itself would call INTERNAL. At the end of each RPC, once its answer has left, what `answers` holds for it goes.
/// Both must outlive the server.
std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> CountingInterceptors(const RpcMetrics& metrics, AnswerHolds& answers);

}  // namespace tuckerseg
