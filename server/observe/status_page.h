/// The page that people look at: what a server has, what it does, how its last requests went.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "server/observe/request_ring.h"
#include "server/observe/server_status.h"

namespace tuckerseg {

struct StatusPageInput {
  std::string version;
  std::optional<std::string> not_ready;  ///< Readiness::Reason
  std::optional<ServerStatus> status;    ///< none: the server's parts are not built yet, or have gone
  std::vector<RequestEntry> requests;    ///< the newest first
  std::chrono::system_clock::time_point now;
};

/// One HTML page without scripts that loads nothing and asks its browser for a newer one every ten seconds. Every text in it is escaped. Pure.
std::string StatusPage(const StatusPageInput& input);

}  // namespace tuckerseg
