#include "server/serve/grpc_server.h"

#include <grpc/grpc.h>
#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/server_builder_option.h>

#include <future>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "server/observe/log.h"
#include "server/observe/status_gauges.h"
#include "server/security/port_credentials.h"
#include "server/serve/connection_door.h"
#include "server/serve/current_status.h"
#include "server/serve/inference_service.h"
#include "server/serve/model_service.h"
#include "server/serve/own_services.h"
#include "server/serve/receive_limits.h"
#include "server/serve/rpc_interceptor.h"
#include "server/serve/segment_record.h"
#include "server/serve/segmentation_service.h"
#include "server/serve/stall_watch.h"
#include "server/serve/status_of.h"

namespace tuckerseg {
namespace {

/// How long the answer of a handler that has returned may take to leave.
constexpr std::chrono::seconds kLastStatus{1};
/// How often calls are cancelled until they have ended.
constexpr std::chrono::milliseconds kBetweenCancels{100};

/// Linking gRPC's reflection gives it to every server of the process: this takes it away from one.
class WithoutReflection final : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    std::erase_if(*plugins, [](const auto& plugin) { return plugin->name() == "proto_server_reflection"; });
  }
};

void SetConnectionArguments(const ServerConfig& config, grpc::ServerBuilder& builder) {
  // A client that has gone without a word is noticed by the pings, and what it held is freed.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // Clients that connect anew find servers that were added, and show certificates that are still good.
  const auto set_age = [&builder](const char* argument, double seconds) {
    if (seconds > 0) builder.AddChannelArgument(argument, static_cast<int>(seconds * 1000));
  };
  set_age(GRPC_ARG_MAX_CONNECTION_AGE_MS, config.max_connection_age_s);
  set_age(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, config.max_connection_age_grace_s);
}

/// Gives the door's connections to gRPC, which treats them as if it had taken them itself.
ConnectionDoor::LetIn HandedTo(grpc::experimental::ExternalConnectionAcceptor& acceptor) {
  return [&acceptor](int socket) {
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
    connection.fd = socket;
    acceptor.HandleNewConnection(&connection);
  };
}

/// Has `server` tell its clients to connect anew, and wait for the calls that run: ready once none is left. Where no thread can be had for that it is done here, and what runs is
/// cancelled at once: destructors stop servers, too.
std::future<void> ShutDown(grpc::Server& server) {
  try {
    return std::async(std::launch::async, [&server] { server.Shutdown(); });
  } catch (const std::system_error&) {
    server.Shutdown(std::chrono::system_clock::now());
    std::promise<void> done;
    done.set_value();
    return done.get_future();
  }
}

/// What gRPC says of metadata that it cannot read ends with what the client has sent, whoever that is.
std::string WithoutValue(const std::string& message) { return message.substr(0, message.find(" value=")); }

/// Of a call that is refused as its messages are compressed: its client is told, and whoever can connect could fill the log with it.
bool IsOfACompressedCall(std::string_view message) { return message.starts_with("Compression algorithm "); }

/// Of a client that came without TLS, say, or without a certificate: whoever can connect could fill the log with it.
bool IsOfAHandshake(std::string_view message) { return message.starts_with("Handshake failed"); }

/// True at first, and then once in a while.
bool IsTimeToTellAgain() {
  constexpr std::chrono::seconds kBetween{10};
  static std::mutex mutex;
  static std::optional<std::chrono::steady_clock::time_point> told;
  const std::lock_guard lock(mutex);
  const auto now = std::chrono::steady_clock::now();
  if (told && now < *told + kBetween) return false;
  told = now;
  return true;
}

}  // namespace

void LogGrpcMessages() {
  gpr_set_log_function([](gpr_log_func_args* message) {
    // Errors name addresses, places in gRPC's source and keys of metadata; what it says below that (tracing) may quote all of a call's metadata.
    if (message->severity != GPR_LOG_SEVERITY_ERROR || IsOfACompressedCall(message->message)) return;
    if (IsOfAHandshake(message->message) && !IsTimeToTellAgain()) return;
    LogIfPossible([message] { Log(LogLevel::kError, "grpc", {{"message", WithoutValue(message->message)}}); });  // nothing may be thrown through gRPC's core
  });
}

void ExpectCalls(const ServerConfig& config, Devices& devices, Metrics& metrics) {
  const RpcMetrics rpcs(metrics.registry(), ServedMethods(config));  // a server's own are the same series
  ExpectReports(metrics);
  ExpectStalls(devices, metrics);
  SetGauges(QueuesNow(devices), metrics);
}

struct GrpcServer::State {
  State(ServiceParts& service_parts, const std::string& address)
      : parts(service_parts), rpcs(parts.metrics.registry(), ServedMethods(parts.config)), segmentation(parts), models(parts), info(parts), inference(parts),
        port(0), door(std::in_place, address, parts.config.max_connections) {
    port = door->port();
  }

  /// `liveness` answers whatever the models do; these follow whether calls are taken, and those that need a model whether there is one.
  void ShowHealth() const {
    const bool serves = parts.WantsCalls();
    server->GetHealthCheckService()->SetServingStatus("", serves && can_serve);
    for (const std::string& name : OwnServices(parts.config)) {
      server->GetHealthCheckService()->SetServingStatus(name, serves && (can_serve || !NeedsAModel(name)));
    }
  }

  ServiceParts& parts;
  const RpcMetrics rpcs;
  SegmentationServiceImpl segmentation;
  ModelServiceImpl models;
  ServerServiceImpl info;
  InferenceServiceImpl inference;
  int port;
  std::shared_ptr<grpc::ServerCredentials> credentials;  // the server calls them as long as it lives
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor;
  std::unique_ptr<grpc::Server> server;
  std::mutex health_mutex;  // so that the last word is the last state's
  bool can_serve = false;
  std::optional<ConnectionDoor> door;  // closed before the server stops
  std::future<void> shut_down;         // valid once the server stops: when gRPC has no call left
};

GrpcServer::GrpcServer(ServiceParts& parts, const std::string& address) : state_(std::make_unique<State>(parts, address)) {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  if (!parts.config.reflection) builder.SetOption(std::make_unique<WithoutReflection>());
  state_->credentials = MakePortCredentials(parts.security.certificates(), parts.security.access(), [&parts](const grpc::Status& status) {
    parts.metrics.CountRejected(NameOf(status.error_code()));
  });
  using Builder = grpc::ServerBuilder::experimental_type;
  state_->acceptor = builder.experimental().AddExternalConnectionAcceptor(Builder::ExternalConnectionType::FROM_FD, state_->credentials);
  builder.RegisterService(&state_->segmentation);
  builder.RegisterService(&state_->models);
  builder.RegisterService(&state_->info);
  if (parts.config.open_inference) {
    builder.RegisterService(&state_->inference);
    builder.SetMaxReceiveMessageSize(LargestInferMessage(parts.config));  // gRPC has one limit for a whole server
  }
  LimitWhatIsReceived(parts.config, builder);
  builder.experimental().SetInterceptorCreators(CountingInterceptors(state_->rpcs, parts.answers));
  ExpectReports(parts.metrics);
  ExpectStalls(parts.devices, parts.metrics);
  SetConnectionArguments(parts.config, builder);
  state_->server = builder.BuildAndStart();
  if (!state_->server) throw Error(ErrorCode::kInternal, "gRPC: its server cannot be started");
  SetCanServe(parts.catalogue.View()->CanServe());
  state_->server->GetHealthCheckService()->SetServingStatus("liveness", true);
  state_->door->Open(HandedTo(*state_->acceptor));  // last: whoever comes in finds everything
}

GrpcServer::~GrpcServer() {
  if (!Stop(std::chrono::seconds(0))) state_->shut_down.wait();  // what a call uses must not go before it
}

int GrpcServer::port() const { return state_->port; }

std::shared_ptr<grpc::Channel> GrpcServer::InProcessChannel() { return state_->server->InProcessChannel({}); }

void GrpcServer::SetCanServe(bool can_serve) {
  const std::lock_guard lock(state_->health_mutex);
  state_->can_serve = can_serve;
  state_->ShowHealth();
}

bool GrpcServer::Stop(std::chrono::duration<double> grace, std::chrono::duration<double> delay, std::chrono::duration<double> patience) {
  {
    const std::lock_guard lock(state_->health_mutex);
    state_->parts.stopping = true;
    state_->ShowHealth();
  }
  std::this_thread::sleep_for(delay);
  state_->parts.draining = true;
  state_->door.reset();  // first: clients that are told to connect anew must not come here
  if (!state_->shut_down.valid()) state_->shut_down = ShutDown(*state_->server);
  const auto end = std::chrono::steady_clock::now() + grace;
  while ((state_->parts.streams > 0 || state_->parts.loads > 0) && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  // Where none of those is left that are waited for, the status of the last one may still be on its way.
  if (state_->parts.streams == 0) state_->shut_down.wait_for(kLastStatus);
  // Handlers of calls that are cancelled return within one poll. More than once: a connection may have begun to speak just now.
  auto since = std::chrono::steady_clock::now();
  bool ended = false;
  do {
    grpc_server_cancel_all_calls(state_->server->c_server());
    ended = state_->shut_down.wait_for(kBetweenCancels) == std::future_status::ready;
    if (state_->parts.loads > 0) since = std::chrono::steady_clock::now();  // nothing ends them before the level is loaded
  } while (!ended && std::chrono::steady_clock::now() - since < patience);
  return ended;
}

}  // namespace tuckerseg
