/// What operators, probes and Prometheus ask a server over HTTP, on a port and threads of its own.
#pragma once

#include <string>

#include "server/observe/live_status.h"
#include "server/observe/metrics.h"
#include "server/observe/readiness.h"
#include "server/observe/request_ring.h"
#include "server/observe/text_endpoint.h"

namespace tuckerseg {

/// `/metrics`; `/healthz`, 200 as long as the process answers; `/readyz`, 200 or 503 with the reason; `/`, the page for people. No page waits for
/// work that runs: a probe must not fail because a device is busy. Nor do `/healthz` and `/readyz` wait for the other pages, which look at devices and files.
class OperatorEndpoint {
 public:
  /// What is given must outlive the endpoint. Errors: as TextEndpoint's constructor.
  OperatorEndpoint(const std::string& address, const std::string& version, const Metrics& metrics, const Readiness& readiness,
                   const LiveStatus& live, const RequestRing& requests);

  int port() const { return endpoint_.port(); }

 private:
  TextEndpoint endpoint_;
};

}  // namespace tuckerseg
