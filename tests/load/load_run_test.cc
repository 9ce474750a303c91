/// Whole loads on a real server in this process, with a tiny model.
#include "tests/load/load_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/engine/volume/expect_error.h"
#include "tests/engine/volume/nifti_builder.h"
#include "tests/load/load_report.h"
#include "tests/load/load_samples.h"
#include "tests/server/serve/served_model.h"
#include "tests/server/variants/tiny_variants.h"

namespace tuckerseg::load {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::Ge;
using testing::SizeIs;

ServedOptions WithMoreLevels(const ModelOnDisk& disk) {
  disk.Add("quick", {{"quick", 0.3, true, 1}}, 11, TinyCard("quick", 0.93, 0.91));
  disk.Add("unmeasured", {{"unmeasured", 0.1, true, 1}}, 12);
  ServedOptions options;
  options.models = disk.models();
  options.config.allow_phantom_quality = true;
  options.config.queue_capacity = 64;  // a machine that rests for a moment must not have any of forty requests refused
  options.config.max_streams = 128;
  return options;
}

class LoadRunTest : public testing::Test {
 protected:
  LoadRunTest() : served_(WithMoreLevels(disk_)), client_(served_.address()) {
    workload_.volumes.push_back({.name = "head"});
    workload_.levels = std::vector<LevelWish>{{.level = "auto"}, {.level = "quick"}, {.level = "unmeasured"}};
    volumes_.push_back({.name = "thorax", .share = 1, .bytes = NiftiBuilder().Shape({8, 8, 8}).Spacing({1, 1, 1}).Gzip()});
    volumes_.push_back({.name = "head", .share = 1, .bytes = NiftiBuilder().Shape({12, 8, 8}).Spacing({1, 1, 1}).Gzip()});
  }

  /// About forty requests at half of the capacity, however fast this machine is.
  void AskForForty(const Unloaded& unloaded) {
    workload_.rate = {0.5, true};
    workload_.duration_s = 40 / workload_.rate.PerSecond(unloaded.capacity.per_s);
  }
  ScrapedPage Page() { return ScrapedPage(served_.metrics().Text()); }
  PageFetcher Fetch() {
    return [this] { return Page(); };
  }

  const ModelOnDisk disk_{TinyServedBundle()};
  ServedModel served_;
  Client client_;
  Workload workload_ = SmallWorkload();
  std::vector<VolumeFile> volumes_;
};

TEST_F(LoadRunTest, KnowsWhatTheIdleServerAnswers) {
  const Unloaded unloaded = MeasureUnloaded(client_, workload_, volumes_);
  EXPECT_EQ(unloaded.task, "tiny") << "the server's only one";
  EXPECT_THAT(unloaded.levels, ElementsAre(ListedLevel{"original", 1.0}, ListedLevel{"quick", 0.91}, ListedLevel{"unmeasured", {}}));
  for (const char* volume : {"thorax", "head"}) {
    for (const char* level : {"original", "quick", "unmeasured"}) {
      const UnloadedAnswer* answer = unloaded.book.Find(volume, level);
      ASSERT_NE(answer, nullptr) << volume << " " << level;
      EXPECT_EQ(answer->sha256.size(), 64U);
      EXPECT_GT(answer->seconds, 0);
    }
  }
  EXPECT_EQ(unloaded.book.Find("thorax", "auto"), nullptr);
  ASSERT_THAT(unloaded.capacity.unloaded_s, SizeIs(2));
  EXPECT_NEAR(unloaded.capacity.original_per_s, 2 / (unloaded.capacity.unloaded_s[0] + unloaded.capacity.unloaded_s[1]), 1e-6);
  EXPECT_GT(unloaded.capacity.per_s, 0);
  EXPECT_THAT(unloaded.capacity.level, AnyOf("original", "quick")) << "whichever is faster on this machine: nobody chooses what was not measured";
}

TEST_F(LoadRunTest, GetsTheSameAnswersUnderLoad) {
  workload_.slow_share = 0.2;
  workload_.slow_pause_s = {0.001, 0.005};
  workload_.vanishing_share = 0.2;
  workload_.vanishing_after_s = {0, 0.02};
  const Unloaded unloaded = MeasureUnloaded(client_, workload_, volumes_);
  AskForForty(unloaded);
  const JudgedRun judged = Judge(RunLoad(client_, Fetch(), workload_, volumes_, unloaded), unloaded);
  const Tally& tally = judged.tally;
  EXPECT_GE(tally.planned, 20);
  EXPECT_GT(tally.answered, tally.planned / 2);
  EXPECT_EQ(tally.wrong, 0);
  EXPECT_EQ(tally.unexpected, 0) << tally.first_unexpected;
  EXPECT_THAT(tally.levels, testing::Contains(testing::Key("quick")));
  EXPECT_DOUBLE_EQ(judged.run.factor, 0.5);
  ASSERT_TRUE(judged.run.last_look);
  EXPECT_TRUE(judged.run.last_look->idle) << "after clients that were slow or vanished, too";
  ASSERT_THAT(judged.run.scrapes.samples, SizeIs(Ge(1)));
  EXPECT_EQ(judged.run.last_look->process_started_s, judged.run.scrapes.samples.front().process_started_s);
  EXPECT_EQ(judged.level, "mixed");
}

TEST_F(LoadRunTest, CountsTheCallsOfTheLoadAlone) {
  const Unloaded unloaded = MeasureUnloaded(client_, workload_, volumes_);
  AskForForty(unloaded);
  const LoadRun run = RunLoad(client_, Fetch(), workload_, volumes_, unloaded);
  EXPECT_EQ(run.server_times.total(), static_cast<double>(run.records.size())) << "not those of the idle server";
}

TEST_F(LoadRunTest, FindsAnAnswerThatIsNotTheIdleServers) {
  Unloaded unloaded = MeasureUnloaded(client_, workload_, volumes_);
  unloaded.book.Add("head", "quick", {"another", 1});
  AskForForty(unloaded);
  const JudgedRun judged = Judge(RunLoad(client_, Fetch(), workload_.AtLevel("quick"), volumes_, unloaded), unloaded);
  EXPECT_GT(judged.tally.wrong, 0);
  EXPECT_FALSE(AllKept(judged.findings));
}

TEST_F(LoadRunTest, TellsOfAServerThatHasGone) {
  const Unloaded unloaded = MeasureUnloaded(client_, workload_, volumes_);
  int pages = 0;
  const PageFetcher gone = [&]() -> ScrapedPage {
    // The page before the load alone: the scraper begins after it has been read, and nobody else looks meanwhile.
    if (pages++ > 0) throw Error(ErrorCode::kUnavailable, "no page");
    return Page();
  };
  AskForForty(unloaded);
  const LoadRun run = RunLoad(client_, gone, workload_, volumes_, unloaded, /*becomes_idle=*/std::chrono::milliseconds(600));
  EXPECT_FALSE(run.last_look);
  EXPECT_GE(run.scrapes.missed, 1);
  EXPECT_FALSE(AllKept(JudgeRun(run, TallyOf(run.records, run.workload, unloaded.book, unloaded.levels))));
}

TEST_F(LoadRunTest, TakesPagesThatAreMissedForNoServerThatHasGone) {
  const Unloaded unloaded = MeasureUnloaded(client_, workload_, volumes_);
  // Pages of the load itself are the scraper's, of another thread. Of those here the first is of before it.
  int here = 0;
  const PageFetcher busy = [&, test = std::this_thread::get_id()] {
    if (std::this_thread::get_id() == test && ++here > 1 && here < 5) throw Error(ErrorCode::kUnavailable, "no page");
    return Page();
  };
  AskForForty(unloaded);
  const LoadRun run = RunLoad(client_, busy, workload_, volumes_, unloaded);
  ASSERT_TRUE(run.last_look);
  EXPECT_TRUE(run.last_look->idle);
  EXPECT_GE(here, 6) << "two pages tell that it is idle";
}

TEST_F(LoadRunTest, FindsWhatTheServerKeepsOfTheLoad) {
  const Unloaded unloaded = MeasureUnloaded(client_, workload_, volumes_);
  AskForForty(unloaded);
  // As a server whose worker never came back from one request, and whose memory is still set aside for it.
  const PageFetcher leaking = [this] {
    return ScrapedPage(served_.metrics().Text() + "tuckerseg_requests_in_flight{device=\"lost\"} 1\ntuckerseg_device_memory_bytes{device=\"lost\",kind=\"reserved\"} 1048576\n");
  };
  const LoadRun run = RunLoad(client_, leaking, workload_, volumes_, unloaded, /*becomes_idle=*/std::chrono::milliseconds(600));
  ASSERT_TRUE(run.last_look);
  EXPECT_FALSE(run.last_look->idle);
  EXPECT_GT(run.last_look->after_s, 0.6) << "it was given its time";
  EXPECT_EQ(run.last_look->running, 1);
  EXPECT_EQ(run.last_look->reserved_bytes, 1048576);
  const std::vector<Finding> findings = JudgeRun(run, TallyOf(run.records, run.workload, unloaded.book, unloaded.levels));
  EXPECT_THAT(findings, testing::Contains(testing::AllOf(testing::Field(&Finding::promise, "idle again"), testing::Field(&Finding::ruling, Ruling::kBroken))));
}

TEST_F(LoadRunTest, NeedsAPageOfMetricsBeforeTheLoad) {
  const Unloaded unloaded = MeasureUnloaded(client_, workload_, volumes_);
  ExpectError(ErrorCode::kUnavailable, "no page came; must be the address of a running server's metrics",
              [&] { RunLoad(client_, FetchFrom("127.0.0.1:1"), workload_, volumes_, unloaded); });
}

TEST_F(LoadRunTest, NamesATaskThatTheServerLacks) {
  workload_.task = "total";
  ExpectError(ErrorCode::kNotFound, "", [&] { MeasureUnloaded(client_, workload_, volumes_); });
}

TEST(Capacity, WeighsVolumesByTheirShares) {
  const std::vector<VolumeFile> volumes{{.name = "often", .share = 3, .bytes = {}}, {.name = "seldom", .share = 1, .bytes = {}}};
  // Three of 1 s and one of 5 s: four in 8 s.
  EXPECT_DOUBLE_EQ(RequestsPerSecond(volumes, std::vector<double>{1, 5}), 0.5);
}

TEST(FastestChoosable, IsTheOneThatTakesLeastForTheMixOfThoseThatTheServerMayChoose) {
  const std::vector<VolumeFile> volumes{{.name = "small", .share = 9}, {.name = "large", .share = 1}};
  AnswerBook book;
  const auto add = [&book](const std::string& level, double small_s, double large_s) {
    book.Add("small", level, {.sha256 = "", .seconds = small_s});
    book.Add("large", level, {.sha256 = "", .seconds = large_s});
  };
  add("original", 2, 9);
  add("half", 1, 8);
  add("odd", 1.5, 1);
  add("unmeasured", 0.1, 0.1);
  EXPECT_EQ(FastestChoosable(std::vector<ListedLevel>{{"original", 1}, {"half", 0.9}, {"odd", 0.8}, {"unmeasured", {}}}, volumes, book), "odd");
  EXPECT_EQ(FastestChoosable(std::vector<ListedLevel>{{"original", 1}, {"unmeasured", {}}}, volumes, book), "original");
}

}  // namespace
}  // namespace tuckerseg::load
