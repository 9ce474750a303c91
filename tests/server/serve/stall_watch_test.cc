#include "server/serve/stall_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "engine/execute/plain/plain_executor.h"
#include "server/serve/watched_gate.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/server/serve/hand_clock.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// What a look logs, one parsed line each.
std::vector<nlohmann::json> LoggedBy(StallWatch& watch) {
  testing::internal::CaptureStdout();
  watch.Look();
  std::istringstream text(testing::internal::GetCapturedStdout());
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

/// Ten seconds from step to step.
class StallWatchTest : public testing::Test {
 protected:
  StallWatchTest() {
    work_.Name({.request_id = "4711", .variant = "third", .device = "cuda:0", .place = 1});
    next_.Name({.request_id = "4712", .variant = "third", .device = "cuda:0", .place = 1});
  }
  void Pass(int64_t seconds) {
    clock_.Pass(seconds);
    watch_.Look();
  }

  HandClock clock_;
  Metrics metrics_{"test", {"cpu"}};
  StallWatch watch_{10, metrics_, clock_.now()};
  StallWatch::Watched work_{watch_};  // of a worker
  StallWatch::Watched next_{watch_};  // that waits for it
};

TEST_F(StallWatchTest, EndsWhatHasMadeNoStepForTheLongestTime) {
  const StallWatch::Running running(work_, CallStage::kInfer);
  Pass(9);
  EXPECT_NO_THROW(work_.ThrowIfStalled());
  EXPECT_FALSE(watch_.IsStuck(1));
  Pass(1);
  ExpectError(ErrorCode::kDeadlineExceeded, "infer: has made no step for 10 s on cuda:0, and was given up; send the request once more, and tell whoever runs the server of request 4711",
              [&] { work_.ThrowIfStalled(); });
  EXPECT_TRUE(watch_.IsStuck(1));
  EXPECT_FALSE(watch_.IsStuck(0));
  EXPECT_THAT(watch_.StuckDevices(), ElementsAre(size_t{1}));
}

TEST_F(StallWatchTest, CountsTheTimeFromTheLastStep) {
  const StallWatch::Running running(work_, CallStage::kPreprocess);
  for (const CallStage stage : {CallStage::kInfer, CallStage::kInfer, CallStage::kPostprocess}) {
    Pass(9);
    work_.Step(stage);
  }
  Pass(9);
  EXPECT_NO_THROW(work_.ThrowIfStalled());
  Pass(1);
  ExpectError(ErrorCode::kDeadlineExceeded, "postprocess: has made no step", [&] { work_.ThrowIfStalled(); });
}

TEST_F(StallWatchTest, LogsAndCountsEachOnce) {
  const StallWatch::Running running(work_, CallStage::kInfer);
  clock_.Pass(12);
  const auto lines = LoggedBy(watch_);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["event"], "stage_stalled");
  EXPECT_EQ(lines[0]["level"], "error");
  EXPECT_EQ(lines[0]["request"], "4711");
  EXPECT_EQ(lines[0]["stage"], "infer");
  EXPECT_EQ(lines[0]["device"], "cuda:0");
  EXPECT_EQ(lines[0]["variant"], "third");
  EXPECT_EQ(lines[0]["seconds"], 12);
  clock_.Pass(12);
  EXPECT_THAT(LoggedBy(watch_), IsEmpty());
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(tuckerseg_stages_stalled_total{device="cuda:0",stage="infer"} 1)"));
}

TEST_F(StallWatchTest, GivesTheDeviceBackWithTheWorker) {
  {
    const StallWatch::Running running(work_, CallStage::kInfer);
    Pass(10);
    ASSERT_TRUE(watch_.IsStuck(1));
  }
  EXPECT_FALSE(watch_.IsStuck(1));
  EXPECT_THAT(watch_.StuckDevices(), IsEmpty());
  ExpectError(ErrorCode::kDeadlineExceeded, "infer: ", [&] { work_.ThrowIfStalled(); });  // its call may look late
}

TEST_F(StallWatchTest, LeavesAloneWhatWaits) {
  Pass(100);
  { const StallWatch::Running running(work_, CallStage::kPreprocess); }
  Pass(100);
  EXPECT_NO_THROW(work_.ThrowIfStalled());
  EXPECT_NO_THROW(next_.ThrowIfStalled());
}

TEST_F(StallWatchTest, EndsWhatWaitsForAStuckDeviceAtTwiceTheTime) {
  StallWatch::Watched elsewhere(watch_);
  elsewhere.Name({.request_id = "4713", .variant = "third", .device = "cpu", .place = 0});
  std::optional<StallWatch::Running> running(std::in_place, work_, CallStage::kInfer);
  Pass(19);
  EXPECT_NO_THROW(next_.ThrowIfStalled()) << "the worker may come back, as it has been asked to";
  Pass(1);
  ExpectError(ErrorCode::kUnavailable, "device cuda:0: another request stands still there", [&] { next_.ThrowIfStalled(); });
  EXPECT_NO_THROW(elsewhere.ThrowIfStalled());
  running.reset();
  EXPECT_NO_THROW(next_.ThrowIfStalled()) << "it has come back";
}

TEST_F(StallWatchTest, TakesNoDeviceForStuckWhereACallsOwnThreadIs) {
  StallWatch::Watched own(watch_);
  own.Name({.request_id = "4714", .variant = "third", .device = "cuda:0"});
  const StallWatch::Running running(own, CallStage::kEncode);
  Pass(10);
  ExpectError(ErrorCode::kDeadlineExceeded, "encode: has made no step", [&] { own.ThrowIfStalled(); });
  EXPECT_THAT(watch_.StuckDevices(), IsEmpty());
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(tuckerseg_stages_stalled_total{device="",stage="encode"} 1)"));
}

TEST_F(StallWatchTest, TellsWhoComesAgainWhereTheWorkOfItsNameIsLost) {
  const RequestName name{.client = "ward", .key = "k"};
  StallWatch::Watched own(watch_);
  own.Name({.request_id = "4715"});
  own.IsOf(name);
  std::optional<StallWatch::Running> running(std::in_place, own, CallStage::kEncode);
  Pass(19);
  EXPECT_NO_THROW(watch_.ThrowIfLost(name)) << "its call has not been cut yet";
  Pass(1);
  ExpectError(ErrorCode::kDeadlineExceeded, "encode: has made no step for 10 s, and was given up; send the request once more, and tell whoever runs the server of request 4715",
              [&] { watch_.ThrowIfLost(name); });
  EXPECT_NO_THROW(watch_.ThrowIfLost({.client = "ward", .key = "other"}));
  EXPECT_NO_THROW(watch_.ThrowIfLost({.client = "clinic", .key = "k"}));
  running.reset();
  EXPECT_NO_THROW(watch_.ThrowIfLost(name)) << "it has come back";
}

TEST_F(StallWatchTest, WaitsForEverWhereItIsToldTo) {
  StallWatch patient(0, metrics_, clock_.now());
  StallWatch::Watched work(patient);
  const StallWatch::Running running(work, CallStage::kInfer);
  clock_.Pass(100'000);
  patient.Look();
  EXPECT_NO_THROW(work.ThrowIfStalled());
}

/// A gate whose device others have for so long, which somebody looks at meanwhile.
class SlowGate final : public DeviceGate {
 public:
  explicit SlowGate(std::function<void()> wait) : wait_(std::move(wait)) {}
  void Enter(const std::stop_token&) override { wait_(); }
  void Leave() noexcept override {}

 private:
  std::function<void()> wait_;
};

TEST_F(StallWatchTest, LeavesAloneWhatWaitsAtItsDevicesGate) {
  const StallWatch::Running running(work_, CallStage::kPreprocess);
  SlowGate slow([this] { Pass(100); });
  WatchedGate gate(slow, work_);
  gate.Enter({});
  EXPECT_NO_THROW(work_.ThrowIfStalled());
  Pass(10);
  ExpectError(ErrorCode::kDeadlineExceeded, "preprocess: has made no step", [&] { work_.ThrowIfStalled(); });
}

TEST(ExpectStalls, HasTheSeriesOfEveryStageAndDeviceBeforeTheyCount) {
  Metrics metrics("test", {"cpu"});
  Devices devices;
  devices.Add({.name = "left"}, {PlainExecutorFactory()}, int64_t{1} << 30);
  ExpectStalls(devices, metrics);
  const std::string page = metrics.Text();
  for (const char* stage : {"preprocess", "infer", "postprocess"}) EXPECT_THAT(page, HasSubstr(std::string(R"(tuckerseg_stages_stalled_total{device="left",stage=")") + stage + "\"} 0"));
  for (const char* stage : {"decode", "queue", "encode"}) EXPECT_THAT(page, HasSubstr(std::string(R"(tuckerseg_stages_stalled_total{device="",stage=")") + stage + "\"} 0"));
}

}  // namespace
}  // namespace tuckerseg
