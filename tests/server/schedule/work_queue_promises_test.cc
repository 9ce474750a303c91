/// The queue's part in keeping promises of time: who goes first, what newcomers may take, and how far who begins must step down.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/schedule/work_queue.h"
#include "tests/server/schedule/held_work.h"
#include "tests/server/wait_until.h"

namespace tuckerseg {
namespace {

using Clock = Turn::Clock;

constexpr double kTolerance = 2;  // seconds that a test may take on a busy machine: promises are long, and nothing waits for them

/// A queue whose device is busy with work that is foretold to take 10 s, until it is let go.
class WorkQueuePromises : public testing::Test {
 protected:
  WorkQueuePromises() {
    queue_.Submit({.foretold_s = 10}, [this](const std::stop_token& stop, DeviceGate&) {
      running_ = true;
      WaitUntil([&] { return let_go_.load() || stop.stop_requested(); });
    });
    WaitUntil([this] { return running_.load(); });
  }
  ~WorkQueuePromises() override { let_go_ = true; }

  static Turn In(std::optional<double> promised_s, double foretold_s = 1, std::optional<double> least_s = {}) {
    Turn turn{.foretold_s = foretold_s, .least_s = least_s};
    if (promised_s) turn.ends_by = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(*promised_s));
    return turn;
  }
  void Add(Turn turn, char name) {
    tickets_.push_back(queue_.Submit(std::move(turn), [this, name](const std::stop_token&, DeviceGate&) { order_ += name; }));
  }
  std::string Order() {
    let_go_ = true;
    for (const auto& ticket : tickets_) EXPECT_TRUE(ticket->WaitFor(kLimit));
    return order_;
  }

  std::atomic<bool> running_ = false;
  std::atomic<bool> let_go_ = false;
  std::string order_;
  std::vector<std::shared_ptr<Ticket>> tickets_;
  WorkQueue queue_{20};  // last: its worker uses the others
};

TEST_F(WorkQueuePromises, AClientsOwnWorkBeginsInTheOrderOfItsPromises) {
  Add(In(25), 'c');
  Add(In(15), 'a');
  Add(In({}, 20), 'd');
  Add(In(20), 'b');
  Add(In({}, 2), 'e');
  EXPECT_EQ(Order(), "abcde");
}

TEST_F(WorkQueuePromises, WorkWithoutAPromiseGoesBeforePromisesThatAreFarAway) {
  Add(In(1000), 'b');  // half of a full queue: ten pieces of work, of ten seconds
  Add(In({}, 20), 'a');
  EXPECT_EQ(Order(), "ab");
}

TEST_F(WorkQueuePromises, PriorityGoesBeforePromises) {
  Add(In(20), 'b');
  Turn urgent = In({});
  urgent.priority = 1;
  Add(urgent, 'a');
  EXPECT_EQ(Order(), "ab");
}

TEST_F(WorkQueuePromises, PromisesOfAClientDoNotPassAnothersShare) {
  const auto of = [](std::string client, std::optional<double> promised_s) {
    Turn turn = In(promised_s, 5);
    turn.client = std::move(client);
    return turn;
  };
  Add(of("many", 100), 'a');
  Add(of("many", 90), 'b');
  Add(of("many", 80), 'c');
  Add(of("few", {}), 'x');
  EXPECT_EQ(Order(), "cxba");
}

TEST_F(WorkQueuePromises, ANewcomerFindsTheRoomThatIsLeftIfAllStepDown) {
  Add(In(100, 20, 8), 'a');
  Add(In(300, 30, 5), 'b');
  const QueueRoom behind = queue_.RoomFor(In(400));
  EXPECT_NEAR(behind.before_s, 10 + 8 + 5, kTolerance);
  EXPECT_TRUE(std::isinf(behind.most_s)) << "nothing waits behind it";
  const QueueRoom between = queue_.RoomFor(In(200));
  EXPECT_NEAR(between.before_s, 10 + 8, kTolerance);
  EXPECT_NEAR(between.most_s, 300 - 10 - 8 - 5, kTolerance);
  const QueueRoom first = queue_.RoomFor(In(50));
  EXPECT_NEAR(first.before_s, 10, kTolerance);
  EXPECT_NEAR(first.most_s, 100 - 10 - 8, kTolerance);
  EXPECT_NEAR(queue_.SecondsBefore(In(400)), 10 + 20 + 30, kTolerance) << "what is told is that nobody steps down";
}

TEST_F(WorkQueuePromises, ThereIsRoomOnlyIfWhatIsForetoldTooShortStillKeepsThem) {
  Turn turn = In(100, 20, 8);
  turn.slower = 1.25;
  Add(turn, 'a');
  EXPECT_NEAR(queue_.RoomFor(In(50)).most_s, 100 / 1.5 - 10 - 8, kTolerance) << "twice the margin: forecasts add up";
}

TEST_F(WorkQueuePromises, ANewcomerCannotTakeWhatWasPromisedToItsOwnClientButGoesBeforeOthersByRight) {
  Turn waiting = In(50, 8);
  waiting.client = "ward";
  Add(waiting, 'a');
  Turn same = In(40);
  same.client = "ward";
  EXPECT_NEAR(queue_.RoomFor(same).most_s, 50 - 10 - 8, kTolerance);
  same.priority = 1;
  EXPECT_TRUE(std::isinf(queue_.RoomFor(same).most_s)) << "more urgent";
  Turn other = In(40);
  other.client = "clinic";
  EXPECT_TRUE(std::isinf(queue_.RoomFor(other).most_s)) << "another client";
}

TEST_F(WorkQueuePromises, ANewcomerThatWouldPushItsClientsWorkBehindAnothersIsToldSo) {
  const auto of = [](std::string client, double promised_s, double foretold_s) {
    Turn turn = In(promised_s, foretold_s);
    turn.client = std::move(client);
    return turn;
  };
  // In this order, as neither has had more than the other; with 20 s more before it the first would stand behind the second.
  Add(of("ward", 200, 20), 'a');
  Add(of("clinic", 300, 100), 'b');
  EXPECT_NEAR(queue_.RoomFor(of("ward", 100, 20)).most_s, 200 - 10 - 100 - 20, kTolerance);
}

TEST_F(WorkQueuePromises, WorkWithoutAPromiseMayGiveWayToThoseOfItsClient) {
  Add(In(900, 250), 'a');
  Turn patient = In({}, 700);
  EXPECT_NEAR(queue_.RoomFor(patient).most_s, 900 - 10 - 250, kTolerance) << "before it, as its patience ends first";
  patient.gives_way = true;
  EXPECT_TRUE(std::isinf(queue_.RoomFor(patient).most_s));
  EXPECT_NEAR(queue_.RoomFor(patient).before_s, 10 + 250, kTolerance);
}

TEST_F(WorkQueuePromises, WorkThatGivesWayGivesNoneToWhatHasTimeForAllThatWaits) {
  Add(In(900, 250), 'a');
  Add(In(86400, 250), 'b');
  Turn patient = In({}, 700);
  patient.gives_way = true;
  Add(patient, 'c');
  Add(In(80000, 250), 'd');
  EXPECT_EQ(Order(), "acdb") << "else whatever comes with a day's deadline would go before it, for a day";
}

TEST_F(WorkQueuePromises, NobodyIsRefusedOrStepsDownForAPromiseThatIsLost) {
  Add(In(15, 30), 'c');  // the running work leaves it 5 s
  EXPECT_TRUE(std::isinf(queue_.RoomFor(In(12)).most_s));
}

TEST_F(WorkQueuePromises, NobodyStepsDownForWhatIsLessUrgent) {
  double asked = 0;
  Turn urgent = In({}, 20, 3);
  urgent.priority = 5;
  tickets_.push_back(queue_.Submit(urgent, kNothing, [&asked](double most_s) {
    asked = most_s;
    return 20.0;
  }));
  Add(In(50, 20), 'b');
  EXPECT_NEAR(queue_.RoomFor(In(60)).before_s, 10 + 20 + 20, kTolerance) << "and nobody counts on it";
  Order();
  EXPECT_TRUE(std::isinf(asked));
}

TEST_F(WorkQueuePromises, WhoBeginsMayTakeWhatWaitsCanSpare) {
  std::vector<double> asked;
  const auto settle = [&asked](double most_s) {
    asked.push_back(most_s);
    return 3.0;
  };
  tickets_.push_back(queue_.Submit(In(60, 20, 3), kNothing, settle));
  Add(In(90, 40, 15), 'b');
  Add(In({}, 100, 50), 'c');
  Order();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_NEAR(asked[0], 60, kTolerance) << "its own promise; the other could spare 75 s";
}

TEST_F(WorkQueuePromises, WhoBeginsStepsDownForWhatWaits) {
  double asked = 0;
  tickets_.push_back(queue_.Submit(In({}, 20, 3), kNothing, [&asked](double most_s) {
    asked = most_s;
    return 3.0;
  }));
  Add(In(200, 40, 15), 'b');  // behind: its promise is later than the other's patience
  Order();
  EXPECT_NEAR(asked, 200 - 15, kTolerance);
}

TEST_F(WorkQueuePromises, NothingIsDemandedOfWhoBeginsWhereNothingWasPromised) {
  double asked = 0;
  tickets_.push_back(queue_.Submit(In({}, 20, 3), kNothing, [&asked](double most_s) {
    asked = most_s;
    return 20.0;
  }));
  Order();
  EXPECT_TRUE(std::isinf(asked));
}

/// A queue in which work waits until the running work is let go; one behind it has promised nothing.
class WorkQueueExpecting : public WorkQueuePromises {
 protected:
  static constexpr double kLongSeconds = 3600;

  void Waits(const Turn& turn) {
    tickets_.push_back(queue_.Submit(turn, kNothing, [this](double most_s) {
      asked_.push_back(most_s);
      return 3.0;
    }));
  }
  static Turn Of(const std::string& client, int priority = 0) { return {.priority = priority, .client = client, .foretold_s = 20, .least_s = 3}; }

  std::vector<double> asked_;  // of each as it began: how long it may take
};

TEST_F(WorkQueueExpecting, WhoBeginsWhileOthersWaitTakesTheLeastUntilOneThatWasTurnedAwayIsToComeAgain) {
  for (int i = 0; i < 3; ++i) Waits(Of("a"));
  queue_.ExpectAgain(Of("a"), kLongSeconds);
  Order();
  ASSERT_EQ(asked_.size(), 3U);
  EXPECT_EQ(asked_[0], 0);
  EXPECT_EQ(asked_[1], 0);
  EXPECT_TRUE(std::isinf(asked_[2])) << "nothing waits any more: there is room";
}

TEST_F(WorkQueueExpecting, NobodyIsExpectedAnyMoreOnceNothingWaits) {
  Waits(Of("a"));
  queue_.ExpectAgain(Of("a"), kLongSeconds);
  Order();
  let_go_ = false;
  const auto busy = queue_.Submit(Of("a"), [this](const std::stop_token&, DeviceGate&) { WaitUntil([this] { return let_go_.load(); }); });
  ASSERT_TRUE(WaitUntil([&] { return busy->started(); }));
  Waits(Of("a"));
  Waits(Of("a"));
  Order();
  EXPECT_TRUE(std::isinf(asked_[1]));
  EXPECT_TRUE(busy->WaitFor(kLimit));
}

TEST_F(WorkQueueExpecting, NobodyStepsDownForOneThatIsLessUrgent) {
  Waits(Of("a", 5));
  Waits(Of("a"));
  queue_.ExpectAgain(Of("a"), kLongSeconds);
  Order();
  EXPECT_TRUE(std::isinf(asked_[0]));
}

TEST_F(WorkQueueExpecting, EverybodyStepsDownForOneThatIsMoreUrgent) {
  Waits(Of("a"));
  Waits(Of("a"));
  queue_.ExpectAgain(Of("b", 5), kLongSeconds);
  Order();
  EXPECT_EQ(asked_[0], 0);
}

TEST_F(WorkQueueExpecting, NobodyStepsDownForAClientThatHasHadMoreOfTheDevice) {
  Waits(Of("greedy"));  // begins first, and is charged for it
  Waits(Of("modest"));
  Waits(Of("greedy"));
  queue_.ExpectAgain(Of("greedy"), kLongSeconds);
  Order();
  ASSERT_EQ(asked_.size(), 3U);
  EXPECT_EQ(asked_[0], 0) << "its own";
  EXPECT_TRUE(std::isinf(asked_[1])) << "it goes before by right";
}

TEST_F(WorkQueueExpecting, NobodyStepsDownOnceItsTimeHasPassed) {
  Waits(Of("a"));
  Waits(Of("a"));
  queue_.ExpectAgain(Of("a"), -1);
  Order();
  EXPECT_TRUE(std::isinf(asked_[0]));
}

TEST_F(WorkQueuePromises, NothingBeginsWhileTurnsAreHeld) {
  queue_.HoldTurns();
  queue_.HoldTurns();
  Add(In({}), 'a');
  let_go_ = true;
  ASSERT_TRUE(WaitUntil([this] { return queue_.running() == 0; }));
  queue_.ReleaseTurns();
  EXPECT_FALSE(tickets_.front()->WaitFor(std::chrono::milliseconds(20))) << "another holds them still";
  queue_.ReleaseTurns();
  EXPECT_EQ(Order(), "a");
}

TEST_F(WorkQueuePromises, WorkWhoseSettlingThrowsRunsAsForetold) {
  tickets_.push_back(queue_.Submit(In({}), kNothing, [](double) -> double { throw std::bad_alloc(); }));
  Order();
  tickets_.front()->Rethrow();
}

TEST_F(WorkQueuePromises, OneLongWorkWithoutAPromiseDoesNotPutTheNextBehindPromisesForLong) {
  const auto come_and_go = [this](double foretold_s) { queue_.Cancel(queue_.Submit(In({}, foretold_s), kNothing)); };
  come_and_go(10000);
  come_and_go(1);  // ordered as if all work were long
  for (int i = 0; i < 40; ++i) come_and_go(1);
  Add(In(2000), 'b');
  Add(In({}), 'c');
  Order();
  EXPECT_LT(order_.find('c'), order_.find('b'));
}

TEST_F(WorkQueuePromises, WhatWasSettledIsForetoldFromThenOn) {
  std::atomic<bool> begun = false;
  std::atomic<bool> end = false;
  const auto ticket = queue_.Submit(In({}, 20, 3), [&](const std::stop_token&, DeviceGate&) {
    begun = true;
    WaitUntil([&] { return end.load(); });
  }, [](double) { return 7.0; });
  let_go_ = true;
  ASSERT_TRUE(WaitUntil([&] { return begun.load(); }));
  EXPECT_NEAR(queue_.SecondsBefore(In({})), 7, kTolerance);
  end = true;
  EXPECT_TRUE(ticket->WaitFor(kLimit));
}

TEST_F(WorkQueuePromises, LetsGoOfTheSettlingOfWorkThatIsCancelled) {
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = held;
  const auto ticket = queue_.Submit(In({}), kNothing, [held = std::move(held)](double) { return 1.0; });
  queue_.Cancel(ticket);
  EXPECT_TRUE(watched.expired());
}

}  // namespace
}  // namespace tuckerseg
