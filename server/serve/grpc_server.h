/// The gRPC server: all services, health and reflection on one port, and an orderly end.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "server/serve/service_parts.h"

namespace grpc {
class Channel;
}

namespace tuckerseg {

/// From now on gRPC's own errors go to the server's log, one JSON line each, instead of standard error; its other messages go
/// nowhere. For the process.
void LogGrpcMessages();

/// Puts onto the page of metrics all that a server of this configuration will count in, as far as labels are known before a call, and its queues: at 0. Before there is a
/// server, as loading models may take minutes, in which whoever scales by these series must find them.
void ExpectCalls(const ServerConfig& config, Devices& devices, Metrics& metrics);

class GrpcServer {
 public:
  /// How long calls that were cancelled have to end: their handlers return within one poll, or one piece of an encoding.
  static constexpr std::chrono::seconds kPatience{10};

  /// Listens at HOST:PORT (port 0: any free one); everything is SERVING from then on, as SetCanServe() says. `parts` must outlive the server.
  /// Errors: kInternal if the address cannot be had.
  GrpcServer(ServiceParts& parts, const std::string& address);
  /// Stop(0), and waits for its last call, for ever if it must.
  ~GrpcServer();

  int port() const;
  /// A channel inside this process.
  std::shared_ptr<grpc::Channel> InProcessChannel();

  /// Whether any level can run: else segmentation, inference and the server as a whole are NOT_SERVING, while models can still be asked for. At first as the
  /// catalogue says. Thread-safe; nothing once the server stops.
  void SetCanServe(bool can_serve);

  /// NOT_SERVING at once. After `delay`, in which those who look at health notice, no new calls: the port is closed, and clients are told to connect anew (GOAWAY), so that they find
  /// another server, or this one's successor. Running calls may go on for `grace`, then they are cancelled. True when none is left, a level that is being loaded by
  /// name waited for; false where one hangs all the same, `patience` after that: whoever wants to end then has to end the process without destroying this, or anything that calls use.
  bool Stop(std::chrono::duration<double> grace, std::chrono::duration<double> delay = {}, std::chrono::duration<double> patience = kPatience);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tuckerseg
