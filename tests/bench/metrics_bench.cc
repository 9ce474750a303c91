/// What the server's metrics cost, as a share of a request's time. Timings are never tests; this one ends with exit status 1 above `--most`.
///
///   tuckerseg-metrics-bench [--models DIR] [--task TASK] [--level LEVEL] [--requests 50] [--length 96] [--threads N] [--scrape-period 1] [--most 0.005]
///
/// Real requests go through a real server in this process. Then all that such a request tells its metrics is told to them again, thousands of times, with the
/// same labels into the same series, and timed; that it was all, and nothing else, the page's own counts show. docs/benchmarking.md says what is counted.
#include <CLI/CLI.hpp>
#include <httplib.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client/lib/client.h"
#include "engine/cli/option_checks.h"
#include "engine/cli/run_command_line.h"
#include "engine/error.h"
#include "engine/execute/torch/torch_executor.h"
#include "engine/freed_memory.h"
#include "engine/text_table.h"
#include "server/observe/operator_endpoint.h"
#include "server/observe/resident_memory.h"
#include "server/serve/patch_clock.h"
#include "server/serve/rpc_interceptor.h"
#include "server/serve/segment_record.h"
#include "server/serve/segment_run.h"
#include "tests/bench/phantom_file.h"
#include "tests/bench/without_log.h"
#include "tests/server/serve/served_model.h"

namespace tuckerseg {
namespace {

/// How often what a request tells its metrics is told again.
constexpr int kReplays = 2000;
constexpr int kScrapes = 201;
constexpr const char* kService = "tuckerseg.v1.SegmentationService";
constexpr const char* kMethod = "Segment";

struct MetricsBenchArguments {
  std::string models = "models";
  std::string task;
  std::string level = "original";
  int requests = 50;
  int64_t length = 96;
  int threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  double scrape_period_s = 1;
  double most = 0.005;
};

double SecondsOn(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// For which all threads of this process but the calling one were on a processor.
double SecondsOfOtherThreads() { return SecondsOn(CLOCK_PROCESS_CPUTIME_ID) - SecondsOn(CLOCK_THREAD_CPUTIME_ID); }

/// Of `sorted`, which must not be empty.
double Median(const std::vector<double>& sorted) { return sorted[sorted.size() / 2]; }

/// By series, names with labels as they stand in a page.
using Counts = std::map<std::string, double>;

/// What the counters of a page say, and how often each histogram was observed; without what tells of the process, which runs on whatever is counted.
Counts CountsOf(const std::string& page) {
  Counts counts;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#') || line.starts_with("process_")) continue;
    const size_t end = line.rfind(' ');
    const std::string series = line.substr(0, end);
    const std::string name = series.substr(0, series.find('{'));
    if (name.ends_with("_total") || name.ends_with("_count")) counts[series] = std::stod(line.substr(end + 1));
  }
  return counts;
}

/// Once no call holds anything any more: the last one's RPC is counted.
Counts CountsOf(ServedModel& served) {
  if (!served.BecomesIdle()) throw Error(ErrorCode::kInternal, "requests: hold memory or a place after their end");
  return CountsOf(served.metrics().Text());
}

/// What was added to each series, by one of `times`; those that nothing was added to are left out.
Counts AddedByOne(const Counts& before, const Counts& after, double times) {
  Counts added;
  for (const auto& [series, count] : after) {
    const auto old = before.find(series);
    const double more = count - (old == before.end() ? 0 : old->second);
    if (more != 0) added[series] = more / times;
  }
  return added;
}

/// Over the series that begin so and have this in their labels.
double Sum(const Counts& counts, const std::string& begin, const std::string& label = "") {
  double sum = 0;
  for (const auto& [series, count] : counts)
    if (series.starts_with(begin) && series.find(label) != std::string::npos) sum += count;
  return sum;
}

/// Errors: kInternal that names the first series in which a replay differs from a request.
void CheckReplay(const Counts& request, const Counts& replay) {
  Counts all = request;
  all.insert(replay.begin(), replay.end());
  for (const auto& [series, count] : all) {
    const auto replayed = replay.find(series);
    const double by_request = request.contains(series) ? count : 0;
    const double by_replay = replayed == replay.end() ? 0 : replayed->second;
    if (std::abs(by_request - by_replay) <= 1e-6 * by_request) continue;
    throw Error(ErrorCode::kInternal,
                "replay: adds " + std::to_string(by_replay) + " to " + series + ": must be what a request adds, " + std::to_string(by_request));
  }
}

/// What came of the requests.
struct Requests {
  std::vector<double> seconds;  ///< of each, as tuckerseg_request_duration_seconds has them; sorted
  RequestEntry last;
  int64_t peak_memory_bytes = 0;
  Counts added;  ///< to each series, by one of them
};

Requests RunRequests(ServedModel& served, const MetricsBenchArguments& arguments) {
  // Not compressed, so that metrics are more of the request.
  const std::vector<std::byte> file = PhantomFile({arguments.length, arguments.length, arguments.length}, {3, 3, 3}, arguments.threads);
  v1::SegmentHeader header;
  header.set_task(arguments.task);
  header.mutable_level()->set_name(arguments.level);
  header.set_total_bytes(file.size());
  Client client(served.address());
  const auto segment = [&] { return client.Segment(header, [&](const ByteSink& sink) { sink(file); }, {}); };
  segment();  // pays for what is set up once: connection, memory, series
  const Counts before = CountsOf(served);
  Requests requests;
  for (int i = 0; i < arguments.requests; ++i) {
    requests.peak_memory_bytes = static_cast<int64_t>(segment().peak_memory_bytes());
    requests.last = served.requests().Newest().front();
    requests.seconds.push_back(requests.last.seconds);
  }
  std::sort(requests.seconds.begin(), requests.seconds.end());
  requests.added = AddedByOne(before, CountsOf(served), arguments.requests);
  return requests;
}

/// The record that the last request was reported with, as far as a report looks at it.
SegmentRecord RecordOf(const Requests& requests) {
  SegmentRecord record;
  record.service = kService;
  record.method = kMethod;
  record.request_id = requests.last.request_id;
  record.task = requests.last.task;
  record.variant = requests.last.variant;
  record.reason = requests.last.reason;
  record.device = requests.last.device;
  record.header_taken = true;
  record.received_bytes = std::llround(Sum(requests.added, "tuckerseg_bytes_total", R"(direction="received")"));
  record.sent_bytes = std::llround(Sum(requests.added, "tuckerseg_bytes_total", R"(direction="sent")"));
  record.peak_memory_bytes = requests.peak_memory_bytes;
  record.patches = std::llround(Sum(requests.added, "tuckerseg_patch_duration_seconds_count"));
  return record;
}

StageClock ClockOf(const RequestEntry& entry) {
  StageClock clock;
  for (size_t i = 0; i < kCallStages; ++i) clock.Add(static_cast<CallStage>(i), entry.stages.at(i).seconds);
  return clock;
}

/// One kind of work that metrics are.
struct Cost {
  std::string what;
  double times = 0;    ///< in one request
  double seconds = 0;  ///< each
};

/// Does `work` so often. Returns the time that this thread was on a processor for it, each; 0 where it is never done.
double SecondsOf(int64_t times, const std::function<void()>& work) {
  if (times == 0) return 0;
  const double begin = SecondsOn(CLOCK_THREAD_CPUTIME_ID);
  for (int64_t i = 0; i < times; ++i) work();
  return (SecondsOn(CLOCK_THREAD_CPUTIME_ID) - begin) / static_cast<double>(times);
}

/// As CountingInterceptor does.
double RpcSeconds(ServedModel& served) {
  const RpcMetrics rpcs(served.metrics().registry(), ServedMethods(served.parts().config));  // of the server's own series: their names are the same
  const std::string path = std::string("/") + kService + "/" + kMethod;
  return SecondsOf(kReplays, [&] {
    const auto started = std::chrono::steady_clock::now();
    const RpcSeries& series = rpcs.SeriesOf(path);
    series.Started();
    series.Handled(grpc::StatusCode::OK, std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
  });
}

/// Of a request, in all calls of it; the number sent is a mean, as progress comes by the clock.
double MessagesOf(const Requests& requests, const std::string& direction) { return Sum(requests.added, "grpc_server_msg_" + direction + "_total", std::string("\"") + kMethod + "\""); }

/// As CountingInterceptor does for each message.
double MessageSeconds(ServedModel& served, const Requests& requests) {
  const RpcMetrics rpcs(served.metrics().registry(), ServedMethods(served.parts().config));
  const RpcSeries& series = rpcs.SeriesOf(std::string("/") + kService + "/" + kMethod);
  const double received_s = SecondsOf(std::llround(kReplays * MessagesOf(requests, "received")), [&] { series.MessageReceived(); });
  const double sent_s = SecondsOf(std::llround(kReplays * MessagesOf(requests, "sent")), [&] { series.MessageSent(); });
  return std::max(received_s, sent_s);
}

/// As SegmentRun's work does after each patch.
double PatchSeconds(Metrics& metrics, const SegmentRecord& record) {
  PatchClock clock;
  Progress progress{.stage = Stage::kInfer};
  clock.Tell(progress, PatchClock::Clock::now());
  return SecondsOf(kReplays * record.patches, [&] {
    ++progress.patches_done;
    const std::optional<PatchClock::Patches> done = clock.Tell(progress, PatchClock::Clock::now());
    if (done) metrics.ObservePatch(record.variant, record.device, done->seconds);
  });
}

/// All that a request tells its metrics, kReplays times.
std::vector<Cost> Replay(ServedModel& served, const Requests& requests) {
  Metrics& metrics = served.metrics();
  const SegmentRecord record = RecordOf(requests);
  const StageClock measured = ClockOf(requests.last);
  StageClock entered;
  const double looks = 1 + std::floor(requests.seconds.front() / std::chrono::duration<double>(kPoll).count());
  const double chunks = std::ceil(static_cast<double>(record.received_bytes) / static_cast<double>(kSentChunkBytes));
  return {
      {"RPC: series found, begun, ended", 1, RpcSeconds(served)},
      {"message of the RPC", MessagesOf(requests, "received") + MessagesOf(requests, "sent"), MessageSeconds(served, requests)},
      {"stage entered", 2 * chunks + looks + 2 * static_cast<double>(kCallStages), SecondsOf(kReplays, [&] { entered.Enter(CallStage::kDecode); })},
      {"level chosen", 1, SecondsOf(kReplays, [&] { metrics.CountLevelChoice(record.task, record.variant, record.reason); })},
      {"patch", static_cast<double>(record.patches), PatchSeconds(metrics, record)},
      {"resident memory looked at", looks, SecondsOf(kReplays, [] { ResidentBytes(); })},
      {"call reported, with its line in the log", 1, SecondsOf(kReplays, [&] { Report(record, measured, grpc::Status::OK, served.parts()); })},
  };
}

/// What the server takes for a page over HTTP: all threads of this process but this one, which asks for it as Prometheus would on another machine. The median.
double ScrapeSeconds(ServedModel& served) {
  Readiness readiness;
  LiveStatus live;
  const OperatorEndpoint endpoint("127.0.0.1:0", TUCKERSEG_VERSION, served.metrics(), readiness, live, served.requests());
  httplib::Client http("127.0.0.1", endpoint.port());
  std::vector<double> seconds;
  for (int scrape = 0; scrape < kScrapes; ++scrape) {
    const double begin = SecondsOfOtherThreads();
    const httplib::Result page = http.Get("/metrics");
    if (!page || page->status != 200) throw Error(ErrorCode::kUnavailable, "scrape: no page came; must be the server's metrics");
    seconds.push_back(SecondsOfOtherThreads() - begin);
  }
  std::sort(seconds.begin(), seconds.end());
  return Median(seconds);
}

/// `request_s`: of the request that they are a share of.
std::string CostsText(const std::vector<Cost>& costs, double request_s) {
  using Align = TextTable::Align;
  TextTable table({{"what", Align::kLeft},
                   {"times a request", Align::kRight},
                   {"us each", Align::kRight},
                   {"us a request", Align::kRight},
                   {"% of it", Align::kRight}});
  const auto add = [&](const std::string& what, const std::string& times, const std::string& each, double seconds) {
    table.Add({what, times, each, Fixed(1e6 * seconds, 1), Fixed(100 * seconds / request_s, 4)});
  };
  double all = 0;
  for (const Cost& cost : costs) {
    all += cost.times * cost.seconds;
    add(cost.what, Fixed(cost.times, 2), Fixed(1e6 * cost.seconds, 2), cost.times * cost.seconds);
  }
  add("all", "", "", all);
  return table.Text();
}

void Run(const MetricsBenchArguments& arguments) {
  KeepFreedMemoryOfAllThreads();  // as tuckerseg-server does: requests are faster, so that metrics are more of them
  Requests requests;
  std::vector<Cost> costs;
  {
    const WithoutLog quiet;
    ServedOptions options;
    options.models = arguments.models;
    options.config.models = arguments.models;
    options.config.threads = arguments.threads;
    options.config.memory_limit_bytes = 0;  // what the machine has
    CompleteConfig(options.config);
    options.executor = TorchExecutorFactory("cpu", arguments.threads);
    ServedModel served(std::move(options));
    requests = RunRequests(served, arguments);
    const Counts before = CountsOf(served);
    costs = Replay(served, requests);
    CheckReplay(requests.added, AddedByOne(before, CountsOf(served), kReplays));
    costs.push_back({"scrape", requests.seconds.front() / arguments.scrape_period_s, ScrapeSeconds(served)});
  }
  const double request_s = requests.seconds.front();
  const std::string length = std::to_string(arguments.length);
  std::cout << requests.seconds.size() << " requests of " << requests.last.task << " at " << requests.last.variant << ", " << length << " x " << length << " x "
            << length << " voxels of 3 mm, " << arguments.threads << " threads: the fastest took " << Fixed(request_s, 3) << " s, the median "
            << Fixed(Median(requests.seconds), 3) << " s\na scrape every " << arguments.scrape_period_s << " s; shares of the fastest request:\n"
            << CostsText(costs, request_s);
  double share = 0;
  for (const Cost& cost : costs) share += cost.times * cost.seconds / request_s;
  if (share > arguments.most) {
    throw Error(ErrorCode::kFailedPrecondition,
                "metrics = " + Fixed(100 * share, 4) + " % of a request's time: must be at most " + Fixed(100 * arguments.most, 4) + " %");
  }
}

}  // namespace
}  // namespace tuckerseg

int main(int argc, char** argv) {
  using namespace tuckerseg;
  CLI::App app{"Tells what the server's metrics cost, as a share of a request's time; exit status 1 above --most"};
  app.name("tuckerseg-metrics-bench");
  app.set_version_flag("--version", TUCKERSEG_VERSION);
  MetricsBenchArguments arguments;
  app.add_option("--models", arguments.models, "Directory of bundles")->capture_default_str();
  app.add_option("--task", arguments.task, "Task; default: the only one, or total");
  app.add_option("--level", arguments.level, "Level")->capture_default_str();
  app.add_option("--requests", arguments.requests, "Requests that are timed")->check(WholeNumberFrom(1))->capture_default_str();
  app.add_option("--length", arguments.length, "Voxels of 3 mm along each axis of what they send")->check(WholeNumberFrom(16))->capture_default_str();
  app.add_option("--threads", arguments.threads, "Of the networks")->check(WholeNumberFrom(1))->capture_default_str();
  app.add_option("--scrape-period", arguments.scrape_period_s, "Seconds from one scrape to the next")->check(NumberIn(0.001, 86400))->capture_default_str();
  app.add_option("--most", arguments.most, "Largest share that is no failure")->check(NumberIn(0, 1))->capture_default_str();
  app.callback([&] { Run(arguments); });
  return RunCommandLine(app, argc, argv);
}
