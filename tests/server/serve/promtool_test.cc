/// The page of metrics as Prometheus' own tool judges it (format, names, units, types, help), and as the alerts and the dashboard of docs/monitoring ask for it.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "tests/engine/model/temporary_directory.h"
#include "tests/integration/monitoring_files.h"
#include "tests/integration/promql_selectors.h"
#include "tests/server/serve/metric_page.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/served_model.h"

namespace tuckerseg {
namespace {

/// The page of a server that has served a call and refused one, with every name that there is.
std::string WholePage() {
  ServedModel served;
  EXPECT_TRUE(Segment(served.channel(), SmallCt().Bytes()).status.ok());
  EXPECT_FALSE(Segment(served.channel(), BytesOf("no volume at all")).status.ok());
  EXPECT_TRUE(served.BecomesIdle());
  served.metrics().CountDroppedSpans("queue", 0);  // of settings that are off
  served.metrics().SetCertificateExpiry(2e9);      // likewise
  return served.metrics().Text();
}

/// Whether a series has the label, and where only one value is asked for, that one. What Prometheus itself adds is on no page.
bool Has(const std::string& series, const PromqlMatcher& matcher) {
  if (matcher.label == "job" || matcher.label == "instance") return true;
  const std::string wanted = matcher.label + "=\"" + (matcher.comparison == "=" ? matcher.value + "\"" : "");
  return series.find("{" + wanted) != std::string::npos || series.find("," + wanted) != std::string::npos;
}

/// Whether one of the series could answer.
bool IsAmong(const std::set<std::string>& page, const PromqlSelector& selector) {
  return std::any_of(page.begin(), page.end(), [&](const std::string& series) {
    return series.substr(0, series.find('{')) == selector.metric &&
           std::all_of(selector.matchers.begin(), selector.matchers.end(), [&](const PromqlMatcher& matcher) { return Has(series, matcher); });
  });
}

TEST(Promtool, FindsNothingWrongWithThePage) {
  if (std::system("command -v promtool > /dev/null 2>&1") != 0) GTEST_SKIP() << "promtool is not on the PATH: scripts/unpack_prometheus.sh brings it in";
  const TemporaryDirectory folder;
  const std::filesystem::path page = folder.Write("page", WholePage());
  const std::filesystem::path findings = folder.path() / "findings";
  const int status = std::system(("promtool check metrics < " + page.string() + " > " + findings.string() + " 2>&1").c_str());
  EXPECT_EQ(WEXITSTATUS(status), 0) << FileText(findings);
  EXPECT_EQ(FileText(findings), "");
}

TEST(AlertsAndDashboard, AskForNothingThatThePageDoesNotHave) {
  std::vector<std::string> expressions = DashboardExpressions();
  for (const AlertRule& rule : AlertRules()) expressions.push_back(rule.expression);
  ASSERT_GE(expressions.size(), 40U);
  const std::set<std::string> page = SeriesOf(WholePage());
  for (const std::string& expression : expressions) {
    for (const PromqlSelector& selector : SelectorsOf(expression)) {
      if (selector.metric == "up") continue;  // Prometheus' own
      EXPECT_TRUE(IsAmong(page, selector)) << selector.metric << " of " << expression;
    }
  }
}

}  // namespace
}  // namespace tuckerseg
