/// The gauges that follow what a server has and does.
#pragma once

#include "server/observe/metrics.h"
#include "server/observe/server_status.h"

namespace tuckerseg {

/// Queues and memory of every device, as of `status`.
void SetGauges(const ServerStatus& status, Metrics& metrics);

}  // namespace tuckerseg
