/// Where a request's time goes, and which share of it comes after the network. Timings are never tests; this one ends with exit status 1 above `--most`.
///
///   tuckerseg-request-bench [--models DIR] [--task TASK] [--level original] [--requests 3] [--threads 2] [--most 0.1]
///
/// Real requests go through a real server in this process. Without `--models` it has TotalSegmentator's network of 3 mm with 118 classes, with random weights: that it finds specks
/// instead of organs makes what follows it no cheaper. docs/benchmarking.md says what counts as after the network.
#include <CLI/CLI.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <iostream>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "client/lib/client.h"
#include "compression/rank/architecture.h"
#include "engine/available_memory.h"
#include "engine/cli/option_checks.h"
#include "engine/cli/run_command_line.h"
#include "engine/error.h"
#include "engine/execute/executor.h"
#include "engine/execute/torch/torch_executor.h"
#include "engine/freed_memory.h"
#include "engine/text_table.h"
#include "tests/bench/phantom_file.h"
#include "tests/bench/without_log.h"
#include "tests/engine/tiny_network.h"
#include "tests/server/serve/served_model.h"

namespace tuckerseg {
namespace {

/// The size of the CT that docs/results/memory.md and speed.md have: at 3 mm it is one patch of the network.
constexpr Index3 kShape{170, 140, 150};
constexpr Spacing3 kSpacingMm{2, 2, 2};

struct RequestBenchArguments {
  std::string models;
  std::string task;
  std::string level = "original";
  int requests = 3;
  int threads = 2;
  double most = 0.1;
};

/// Adds up the seconds of an executor's forward passes. `seconds` must outlive it.
class TimedExecutor final : public Executor {
 public:
  TimedExecutor(std::unique_ptr<Executor> inner, std::atomic<double>& seconds) : inner_(std::move(inner)), seconds_(seconds) {}

  std::span<const float> Run(std::span<const float> patch, const Size3& shape) override {
    const auto begin = std::chrono::steady_clock::now();
    const std::span<const float> logits = inner_->Run(patch, shape);
    seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return logits;
  }
  void ReleaseLogits() override { inner_->ReleaseLogits(); }

 private:
  std::unique_ptr<Executor> inner_;
  std::atomic<double>& seconds_;
};

/// TotalSegmentator's way with `total` at 3 mm.
Bundle RandomTotalFast() {
  const Network network = PaperNetwork("3mm");
  Bundle bundle = TinyBundle(network.graph, network.patch, 1);
  bundle.model.parts.front().spacing_mm = {3, 3, 3};
  bundle.model.pipeline = {.totalsegmentator = true, .spacing_mm = Spacing3d{3, 3, 3}, .resampling_order = 1, .tile_step = 0.8};
  return bundle;
}

/// One request, in seconds.
struct RequestTimes {
  double whole = 0;        ///< up to its summary
  double network = 0;      ///< forward passes
  double window = 0;       ///< patches cut out and summed
  double head = 0;         ///< the last layer where it runs on the sums, and the largest class
  double postprocess = 0;  ///< labels cleaned, and taken back to the input's grid
  double encode = 0;       ///< volumes, the label map's file
  double AfterTheNetwork() const { return window + head + postprocess + encode; }
};

RequestTimes TimesOf(const v1::Summary& summary, double network_s) {
  RequestTimes times{.network = network_s};
  for (const v1::StageTime& stage : summary.stages()) {
    times.whole += stage.seconds();
    if (stage.stage() == v1::STAGE_INFER) times.window = stage.seconds() - summary.network_seconds();
    if (stage.stage() == v1::STAGE_POSTPROCESS) times.postprocess = stage.seconds();
    if (stage.stage() == v1::STAGE_ENCODE) times.encode = stage.seconds();
  }
  times.head = summary.network_seconds() - network_s;
  return times;
}

RequestTimes FastestRequest(ServedModel& served, const RequestBenchArguments& arguments, std::atomic<double>& network_s) {
  const std::vector<std::byte> file = PhantomFile(kShape, kSpacingMm, arguments.threads);
  v1::SegmentHeader header;
  header.set_task(arguments.task);
  header.mutable_level()->set_name(arguments.level);
  header.set_total_bytes(file.size());
  Client client(served.address());
  const auto segment = [&] {
    network_s = 0;
    const v1::Summary summary = client.Segment(header, [&](const ByteSink& sink) { sink(file); }, {});
    return TimesOf(summary, network_s.load());
  };
  segment();  // pays for what is set up once: connection, memory
  RequestTimes fastest = segment();
  for (int i = 1; i < arguments.requests; ++i) {
    const RequestTimes times = segment();
    if (times.whole < fastest.whole) fastest = times;
  }
  return fastest;
}

std::string TimesText(const RequestTimes& times) {
  using Align = TextTable::Align;
  TextTable table({{"what", Align::kLeft}, {"ms", Align::kRight}, {"% of it", Align::kRight}});
  const auto add = [&](const std::string& what, double seconds) { table.Add({what, Fixed(1e3 * seconds, 1), Fixed(100 * seconds / times.whole, 2)}); };
  add("before the network, and sending", times.whole - times.network - times.AfterTheNetwork());
  add("the network's forward passes", times.network);
  add("patches cut out and summed", times.window);
  add("last layer on the sums, largest class", times.head);
  add("labels cleaned, back on the input's grid", times.postprocess);
  add("volumes, label map encoded", times.encode);
  add("after the network: the four above", times.AfterTheNetwork());
  return table.Text();
}

void Run(const RequestBenchArguments& arguments) {
  KeepFreedMemoryOfAllThreads();  // as tuckerseg-server does
  std::atomic<double> network_s = 0;
  RequestTimes times;
  {
    const WithoutLog quiet;
    ServedOptions options;
    options.models = arguments.models;
    if (arguments.models.empty()) options.bundles = {RandomTotalFast()};
    options.config.threads = arguments.threads;
    options.config.memory_limit_bytes = AvailableMemory() / 10 * 8;
    options.executor = [torch = TorchExecutorFactory("cpu", arguments.threads), &network_s](const LayerGraph& graph, const WeightStore& weights,
                                                                                            const std::string& prefix) -> std::unique_ptr<Executor> {
      return std::make_unique<TimedExecutor>(torch(graph, weights, prefix), network_s);
    };
    ServedModel served(std::move(options));
    times = FastestRequest(served, arguments, network_s);
  }
  std::cout << "a phantom of " << kShape[0] << " x " << kShape[1] << " x " << kShape[2] << " voxels of 2 mm, " << arguments.threads << " threads: the fastest of "
            << arguments.requests << " requests took " << Fixed(times.whole, 2) << " s\n"
            << TimesText(times);
  const double share = times.AfterTheNetwork() / times.whole;
  if (share > arguments.most) {
    throw Error(ErrorCode::kFailedPrecondition,
                "after the network = " + Fixed(100 * share, 2) + " % of a request's time: must be at most " + Fixed(100 * arguments.most, 2) + " %");
  }
}

}  // namespace
}  // namespace tuckerseg

int main(int argc, char** argv) {
  using namespace tuckerseg;
  CLI::App app{"Tells where a request's time goes, and which share of it comes after the network; exit status 1 above --most"};
  app.name("tuckerseg-request-bench");
  app.set_version_flag("--version", TUCKERSEG_VERSION);
  RequestBenchArguments arguments;
  app.add_option("--models", arguments.models, "Directory of bundles; default: TotalSegmentator's network of 3 mm with random weights");
  app.add_option("--task", arguments.task, "Task; default: the only one, or total");
  app.add_option("--level", arguments.level, "Level")->capture_default_str();
  app.add_option("--requests", arguments.requests, "Requests of which the fastest counts")->check(WholeNumberFrom(1))->capture_default_str();
  app.add_option("--threads", arguments.threads, "Of the networks and of what is around them")->check(WholeNumberFrom(1))->capture_default_str();
  app.add_option("--most", arguments.most, "Largest share after the network that is no failure")->check(NumberIn(0, 1))->capture_default_str();
  app.callback([&] { Run(arguments); });
  return RunCommandLine(app, argc, argv);
}
