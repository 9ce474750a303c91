/// What docs/operations.md says to ask Prometheus, and what the dashboard and the alerts of docs/monitoring ask: every expression, in a real Prometheus that scrapes a
/// real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <future>
#include <optional>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/error.h"
#include "tests/integration/demo_files.h"
#include "tests/integration/golden_files.h"
#include "tests/integration/monitoring_files.h"
#include "tests/integration/page_blocks.h"
#include "tests/integration/prometheus_process.h"
#include "tests/integration/segment_file.h"
#include "tests/integration/server_process.h"

namespace tuckerseg {
namespace {

/// Where the page has the server's metrics.
const std::string kPageTarget = "127.0.0.1:9464";

/// As what the page has the alerts copied.
const std::string kPageRules = "tuckerseg-alerts.yml";

/// What the page puts behind an expression that has no answer while all is well.
const std::string kMark = "# none";

/// More than any query needs: two, as a rate needs a counter that has grown between two scrapes.
constexpr int kMostRounds = 20;

/// Each waits for those before it: together longer than two scrapes are apart.
constexpr int kAtOnce = 6;

std::vector<PageBlock> PageBlocks(const std::string& language) {
  std::vector<PageBlock> blocks = BlocksOf(std::filesystem::path(TUCKERSEG_SOURCE_DIR) / "docs" / "operations.md");
  std::erase_if(blocks, [&](const PageBlock& block) { return block.language != language; });
  return blocks;
}

/// Every line of the page's PromQL, with its comment.
std::vector<std::string> Expressions() {
  std::vector<std::string> expressions;
  for (const PageBlock& block : PageBlocks("promql")) {
    std::istringstream lines(block.text);
    for (std::string line; std::getline(lines, line);)
      if (!line.empty()) expressions.push_back(line);
  }
  return expressions;
}

bool IsMarked(const std::string& expression) { return expression.find(kMark) != std::string::npos; }

/// The page's block of YAML that begins with this key.
std::string BlockOfKey(const std::string& key) {
  for (const PageBlock& block : PageBlocks("yaml"))
    if (block.text.starts_with(key + ":")) return block.text;
  throw std::runtime_error("docs/operations.md shows no " + key);
}

/// The page's own configuration, for the server at `port`.
std::string Configuration(int port) {
  std::string scrape_configs = BlockOfKey("scrape_configs");
  const size_t target = scrape_configs.find(kPageTarget);
  if (target == std::string::npos) throw std::runtime_error("docs/operations.md shows no scrape_configs for " + kPageTarget);
  return scrape_configs.replace(target, kPageTarget.size(), "127.0.0.1:" + std::to_string(port)) + BlockOfKey("rule_files");
}

bool IsNumber(double value) { return !std::isnan(value); }

/// Values, all of them numbers: a share of nothing is none.
bool IsAnswer(const std::vector<double>& values) { return !values.empty() && std::all_of(values.begin(), values.end(), IsNumber); }

/// A line on a panel: of several, those that have nothing to show have gaps.
bool IsLine(const std::vector<double>& values) { return std::any_of(values.begin(), values.end(), IsNumber); }

/// What the dashboard asks of a server that has certificates has no answer from one without.
std::vector<std::string> DashboardExpressionsWithoutTls() {
  std::vector<std::string> expressions = DashboardExpressions();
  std::erase_if(expressions, [](const std::string& expression) { return expression.find("tuckerseg_tls_") != std::string::npos; });
  return expressions;
}

class PrometheusQueriesTest : public testing::Test {
 protected:
  PrometheusQueriesTest() { CopyDemoModel(folder_); }

  /// Starts a server, at the port of metrics where one was before, and a Prometheus that scrapes it.
  void Start(const std::string& config) {
    const std::string file = directory_.Write("server.json", WithoutDrainDelay(config));
    const std::string metrics = "127.0.0.1:" + std::to_string(metrics_port_);
    server_.emplace(std::vector<std::string>{"--models", folder_ / "models", "--listen", "127.0.0.1:0", "--metrics", metrics, "--config", file});
    const auto serving = server_->WaitForEvent("serving");
    ASSERT_TRUE(serving) << server_->Errors();
    metrics_port_ = serving->at("metrics_port");
    address_ = "127.0.0.1:" + std::to_string(serving->at("port").get<int>());
    if (!prometheus_) {
      directory_.Write(kPageRules, FileText(MonitoringFile("alerts.yml")));
      prometheus_.emplace(directory_, Configuration(metrics_port_));
      ASSERT_TRUE(prometheus_->BecomesReady()) << prometheus_->Log();
    }
    ASSERT_TRUE(prometheus_->WaitForScrape()) << prometheus_->Log();
  }

  /// A CT of few patches, so that many requests fit into a test.
  std::vector<std::byte> Ct() const {
    DrawPhantom(folder_, "--seed 1 --spacing 3 --shape 70,70,70");
    return BytesOfFile(folder_ / "ct.nii.gz");
  }

  /// Has requests sent, a round after the other, until each of `expressions`, and of `lines`, has had an answer at some scrape, and returns those that have had none.
  std::vector<std::string> WithoutAnswer(std::vector<std::string> expressions, const std::function<void()>& round, std::vector<std::string> lines = {}) {
    for (int i = 0; i < kMostRounds && !(expressions.empty() && lines.empty()) && !HasFailure(); ++i) {
      std::future<void> requests = std::async(std::launch::async, round);
      do {
        EXPECT_TRUE(prometheus_->WaitForScrape()) << prometheus_->Log();
        std::erase_if(expressions, [this](const std::string& expression) { return IsAnswer(prometheus_->Query(expression)); });
        std::erase_if(lines, [this](const std::string& expression) { return IsLine(prometheus_->Query(expression)); });
      } while (!HasFailure() && requests.wait_for(std::chrono::seconds(0)) != std::future_status::ready);
      requests.get();
    }
    expressions.insert(expressions.end(), lines.begin(), lines.end());
    return expressions;
  }

  /// The alerts whose expressions hold now. All must be there, and all be such as Prometheus can evaluate.
  std::vector<std::string> ActiveAlerts() {
    const std::vector<EvaluatedAlert> alerts = prometheus_->Alerts();
    EXPECT_EQ(alerts.size(), AlertRules().size()) << prometheus_->Log();
    std::vector<std::string> active;
    for (const EvaluatedAlert& alert : alerts) {
      EXPECT_EQ(alert.error, "") << alert.name;
      if (alert.is_active) active.push_back(alert.name);
    }
    return active;
  }

  const TemporaryDirectory directory_;
  const std::filesystem::path& folder_ = directory_.path();
  std::optional<ServerProcess> server_;
  std::optional<PrometheusProcess> prometheus_;
  int metrics_port_ = 0;
  std::string address_;
};

TEST_F(PrometheusQueriesTest, AllButThoseThatAreMarkedHaveAnswersWhileAllIsWell) {
  if (!PrometheusProcess::IsOnThePath()) GTEST_SKIP() << "prometheus is not on the PATH: scripts/unpack_prometheus.sh brings it in";
  Start("{}");
  std::vector<std::string> expressions = Expressions();
  const auto marked = std::stable_partition(expressions.begin(), expressions.end(), [](const std::string& expression) { return !IsMarked(expression); });
  ASSERT_GE(marked - expressions.begin(), 10) << "docs/operations.md shows many more";
  const std::vector<std::byte> ct = Ct();
  const auto one_request = [&] {
    Client client(address_);
    SegmentFile(client, ct);
  };
  EXPECT_THAT(WithoutAnswer({expressions.begin(), marked}, one_request), testing::IsEmpty());

  ASSERT_TRUE(prometheus_->WaitForScrape()) << "of the idle server";
  for (auto expression = marked; expression != expressions.end(); ++expression) EXPECT_THAT(prometheus_->Query(*expression), testing::IsEmpty()) << *expression;
  std::vector<std::string> active = ActiveAlerts();
  std::erase(active, "TuckersegMemoryLow");  // which tells of this machine
  EXPECT_THAT(active, testing::IsEmpty()) << "nor is there anything to tell anybody";
}

TEST_F(PrometheusQueriesTest, AllHaveAnswersInTrouble) {
  if (!PrometheusProcess::IsOnThePath()) GTEST_SKIP() << "prometheus is not on the PATH: scripts/unpack_prometheus.sh brings it in";
  directory_.Write("models/demo/variants/broken/variant.json", "{}");
  const std::string no_collector = R"({"traces": {"endpoint": "http://127.0.0.1:1/v1/traces"}})";
  Start(no_collector);
  server_->Signal(SIGTERM);
  ASSERT_EQ(server_->WaitForEnd(), 0) << server_->Errors();
  Start(no_collector);  // again: it has been restarted
  const std::vector<std::byte> ct = Ct();
  const std::vector<std::byte> no_ct(1000);
  v1::SegmentHeader at_once;
  at_once.mutable_level()->mutable_automatic()->mutable_max_latency()->set_nanos(1'000'000);

  const auto requests = [&] {
    Client client(address_);
    client.UnloadVariant("", "original", "");  // the first that is served below has it loaded again
    EXPECT_THROW(SegmentFile(client, no_ct), Error) << "refused";
    EXPECT_THROW(SegmentFile(client, ct, at_once), Error) << "no level is as fast";
    const ByteProducer gives_up = [&ct](const ByteSink& sink) {
      sink(std::span(ct).first(ct.size() / 2));
      throw Error(ErrorCode::kCancelled, "given up");
    };
    EXPECT_THROW(client.Segment({}, gives_up, {}), Error);
    std::vector<std::future<void>> waiting;
    for (int i = 0; i < kAtOnce; ++i) waiting.push_back(std::async(std::launch::async, [&] { SegmentFile(client, ct); }));
    for (std::future<void>& request : waiting) request.get();
  };
  EXPECT_THAT(WithoutAnswer(Expressions(), requests, DashboardExpressionsWithoutTls()), testing::IsEmpty());
  EXPECT_THAT(ActiveAlerts(), testing::IsSupersetOf({"TuckersegLevelFailed", "TuckersegSpansDropped"}));
}

}  // namespace
}  // namespace tuckerseg
