/// The page of metrics as Prometheus' own tool judges it: format, names, units, types, help.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>

#include "tests/engine/model/temporary_directory.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/served_model.h"

namespace tuckerseg {
namespace {

TEST(Promtool, FindsNothingWrongWithThePage) {
  if (std::system("command -v promtool > /dev/null 2>&1") != 0) GTEST_SKIP() << "promtool is not on the PATH: scripts/unpack_prometheus.sh brings it in";
  ServedModel served;
  ASSERT_TRUE(Segment(served.channel(), SmallCt().Bytes()).status.ok());
  ASSERT_FALSE(Segment(served.channel(), BytesOf("no volume at all")).status.ok());
  ASSERT_TRUE(served.BecomesIdle());
  served.metrics().CountDroppedSpans("queue", 0);  // every name, those of settings that are off too
  const TemporaryDirectory folder;
  const std::filesystem::path page = folder.Write("page", served.metrics().Text());
  const std::filesystem::path findings = folder.path() / "findings";
  const int status = std::system(("promtool check metrics < " + page.string() + " > " + findings.string() + " 2>&1").c_str());
  EXPECT_EQ(WEXITSTATUS(status), 0) << FileText(findings);
  EXPECT_EQ(FileText(findings), "");
}

}  // namespace
}  // namespace tuckerseg
