/// Turns the status of a gRPC call back into the Error that the server threw.
#pragma once

#include <grpcpp/support/status.h>

#include "engine/error.h"

namespace tuckerseg {

/// `status` must not be OK. The time to try again comes from google.rpc.RetryInfo, where the server sent one.
Error ErrorOf(const grpc::Status& status);

}  // namespace tuckerseg
