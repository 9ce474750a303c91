/// The alerts and the dashboard of docs/monitoring: what can be said of them without a server. That the names they ask for are on a server's page stands in
/// tests/server/serve/promtool_test.cc, that a real Prometheus answers in prometheus_queries_test.cc.
#include "tests/integration/monitoring_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/engine/model/temporary_directory.h"
#include "tests/integration/program.h"
#include "tests/integration/promql_selectors.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::filesystem::path kSource = TUCKERSEG_SOURCE_DIR;

std::set<std::string> AlertNames() {
  std::set<std::string> names;
  for (const AlertRule& rule : AlertRules()) names.insert(rule.name);
  return names;
}

/// Every name of an alert that a text has.
std::set<std::string> AlertsNamedIn(const std::string& text) {
  static const std::regex kAlert(R"(Tuckerseg[A-Z]\w+)");
  std::set<std::string> names;
  for (std::sregex_iterator found(text.begin(), text.end(), kAlert); found != std::sregex_iterator(); ++found) names.insert(found->str());
  return names;
}

/// The part of a link behind its # by which a page's heading is found.
std::string AnchorOf(const std::string& heading) {
  std::string anchor;
  for (const char c : heading) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-') anchor += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (c == ' ') anchor += '-';
  }
  return anchor;
}

std::set<std::string> AnchorsOf(const std::filesystem::path& page) {
  std::set<std::string> anchors;
  std::ifstream lines(page);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("#")) anchors.insert(AnchorOf(line.substr(line.find_first_not_of("# "))));
  return anchors;
}

Outcome Promtool(const std::string& arguments) {
  const TemporaryDirectory folder;
  return RunProgram("promtool", arguments, folder.path());
}

#define SKIP_WITHOUT_PROMTOOL() \
  if (std::system("command -v promtool > /dev/null 2>&1") != 0) GTEST_SKIP() << "promtool is not on the PATH: scripts/unpack_prometheus.sh brings it in"

TEST(Alerts, ArePassedByPromtool) {
  SKIP_WITHOUT_PROMTOOL();
  const Outcome outcome = Promtool("check rules " + MonitoringFile("alerts.yml").string());
  EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("SUCCESS: " + std::to_string(AlertRules().size()) + " rules found")) << "tests of them read as many as there are";
}

TEST(Alerts, FireInTheirCasesAndNotJustShortOfThem) {
  SKIP_WITHOUT_PROMTOOL();
  const Outcome outcome = Promtool("test rules " + MonitoringFile("alerts_test.yml").string());
  EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
}

TEST(Alerts, HaveACaseInWhichTheyFireAndOneInWhichTheyDoNot) {
  std::map<std::string, std::set<bool>> cases;
  for (const AlertCase& one : AlertCases()) cases[one.alert].insert(one.fires);
  for (const std::string& name : AlertNames()) EXPECT_THAT(cases[name], ElementsAre(false, true)) << name;
  EXPECT_EQ(cases.size(), AlertNames().size()) << "none of an alert that is not there";
}

TEST(Alerts, SayHowUrgentTheyAreAndWhichPageSaysMore) {
  static const std::regex kSeverity(R"(\n +labels: \{ severity: (critical|warning) \}\n)");
  static const std::regex kPage(R"(\((docs/[\w.]+)#([\w-]+)\)\.\n)");
  for (const AlertRule& rule : AlertRules()) {
    EXPECT_TRUE(std::regex_search(rule.text, kSeverity)) << rule.text;
    EXPECT_THAT(rule.text, HasSubstr("summary: ")) << rule.name;
    std::smatch page;
    ASSERT_TRUE(std::regex_search(rule.text, page, kPage)) << rule.text;
    EXPECT_TRUE(AnchorsOf(kSource / page[1].str()).contains(page[2])) << rule.name << ": " << page[0];
  }
}

TEST(Alerts, AreTheOnesThatTheirPageLists) { EXPECT_EQ(AlertsNamedIn(FileText(kSource / "docs" / "operations.md")), AlertNames()); }

TEST(TheDashboard, NamesAlertsThatThereAre) { EXPECT_THAT(AlertsNamedIn(Dashboard().dump()), testing::IsSubsetOf(AlertNames())); }

TEST(TheDashboard, AsksWhateverSourceIsChosen) {
  const nlohmann::json dashboard = Dashboard();
  const nlohmann::json chosen{{"type", "prometheus"}, {"uid", "${datasource}"}};
  const auto& variables = dashboard.at("templating").at("list");
  EXPECT_EQ(variables.at(0).at("name"), "datasource");
  EXPECT_EQ(variables.at(0).at("type"), "datasource");
  EXPECT_EQ(variables.at(0).at("query"), "prometheus");
  for (size_t i = 1; i < variables.size(); ++i) EXPECT_EQ(variables[i].at("datasource"), chosen) << variables[i];
  for (const auto& annotation : dashboard.at("annotations").at("list")) EXPECT_EQ(annotation.at("datasource"), chosen) << annotation;
  for (const auto& panel : PanelsOf(dashboard)) {
    if (panel.at("type") == "row") continue;
    EXPECT_EQ(panel.at("datasource"), chosen) << panel.at("title");
    for (const auto& target : panel.at("targets")) EXPECT_EQ(target.at("datasource"), chosen) << panel.at("title");
  }
}

TEST(TheDashboard, AsksForTheServersThatAreChosen) {
  for (const std::string& expression : DashboardExpressions()) {
    for (const PromqlSelector& selector : SelectorsOf(expression)) {
      EXPECT_TRUE(std::any_of(selector.matchers.begin(), selector.matchers.end(), [](const PromqlMatcher& matcher) { return matcher.label == "instance"; })) << expression;
    }
    EXPECT_THAT(expression, Not(HasSubstr("$"))) << "a variable that nobody has replaced";
  }
  EXPECT_EQ(Dashboard().at("templating").at("list").at(1).at("query").at("query"), "label_values(tuckerseg_build_info, instance)");
}

TEST(TheDashboard, HasPanelsThatSayWhatTheyShowAndDoNotCoverEachOther) {
  constexpr int kColumns = 24;
  std::set<int> ids;
  std::set<std::pair<int, int>> cells;
  for (const auto& panel : PanelsOf(Dashboard())) {
    EXPECT_TRUE(ids.insert(panel.at("id").get<int>()).second) << panel.at("id");
    EXPECT_NE(panel.at("title"), "");
    if (panel.at("type") != "row") {
      EXPECT_NE(panel.at("description"), "") << panel.at("title");
    }
    const auto& place = panel.at("gridPos");
    const int left = place.at("x");
    const int top = place.at("y");
    const int right = left + place.at("w").get<int>();
    const int bottom = top + place.at("h").get<int>();
    EXPECT_LE(right, kColumns) << panel.at("title");
    for (int y = top; y < bottom; ++y)
      for (int x = left; x < right; ++x) EXPECT_TRUE(cells.insert({x, y}).second) << panel.at("title") << " covers another panel at " << x << ", " << y;
  }
}

/// `metric{label=value,...}` of each.
std::vector<std::string> Written(const std::string& expression) {
  std::vector<std::string> all;
  for (const PromqlSelector& selector : SelectorsOf(expression)) {
    std::string one = selector.metric;
    for (const PromqlMatcher& matcher : selector.matchers) one += (one == selector.metric ? "{" : ",") + matcher.label + matcher.comparison + matcher.value;
    all.push_back(one + (selector.matchers.empty() ? "" : "}"));
  }
  return all;
}

TEST(SelectorsOf, AreNeitherFunctionsNorOperatorsNorLabelsThatAreSummedOver) {
  EXPECT_THAT(Written("up"), ElementsAre("up"));
  EXPECT_THAT(Written("2 * 86400 < 1e9"), IsEmpty());
  EXPECT_THAT(Written(R"(sum by (le, stage) (rate(a_bucket{stage="queue",code!~"b|c"}[5m])) / on (stage) group_left scalar(sum(b)) > 0)"),
              ElementsAre("a_bucket{stage=queue,code!~b|c}", "b"));
  EXPECT_THAT(Written(R"re(up{job="x"} == 0 or absent(up{job="x"}) and ignoring (kind) c{d="e{f}(g)"} offset 5m)re"), ElementsAre("up{job=x}", "up{job=x}", "c{d=e{f}(g)}"));
}

}  // namespace
}  // namespace tuckerseg
