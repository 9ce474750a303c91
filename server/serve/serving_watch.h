/// Tells probes whether a server has anything to serve, and where: models come and go while it runs, and work on a device may stand still.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "server/observe/readiness.h"
#include "server/serve/grpc_server.h"
#include "server/serve/stall_watch.h"
#include "server/variants/catalogue.h"

namespace tuckerseg {

/// As long as it lives, readiness and gRPC's health follow the catalogue and the devices; its thread is the one that looks for stages that stand still.
class ServingWatch {
 public:
  /// What is given must outlive it.
  ServingWatch(const Catalogue& catalogue, StallWatch& stalls, Readiness& readiness, GrpcServer& server);

 private:
  void Show();
  void Run(const std::stop_token& stop);

  const Catalogue& catalogue_;
  StallWatch& stalls_;
  Readiness& readiness_;
  GrpcServer& server_;
  std::optional<std::string> shown_;  // as WhyNothingIsServed() was
  std::jthread watcher_;  // last: it uses the others
};

}  // namespace tuckerseg
