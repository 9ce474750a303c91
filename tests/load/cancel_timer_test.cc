#include "tests/load/cancel_timer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <future>
#include <optional>
#include <stop_token>
#include <utility>

#include "tests/server/wait_until.h"

namespace tuckerseg::load {
namespace {

using Clock = CancelTimer::Clock;

TEST(CancelTimer, AsksForTheStopWhenItsMomentHasCome) {
  CancelTimer timer;
  const std::stop_source stop;
  const auto begin = Clock::now();
  const CancelTimer::Entry entry(timer, begin + std::chrono::milliseconds(20), stop);
  EXPECT_TRUE(WaitUntil([&] { return stop.stop_requested(); }));
  EXPECT_GE(Clock::now() - begin, std::chrono::milliseconds(20));
}

TEST(CancelTimer, DoesNotWaitForALaterOneBeforeAnEarlierOneThatCameAfterIt) {
  CancelTimer timer;
  const std::stop_source late;
  const std::stop_source early;
  const CancelTimer::Entry first(timer, Clock::now() + std::chrono::hours(1), late);
  const CancelTimer::Entry second(timer, Clock::now() + std::chrono::milliseconds(1), early);
  EXPECT_TRUE(WaitUntil([&] { return early.stop_requested(); }));
  EXPECT_FALSE(late.stop_requested());
}

TEST(CancelTimer, ForgetsWhatHasEndedBefore) {
  CancelTimer timer;
  const std::stop_source forgotten;
  const std::stop_source kept;
  std::optional<CancelTimer::Entry> entry;
  entry.emplace(timer, Clock::now() + std::chrono::milliseconds(30), forgotten);
  const CancelTimer::Entry behind_it(timer, Clock::now() + std::chrono::milliseconds(60), kept);
  entry.reset();
  EXPECT_TRUE(WaitUntil([&] { return kept.stop_requested(); }));
  EXPECT_FALSE(forgotten.stop_requested()) << "its moment was before that of the other one";
}

TEST(CancelTimer, MayBeUsedByWhatItStops) {
  CancelTimer timer;
  std::stop_source stop;
  const std::stop_source other;
  std::optional<CancelTimer::Entry> entry_of_other;
  std::promise<void> done;
  const std::stop_callback<std::function<void()>> callback(stop.get_token(), [&] {
    entry_of_other.emplace(timer, Clock::now() + std::chrono::hours(1), other);
    done.set_value();
  });
  const CancelTimer::Entry entry(timer, Clock::now(), stop);
  EXPECT_EQ(done.get_future().wait_for(kLimit), std::future_status::ready);
}

TEST(CancelTimer, EndsWhileItWaits) {
  std::optional<CancelTimer> timer(std::in_place);
  std::optional<CancelTimer::Entry> entry;
  entry.emplace(*timer, Clock::now() + std::chrono::hours(1), std::stop_source());
  entry.reset();
  timer.reset();
}

}  // namespace
}  // namespace tuckerseg::load
