#include "tests/load/scraped_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/engine/volume/expect_error.h"
#include "tests/load/server_sample.h"
#include "tests/server/serve/served_model.h"

namespace tuckerseg::load {
namespace {

using testing::ElementsAre;

constexpr auto kPage = R"(# HELP requests_total Calls
# TYPE requests_total counter
requests_total{method="Segment",code="OK"} 3
requests_total{method="Segment",code="CANCELLED"} 2
requests_total{method="ModelInfer",code="OK",} 40

resident_bytes 1.5e+08
seconds_bucket{task="a",le="1"} 2
seconds_bucket{task="a",le="2.5"} 5
seconds_bucket{task="a",le="+Inf"} 6
seconds_bucket{task="b",le="1"} 1
seconds_bucket{task="b",le="2.5"} 1
seconds_bucket{task="b",le="+Inf"} 1
)";

TEST(ScrapedPage, SumsTheSeriesThatHaveTheLabels) {
  const ScrapedPage page(kPage);
  EXPECT_EQ(page.Sum("requests_total"), 45);
  EXPECT_EQ(page.Sum("requests_total", {{"method", "Segment"}}), 5);
  EXPECT_EQ(page.Sum("requests_total", {{"method", "Segment"}, {"code", "OK"}}), 3);
  EXPECT_EQ(page.Sum("resident_bytes"), 1.5e8);
  EXPECT_EQ(page.Sum("requests_total", {{"method", "Compare"}}), std::nullopt);
  EXPECT_EQ(page.Sum("nothing"), std::nullopt);
}

TEST(ScrapedPage, GivesWhatEachBucketHoldsAlone) {
  const ScrapedPage page(kPage);
  const BucketCounts a = page.Buckets("seconds", {{"task", "a"}});
  EXPECT_THAT(a.ends, ElementsAre(1, 2.5, std::numeric_limits<double>::infinity()));
  EXPECT_THAT(a.counts, ElementsAre(2, 3, 1));
  EXPECT_THAT(page.Buckets("seconds").counts, ElementsAre(3, 3, 1)) << "of both tasks";
  EXPECT_TRUE(page.Buckets("nothing").ends.empty());
}

TEST(ScrapedPage, ReadsLabelsWhateverTheyHold) {
  const ScrapedPage page("said{what=\"a \\\"word\\\", a \\\\ and\\n {}\"} 1 1700000000000\n");
  EXPECT_EQ(page.Sum("said", {{"what", "a \"word\", a \\ and\n {}"}}), 1);
}

TEST(ScrapedPage, RefusesWhatIsNoneAndNamesTheLine) {
  for (const char* text : {"a 1\nb\n", "a 1\nb{c} 1\n", "a 1\nb{c=\"d 1\n", "a 1\nb{c=\"d\"} one\n", "a 1\n{c=\"d\"} 1\n", "a 1\nb \n"}) {
    ExpectError(ErrorCode::kInvalidArgument, "metrics, line 2: must be NAME{LABEL=\"VALUE\",...} NUMBER", [&] { ScrapedPage page(text); });
  }
}

TEST(ServerSample, IsReadFromThePageOfARealServer) {
  ServedModel served;
  const ServerSample sample = SampleOf(ScrapedPage(served.metrics().Text()), 7);
  EXPECT_EQ(sample.at_s, 7);
  EXPECT_GT(sample.resident_bytes, 1e6);
  EXPECT_EQ(sample.waiting, 0);
  EXPECT_EQ(sample.running, 0);
  EXPECT_EQ(sample.capacity, static_cast<double>(served.queue().capacity()));
  EXPECT_GT(sample.process_started_s, 1.6e9);
}

TEST(ServerSample, NamesTheMetricThatIsMissing) {
  ExpectError(ErrorCode::kInvalidArgument, "process_resident_memory_bytes is missing", [] { SampleOf(ScrapedPage(kPage), 0); });
}

}  // namespace
}  // namespace tuckerseg::load
