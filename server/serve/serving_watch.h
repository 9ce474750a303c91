/// Tells probes whether a server has anything to serve: models come and go while it runs.
#pragma once

#include <optional>
#include <stop_token>
#include <thread>

#include "server/observe/readiness.h"
#include "server/serve/grpc_server.h"
#include "server/variants/catalogue.h"

namespace tuckerseg {

/// As long as it lives, readiness and gRPC's health follow the catalogue.
class ServingWatch {
 public:
  /// What is given must outlive it.
  ServingWatch(const Catalogue& catalogue, Readiness& readiness, GrpcServer& server);

 private:
  void Show();
  void Run(const std::stop_token& stop);

  const Catalogue& catalogue_;
  Readiness& readiness_;
  GrpcServer& server_;
  std::optional<bool> shown_;
  std::jthread watcher_;  // last: it uses the others
};

}  // namespace tuckerseg
