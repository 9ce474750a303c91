/// tuckerseg-server: reads its configuration, builds the parts, waits for a signal, stops.
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <thread>

#include "engine/error.h"
#include "engine/freed_memory.h"
#include "server/config.h"
#include "server/observe/log.h"
#include "server/security/security.h"
#include "server/serve/grpc_server.h"
#include "server/variants/variant_gauges.h"
#include "server/variants/warm_up.h"
#ifdef TUCKERSEG_WITH_TORCH
#include "engine/execute/torch/torch_executor.h"
#else
#include "engine/execute/plain/plain_executor.h"
#endif

namespace {

using namespace tuckerseg;

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

struct Execution {
  ExecutorFactory factory;
  std::string name;
  std::vector<std::string> devices;
};

Execution ChooseExecution(const ServerConfig& config) {
#ifdef TUCKERSEG_WITH_TORCH
  return {TorchExecutorFactory(config.device, config.threads), TorchVersion(), TorchDevices()};
#else
  if (config.device != "cpu") throw Error(ErrorCode::kInvalidArgument, "device = " + config.device + ": must be cpu");
  return {PlainExecutorFactory(), "plain", {"cpu"}};
#endif
}

/// Blocks the signals that stop the server, so that this thread alone takes them.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

/// Builds all that the server is made of, and serves until a signal comes; with `check_only` it ends before it listens.
void Serve(const ServerConfig& config, bool check_only) {
  KeepFreedMemoryOfAllThreads();  // until the server is idle (IdleHeap)
  const sigset_t signals = BlockSignals();
  LogGrpcMessages();
  const Execution execution = ChooseExecution(config);
  Security security(config);
  const ModelStore models(config.models, execution.factory, config.allow_non_commercial);
  if (check_only) return;
  MemoryBudget memory(config.memory_limit_bytes);
  ServiceTimes times;
  WarmUp(models, times);
  IdleHeap heap;  // before the queue, whose work uses it
  WorkQueue queue(config.queue_capacity);
  Metrics metrics(TUCKERSEG_VERSION, execution.devices);
  metrics.RefreshWith([&] {
    metrics.SetQueue(config.device, queue.depth(), queue.capacity(), queue.running() ? 1 : 0);
    security.ShowExpiry(metrics);
  });
  SetVariantGauges(models, metrics);
  const int metrics_port = metrics.Expose(config.metrics);
  ServiceParts parts{config, models, queue, memory, times, metrics, heap, security, execution.name, execution.devices};
  GrpcServer server(parts, config.listen);
  Log(LogLevel::kInfo, "serving", {{"port", server.port()}, {"metrics_port", metrics_port}, {"tasks", models.models().size()},
                                   {"device", config.device}, {"threads", config.threads}});

  int signal = 0;
  sigwait(&signals, &signal);
  Log(LogLevel::kInfo, "stopping", {{"signal", signal}, {"running", parts.streams.load()}});
  std::thread([signals]() mutable {
    int second = 0;
    sigwait(&signals, &second);
    _exit(kFailed);  // asked twice: at once
  }).detach();
  server.Stop(std::chrono::duration<double>(config.drain_s));
  Log(LogLevel::kInfo, "stopped", nlohmann::json::object());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Serves CT segmentation over gRPC"};
  app.name("tuckerseg-server");
  app.set_version_flag("--version", TUCKERSEG_VERSION);
  ServerConfig config;
  std::string config_file;
  std::string models;
  std::string listen;
  std::string metrics;
  bool check = false;
  app.add_option("--models", models, "Directory of bundles to serve");
  app.add_option("--listen", listen, "HOST:PORT for gRPC (default 127.0.0.1:50051)");
  app.add_option("--metrics", metrics, "HOST:PORT for Prometheus, at /metrics (default 127.0.0.1:9464)");
  app.add_option("--config", config_file, "JSON file with further settings (docs/api.md lists them)");
  app.add_flag("--check-config", check, "Check settings, device and models, and exit");
  try {
    app.parse(argc, argv);
    if (!config_file.empty()) {
      std::ifstream file(config_file);
      if (!file) throw Error(ErrorCode::kNotFound, "--config: cannot be opened; must be a readable file");
      ApplyConfigJson({std::istreambuf_iterator<char>(file), {}}, config);
    }
    if (!models.empty()) config.models = models;  // the command line wins over the file
    if (!listen.empty()) config.listen = listen;
    if (!metrics.empty()) config.metrics = metrics;
    if (config.models.empty()) throw CLI::RequiredError("--models (or `models` in --config)");
    CompleteConfig(config);
    Serve(config, check);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    std::cerr << "error: " << error.what() << ": see tuckerseg-server --help\n";
    return kWrongUsage;
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return kFailed;
  }
  return 0;
}
