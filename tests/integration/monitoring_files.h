/// The alerts and the dashboard of docs/monitoring, read for tests.
#pragma once

#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/engine/model/temporary_directory.h"

namespace tuckerseg {

inline std::filesystem::path MonitoringFile(const std::string& name) { return std::filesystem::path(TUCKERSEG_SOURCE_DIR) / "docs" / "monitoring" / name; }

struct AlertRule {
  std::string name;
  std::string expression;
  std::string text;  ///< all of its lines
};

/// As much of YAML as alerts.yml uses: `- alert: NAME` begins a rule, `expr:` holds its expression, on its own line or, after a `|`, on those below it.
inline std::vector<AlertRule> AlertRules() {
  static const std::string kAlert = "- alert: ";
  static const std::string kExpression = "expr: ";
  std::vector<AlertRule> rules;
  std::istringstream lines(FileText(MonitoringFile("alerts.yml")));
  size_t expression_indent = std::string::npos;  // none is being read
  for (std::string line; std::getline(lines, line);) {
    const size_t indent = line.find_first_not_of(' ');
    const std::string text = indent == std::string::npos ? "" : line.substr(indent);
    if (text.starts_with(kAlert)) rules.push_back({text.substr(kAlert.size()), "", ""});
    if (rules.empty()) continue;
    AlertRule& rule = rules.back();
    rule.text += line + "\n";
    if (text.starts_with(kExpression)) {
      expression_indent = indent;
      const std::string rest = text.substr(kExpression.size());
      if (rest != "|") rule.expression = rest;
    } else if (expression_indent != std::string::npos && indent > expression_indent && !text.empty()) {
      rule.expression += " " + text;
    } else {
      expression_indent = std::string::npos;
    }
  }
  return rules;
}

struct AlertCase {
  std::string alert;
  bool fires = false;
};

/// What alerts_test.yml expects of alerts, in order.
inline std::vector<AlertCase> AlertCases() {
  static const std::regex kCase(R"(alertname: (\w+)[,\s]+eval_time: \w+[,\s]+exp_alerts:( \[\])?)");
  const std::string text = FileText(MonitoringFile("alerts_test.yml"));
  std::vector<AlertCase> cases;
  for (std::sregex_iterator found(text.begin(), text.end(), kCase); found != std::sregex_iterator(); ++found) cases.push_back({(*found)[1], !(*found)[2].matched});
  return cases;
}

inline nlohmann::json Dashboard() { return nlohmann::json::parse(FileText(MonitoringFile("dashboard.json"))); }

/// Its rows and panels, and those within rows that are collapsed.
inline std::vector<nlohmann::json> PanelsOf(const nlohmann::json& dashboard_or_row) {
  std::vector<nlohmann::json> panels;
  for (const auto& panel : dashboard_or_row.value("panels", nlohmann::json::array())) {
    panels.push_back(panel);
    for (auto& inner : PanelsOf(panel)) panels.push_back(std::move(inner));
  }
  return panels;
}

/// The dashboard's expressions as Grafana would ask them of all servers: its variables replaced.
inline std::vector<std::string> DashboardExpressions() {
  const nlohmann::json dashboard = Dashboard();
  std::vector<std::string> expressions;
  for (const auto& panel : PanelsOf(dashboard))
    for (const auto& target : panel.value("targets", nlohmann::json::array())) expressions.push_back(target.at("expr"));
  for (const auto& annotation : dashboard.at("annotations").at("list")) expressions.push_back(annotation.at("expr"));
  static const std::regex kWindow(R"(\$__rate_interval)");
  static const std::regex kInstance(R"(\$instance)");
  for (std::string& expression : expressions) expression = std::regex_replace(std::regex_replace(expression, kWindow, "5m"), kInstance, ".+");
  return expressions;
}

}  // namespace tuckerseg
