/// tuckerseg-server: reads its configuration, builds the parts, waits for a signal, stops.
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/cli/standard_output.h"
#include "engine/freed_memory.h"
#include "server/config.h"
#include "server/execution.h"
#include "server/observe/choice_log.h"
#include "server/observe/log.h"
#include "server/observe/operator_endpoint.h"
#include "server/observe/otlp_exporter.h"
#include "server/observe/status_gauges.h"
#include "server/observe/variant_gauges.h"
#include "server/random_id.h"
#include "server/security/core_dumps.h"
#include "server/security/security.h"
#include "server/serve/current_status.h"
#include "server/serve/grpc_server.h"
#include "server/serve/serving_watch.h"
#include "server/serve/stall_watch.h"
#include "server/thread_stacks.h"
#include "server/variants/model_rescan.h"

namespace {

using namespace tuckerseg;

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

/// Blocks the signals that stop the server, so that this thread alone takes them.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

/// While it lives a signal ends the process at once: loading may take minutes, and no request has been taken that would have to be finished.
class EndWhileStarting {
 public:
  explicit EndWhileStarting(const sigset_t& signals) : thread_([signals](const std::stop_token& stop) { Wait(signals, stop); }) {}

 private:
  static void Wait(const sigset_t& signals, const std::stop_token& stop) {
    const timespec look{.tv_sec = 0, .tv_nsec = 100'000'000};
    while (!stop.stop_requested()) {
      if (sigtimedwait(&signals, nullptr, &look) <= 0) continue;
      Log(LogLevel::kInfo, "stopped", nlohmann::json::object());
      _exit(0);
    }
  }

  std::jthread thread_;
};

CatalogueOptions CatalogueOptionsOf(const ServerConfig& config) { return {.directory = config.models, .allow_non_commercial = config.allow_non_commercial}; }

void AddDevices(const ServerConfig& config, Devices& devices) { devices.AddAll(DevicesOf(config), ExecutionOn, config.memory_limit_bytes, ClientShareOf(config)); }

/// What keeps a server of these settings from serving all that it is given, a line each: all is loaded once. Errors: for devices and files that cannot be used.
std::vector<std::string> CheckModels(const ServerConfig& config) {
  const Security security(config);
  if (!config.choices_file.empty()) ChoiceLog::Check(config.choices_file);
  Metrics metrics(TUCKERSEG_VERSION, DeviceKinds(), ExecutorName());
  MemoryBudget memory(config.memory_limit_bytes);
  Devices devices;
  AddDevices(config, devices);
  Catalogue catalogue(CatalogueOptionsOf(config), devices, memory, metrics);
  catalogue.LoadEach();
  return BrokenModels(*catalogue.View());
}

/// Takes no more calls, lets those that run end, and says how that went. Where something hangs, the process ends here, as if asked twice: what it uses cannot be taken down.
void End(GrpcServer& server, Devices& devices, const ServerConfig& config) {
  constexpr std::chrono::seconds kLastPatch{30};
  if (!server.Stop(std::chrono::duration<double>(config.drain_s), std::chrono::duration<double>(config.drain_delay_s))) {
    Log(LogLevel::kError, "calls_hang", nlohmann::json::object());
    _exit(kFailed);
  }
  if (const size_t stuck = devices.StillWorkingAfter(kLastPatch); stuck > 0) {
    Log(LogLevel::kError, "stopped", {{"stuck", stuck}});
    _exit(kFailed);
  }
  Log(LogLevel::kInfo, "stopped", nlohmann::json::object());
}

/// Builds all that the server is made of, and serves until a signal comes.
void Serve(const ServerConfig& config) {
  EnsureThreadStacks();  // before there is any but this one
  ForbidCoreDumps();
  KeepFreedMemoryOfAllThreads();  // until the server is idle (IdleHeap)
  const sigset_t signals = BlockSignals();
  LogGrpcMessages();
  Security security(config);
  Metrics metrics(TUCKERSEG_VERSION, DeviceKinds(), ExecutorName());
  MemoryBudget memory(config.memory_limit_bytes);
  IdleHeap heap;
  StallWatch stalls(config.stall_s, metrics);
  Devices devices;  // behind what the work of their queues uses, but for the catalogue, which stops them
  AddDevices(config, devices);
  std::optional<ChoiceLog> choices;
  if (!config.choices_file.empty()) choices.emplace(config.choices_file, config.choices_max_bytes);
  // The operators' pages come first and go last: probes are answered while models are loaded and while running requests end.
  Readiness readiness;
  LiveStatus live;
  RequestRing requests;
  VariantGauges variants(metrics);
  ExpectCalls(config, devices, metrics);
  metrics.RefreshWith([&] {
    if (const auto status = live.Now()) {
      SetGauges(*status, metrics);
      variants.Show(status->levels);
    }
    security.ShowExpiry(metrics);
  });
  const OperatorEndpoint endpoint(config.metrics, TUCKERSEG_VERSION, metrics, readiness, live, requests);
  std::optional<OtlpExporter> spans;
  if (!config.traces_endpoint.empty()) {
    spans.emplace(OtlpOptions{.collector = ParseHttpUrl("traces.endpoint", config.traces_endpoint), .source = {TUCKERSEG_VERSION, RandomId()}},
                  [&metrics](const char* reason, size_t count) { metrics.CountDroppedSpans(reason, static_cast<double>(count)); });
  }
  readiness.Starting("loading models");
  std::optional<EndWhileStarting> starting(std::in_place, signals);
  Catalogue catalogue(CatalogueOptionsOf(config), devices, memory, metrics);
  ResultCache results(config.results);
  ServiceParts parts{config, catalogue, devices, memory, metrics, heap, results, security, stalls, ExecutorName()};
  parts.choices = choices ? &*choices : nullptr;
  parts.requests = &requests;
  parts.spans = spans ? &*spans : nullptr;
  const LiveStatus::Shown shown = live.Show([&parts] { return CurrentStatus(parts); });  // of levels that are being loaded, too
  parts.starting = true;
  GrpcServer server(parts, config.listen);  // before the models are loaded: liveness must not wait for them, and an address that cannot be had is known at once
  {
    const IdleHeap::Use use(heap);  // what loading needs for a while is given back afterwards, whether or not a request comes
    catalogue.LoadWhatFits();
  }
  starting.reset();  // from here on requests may run: a signal waits for them
  parts.starting = false;
  const ServingWatch watch(catalogue, stalls, readiness, server);
  ModelRescan rescan(catalogue, heap, config.models_rescan_s);
  Log(LogLevel::kInfo, "serving", {{"port", server.port()}, {"metrics_port", endpoint.port()}, {"tasks", catalogue.View()->models.size()},
                                   {"devices", devices.Names()}});

  int signal = 0;
  sigwait(&signals, &signal);
  readiness.Draining();
  rescan.RequestStop();  // what is loaded from now on would hold up the end, and the requests before it
  Log(LogLevel::kInfo, "stopping", {{"signal", signal}, {"running", parts.streams.load()}});
  std::thread([signals]() mutable {
    int second = 0;
    sigwait(&signals, &second);
    _exit(kFailed);  // asked twice: at once
  }).detach();
  End(server, devices, config);
}

/// Its name alone: what was meant as its value may be a secret, and standard error is kept by whoever starts servers.
std::string UnknownOption(const std::vector<std::string>& unexpected) {
  for (const std::string& word : unexpected) {
    if (word.rfind("--", 0) == 0) return word.substr(0, word.find('='));
    if (word.rfind('-', 0) == 0) return word.substr(0, 2);
  }
  return "argument";
}

/// A line for each. Returns the exit status.
int Tell(const std::vector<std::string>& mistakes) {
  for (const std::string& mistake : mistakes) std::cerr << "error: " << mistake << "\n";
  return mistakes.empty() ? 0 : kFailed;
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
  app.add_option("--metrics", metrics, "HOST:PORT of the operators' pages: /metrics, /healthz, /readyz, / (default 127.0.0.1:9464)");
  app.add_option("--config", config_file, "JSON file with further settings (docs/api.md lists them)");
  app.add_flag("--check-config", check, "Explain every mistake of the settings, check device and models, and exit");
  try {
    app.parse(argc, argv);
    std::vector<std::string> mistakes;
    if (!config_file.empty()) mistakes = ReadConfigJson(ConfigText(config_file), config);
    if (!models.empty()) config.models = models;  // the command line wins over the file
    if (!listen.empty()) config.listen = listen;
    if (!metrics.empty()) config.metrics = metrics;
    if (mistakes.empty() && config.models.empty()) throw CLI::RequiredError("--models (or `models` in --config)");
    for (std::string& mistake : FindMistakes(config)) mistakes.push_back(std::move(mistake));
    if (!mistakes.empty()) return Tell(mistakes);
    CompleteConfig(config);
    if (check) return Tell(CheckModels(config));
    Serve(config);
  } catch (const CLI::ExtrasError&) {
    std::cerr << "error: " << UnknownOption(app.remaining()) << ": no option of this program: see tuckerseg-server --help\n";
    return kWrongUsage;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return StatusOncePrinted(app.exit(error));  // --help, --version
    std::cerr << "error: " << error.what() << ": see tuckerseg-server --help\n";
    return kWrongUsage;
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return kFailed;
  }
  return 0;
}
