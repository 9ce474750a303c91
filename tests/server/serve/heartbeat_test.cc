#include "server/serve/heartbeat.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <stop_token>
#include <thread>

#include "engine/error.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/server/wait_until.h"

namespace tuckerseg {
namespace {

void DoNothing() {}

TEST(Heartbeat, ComesWithinTheTwoSecondsThatClientsArePromised) { EXPECT_LT(kHeartbeatSeconds + std::chrono::duration<double>(kPoll).count(), 2); }

TEST(RunWithHeartbeat, BeatsUntilTheWorkHasEnded) {
  std::atomic<int> beats = 0;
  std::atomic<int> looks = 0;
  bool done = false;
  RunWithHeartbeat(
      [&](const std::stop_token& stop) {
        done = WaitUntil([&] { return beats >= 3 && looks >= 3; });
        EXPECT_FALSE(stop.stop_requested());
      },
      {.look = [&] { ++looks; }, .beat = [&] { ++beats; }, .interval_s = 0.01});
  EXPECT_TRUE(done);
}

TEST(RunWithHeartbeat, BeatsOnceForWorkThatTakesNoTime) {
  int beats = 0;
  bool done = false;
  RunWithHeartbeat([&](const std::stop_token&) { done = true; }, {.look = DoNothing, .beat = [&] { ++beats; }});
  EXPECT_EQ(beats, 1);
  EXPECT_TRUE(done);
}

TEST(RunWithHeartbeat, GivesTheSecondsOfTheWorkWhateverHoldsTheHeartbeatUp) {
  const double seconds = RunWithHeartbeat([](const std::stop_token&) { std::this_thread::sleep_for(std::chrono::milliseconds(20)); },
                                          {.look = DoNothing, .beat = [] { std::this_thread::sleep_for(std::chrono::milliseconds(1000)); }});
  EXPECT_GE(seconds, 0.02);
  EXPECT_LT(seconds, 0.9);
}

TEST(RunWithHeartbeat, RunsTheWorkBesideTheThreadThatBeats) {
  std::thread::id of_work;
  std::thread::id of_beat;
  RunWithHeartbeat([&](const std::stop_token&) { of_work = std::this_thread::get_id(); }, {.look = DoNothing, .beat = [&] { of_beat = std::this_thread::get_id(); }});
  EXPECT_EQ(of_beat, std::this_thread::get_id());
  EXPECT_NE(of_work, of_beat);
}

TEST(RunWithHeartbeat, ThrowsWhatTheWorkThrows) {
  ExpectError(ErrorCode::kInternal, "the picture cannot be drawn", [] {
    RunWithHeartbeat([](const std::stop_token&) { throw Error(ErrorCode::kInternal, "the picture cannot be drawn"); }, {.look = DoNothing, .beat = DoNothing});
  });
}

TEST(RunWithHeartbeat, StopsTheWorkAndWaitsForItsEndWhereTheCallIsOver) {
  for (const bool by_look : {true, false}) {
    std::atomic<bool> begun = false;
    bool ended = false;
    const auto gone = [&] {
      if (begun) throw Error(ErrorCode::kCancelled, "the client has gone");
    };
    ExpectError(ErrorCode::kCancelled, "the client has gone", [&] {
      RunWithHeartbeat(
          [&](const std::stop_token& stop) {
            begun = true;
            EXPECT_TRUE(WaitUntil([&] { return stop.stop_requested(); }));
            ended = true;
            throw Error(ErrorCode::kCancelled, "stopped");
          },
          {.look = by_look ? std::function<void()>(gone) : DoNothing, .beat = by_look ? std::function<void()>(DoNothing) : gone, .interval_s = 0.01});
    });
    EXPECT_TRUE(ended) << "what it used was there until its end";
  }
}

}  // namespace
}  // namespace tuckerseg
