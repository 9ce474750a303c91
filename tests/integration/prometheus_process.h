/// A real Prometheus as a process of its own, for what it makes of a server's metrics.
#pragma once

#include <fcntl.h>
#include <httplib.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/engine/model/temporary_directory.h"
#include "tests/integration/free_port.h"

namespace tuckerseg {

/// An alert as Prometheus evaluates it.
struct EvaluatedAlert {
  std::string name;
  std::string error;       ///< what it says of an expression that it cannot evaluate
  bool is_active = false;  ///< its expression holds, long enough to fire or not yet
};

class PrometheusProcess {
 public:
  static bool IsOnThePath() { return std::system("command -v prometheus > /dev/null 2>&1") == 0; }

  /// Starts it with `configuration` (YAML without `global`), scraping and evaluating rules every second; its data and its log go below `directory`, where files
  /// of rules are looked for.
  PrometheusProcess(const TemporaryDirectory& directory, const std::string& configuration)
      : port_(FreePort()), log_(directory.path() / "prometheus.log"), http_("127.0.0.1", port_) {
    const std::string config =
        directory.Write("prometheus.yml", "global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }\n" + configuration);
    std::vector<std::string> words{"prometheus", "--config.file=" + config, "--storage.tsdb.path=" + (directory.path() / "prometheus").string(),
                                   "--web.listen-address=127.0.0.1:" + std::to_string(port_)};
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    process_ = fork();
    if (process_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that crashes leaves none behind
      const int file = open(log_.c_str(), O_WRONLY | O_CREAT, 0600);
      dup2(file, STDOUT_FILENO);
      dup2(file, STDERR_FILENO);
      execvp(arguments.front(), arguments.data());
      _exit(127);
    }
  }
  ~PrometheusProcess() {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }
  PrometheusProcess(const PrometheusProcess&) = delete;
  PrometheusProcess& operator=(const PrometheusProcess&) = delete;

  /// Whether it comes up within the limit.
  bool BecomesReady() {
    return Becomes([this] {
      const httplib::Result answer = http_.Get("/-/ready");
      return answer && answer->status == 200;
    });
  }

  /// Waits for a scrape of a tuckerseg server that begins after this call.
  bool WaitForScrape() {
    const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    return Becomes([this, now] {
      const std::vector<double> scraped = Query("timestamp(tuckerseg_build_info)");
      return !scraped.empty() && scraped.front() > now;
    });
  }

  /// The values of an expression now, one for each series; none: empty. Errors: what Prometheus says of an expression that it cannot evaluate.
  std::vector<double> Query(const std::string& expression) {
    const nlohmann::json json = Answer(http_.Post("/api/v1/query", httplib::Params{{"query", expression}}));
    if (json.at("status") != "success") throw std::runtime_error(expression + ": " + json.at("error").get<std::string>());
    std::vector<double> values;
    for (const auto& series : json.at("data").at("result")) values.push_back(std::stod(series.at("value").at(1).get<std::string>()));
    return values;
  }

  /// All alerts of its rules once each has been evaluated; none where that does not happen within the limit.
  std::vector<EvaluatedAlert> Alerts() {
    std::vector<EvaluatedAlert> alerts;
    const bool all_evaluated = Becomes([&] {
      alerts.clear();
      bool all = true;
      const nlohmann::json answer = Answer(http_.Get("/api/v1/rules?type=alert"));
      for (const auto& group : answer.at("data").at("groups")) {
        for (const auto& rule : group.at("rules")) {
          alerts.push_back({rule.at("name"), rule.value("lastError", ""), rule.at("state") != "inactive"});
          all = all && rule.at("health") != "unknown";
        }
      }
      return all;
    });
    return all_evaluated ? alerts : std::vector<EvaluatedAlert>{};
  }

  std::string Log() const { return FileText(log_); }

 private:
  nlohmann::json Answer(const httplib::Result& answer) const {
    if (!answer) throw std::runtime_error("no answer from Prometheus: " + Log());
    return nlohmann::json::parse(answer->body);
  }

  /// True as soon as `condition` holds; false if it still does not after a minute, which only a test that fails waits for.
  static bool Becomes(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return true;
  }

  const int port_;
  const std::filesystem::path log_;
  httplib::Client http_;
  pid_t process_ = 0;
};

}  // namespace tuckerseg
