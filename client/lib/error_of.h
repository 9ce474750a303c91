/// Turns the status of a gRPC call back into the Error that the server threw.
#pragma once

#include <grpcpp/support/status.h>

#include "engine/error.h"

namespace tuckerseg {

/// `status` must not be OK. The time to try again comes from google.rpc.RetryInfo, the numbers of a limit of bytes and the stage from ErrorInfo, where the
/// server sent them.
Error ErrorOf(const grpc::Status& status);

}  // namespace tuckerseg
