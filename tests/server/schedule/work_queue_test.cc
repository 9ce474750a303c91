#include "server/schedule/work_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/engine/volume/expect_error.h"
#include "tests/server/wait_until.h"

namespace tuckerseg {
namespace {

/// Work that says when it runs and goes on until it is let go, or asked to stop.
class HeldWork {
 public:
  DeviceWork Run() {
    return [this](const std::stop_token& stop, DeviceGate&) {
      running_.set_value();
      WaitUntil([&] { return let_go_.load() || stop.stop_requested(); });
      stopped_ = stop.stop_requested();
    };
  }
  void WaitUntilItRuns() { running_.get_future().wait(); }
  void LetGo() { let_go_ = true; }
  bool stopped() const { return stopped_; }

 private:
  std::promise<void> running_;
  std::atomic<bool> let_go_ = false;
  std::atomic<bool> stopped_ = false;
};

void ExpectEnd(Ticket& ticket) { ASSERT_TRUE(ticket.WaitFor(kLimit)); }

const DeviceWork kNothing = [](const std::stop_token&, DeviceGate&) {};

TEST(WorkQueue, RunsWhatItIsGiven) {
  WorkQueue queue(1);
  int ran = 0;
  const auto ticket = queue.Submit({.priority = 0}, [&](const std::stop_token&, DeviceGate&) { ++ran; });
  ExpectEnd(*ticket);
  ticket->Rethrow();
  EXPECT_EQ(ran, 1);
  EXPECT_TRUE(ticket->started());
  EXPECT_EQ(queue.running(), 0);
  EXPECT_EQ(queue.depth(), 0);
}

TEST(WorkQueue, CountsWhatWaitsByPriority) {
  HeldWork first;
  WorkQueue queue(10);
  queue.Submit({.priority = 7}, first.Run());
  first.WaitUntilItRuns();
  EXPECT_TRUE(queue.Waiting().empty()) << "what runs does not wait";
  for (const int priority : {0, 5, 0}) queue.Submit({.priority = priority}, kNothing);
  EXPECT_EQ(queue.Waiting(), (std::map<int, int64_t>{{0, 2}, {5, 1}}));
  first.LetGo();
}

TEST(WorkQueue, RunsHigherPrioritiesFirstAndEqualOnesInTheOrderOfArrival) {
  HeldWork first;
  WorkQueue queue(10);
  std::string order;
  queue.Submit({.priority = 0}, first.Run());
  first.WaitUntilItRuns();
  std::vector<std::shared_ptr<Ticket>> tickets;
  const auto submit = [&](int priority, char name) {
    tickets.push_back(queue.Submit({.priority = priority}, [&order, name](const std::stop_token&, DeviceGate&) { order += name; }));
    return tickets.back()->position();
  };
  EXPECT_EQ(submit(0, 'c'), 1);
  EXPECT_EQ(submit(0, 'd'), 2);
  EXPECT_EQ(submit(5, 'a'), 1) << "passes those that wait, not the one that runs";
  EXPECT_EQ(submit(-1, 'e'), 4);
  EXPECT_EQ(submit(5, 'b'), 2);
  EXPECT_EQ(queue.depth(), 5);
  first.LetGo();
  for (const auto& ticket : tickets) ExpectEnd(*ticket);
  EXPECT_EQ(order, "abcde");
}

/// Runs work of clients that came while something else ran, in this order, and returns the order in which it ran.
std::string OrderOf(const std::vector<std::pair<char, double>>& work) {
  HeldWork first;
  WorkQueue queue(20);
  std::string order;
  queue.Submit({}, first.Run());
  first.WaitUntilItRuns();
  std::vector<std::shared_ptr<Ticket>> tickets;
  for (const auto& [client, seconds] : work) {
    tickets.push_back(queue.Submit({.client = {client}, .foretold_s = seconds}, [&order, name = client](const std::stop_token&, DeviceGate&) { order += name; }));
  }
  first.LetGo();
  for (const auto& ticket : tickets) ExpectEnd(*ticket);
  return order;
}

TEST(WorkQueue, GivesClientsOfOnePriorityEqualSharesOfTheDevicesTime) {
  EXPECT_EQ(OrderOf({{'a', 10}, {'a', 10}, {'a', 10}, {'b', 10}, {'b', 10}, {'c', 10}}), "abcaba") << "in turns, whoever sends more";
  EXPECT_EQ(OrderOf({{'a', 30}, {'a', 30}, {'b', 10}, {'b', 10}, {'b', 10}, {'b', 10}}), "abbbab") << "by seconds, not by pieces of work";
  EXPECT_EQ(OrderOf({{'a', 0}, {'b', 0}, {'a', 0}, {'b', 0}}), "abab") << "in the order of arrival where nobody has had more";
}

TEST(WorkQueue, PutsHigherPrioritiesBeforeAnyShare) {
  HeldWork first;
  WorkQueue queue(5);
  std::string order;
  queue.Submit({.client = "a", .foretold_s = 100}, first.Run());
  first.WaitUntilItRuns();
  const auto later = queue.Submit({.client = "b"}, [&](const std::stop_token&, DeviceGate&) { order += 'b'; });
  const auto urgent = queue.Submit({.priority = 1, .client = "a"}, [&](const std::stop_token&, DeviceGate&) { order += 'a'; });
  EXPECT_EQ(urgent->position(), 1);
  first.LetGo();
  ExpectEnd(*later);
  ExpectEnd(*urgent);
  EXPECT_EQ(order, "ab");
}

TEST(WorkQueue, ForetellsTheTurnThatAClientsShareGivesIt) {
  HeldWork first;
  WorkQueue queue(5);
  queue.Submit({.client = "a"}, first.Run());
  first.WaitUntilItRuns();
  queue.Submit({.client = "a", .foretold_s = 100}, kNothing);
  queue.Submit({.client = "a", .foretold_s = 100}, kNothing);
  EXPECT_NEAR(queue.SecondsBefore({.client = "b"}), 100, 1) << "the first came before; the second waits for a's share";
  EXPECT_NEAR(queue.SecondsBefore({.client = "a"}), 200, 1);
  EXPECT_EQ(queue.Submit({.client = "b"}, kNothing)->position(), 2);
  first.LetGo();
}

TEST(WorkQueue, ChargesAClientNothingForWorkThatWasCancelledWhileItWaited) {
  HeldWork first;
  WorkQueue queue(5);
  queue.Submit({.client = "a"}, first.Run());
  first.WaitUntilItRuns();
  queue.Cancel(queue.Submit({.client = "a", .foretold_s = 100}, kNothing));
  queue.Submit({.client = "b", .foretold_s = 50}, kNothing);
  EXPECT_EQ(queue.Submit({.client = "a", .foretold_s = 10}, kNothing)->position(), 2) << "in the order of arrival";
  first.LetGo();
}

TEST(WorkQueue, RefusesMoreThanMayWaitOrRunAndSaysWhenToTryAgain) {
  HeldWork first;
  WorkQueue queue(2);
  queue.Submit({.priority = 0}, first.Run());
  first.WaitUntilItRuns();
  const auto second = queue.Submit({.priority = 0}, kNothing);
  try {
    queue.Submit({.priority = 10}, kNothing);
    ADD_FAILURE() << "taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kResourceExhausted);
    EXPECT_THAT(error.what(), testing::HasSubstr("queue: 2 requests wait or run: must be fewer than 2"));
    EXPECT_TRUE(error.retry_after_s());
  }
  first.LetGo();
  ExpectEnd(*second);
  ExpectEnd(*queue.Submit({.priority = 0}, kNothing));
}

TEST(WorkQueue, TellsWhatTheWorkThrew) {
  WorkQueue queue(2);
  const auto failing =
      queue.Submit({.priority = 0}, [](const std::stop_token&, DeviceGate&) { throw Error(ErrorCode::kDataLoss, "weights: damaged"); });
  ExpectEnd(*failing);
  ExpectError(ErrorCode::kDataLoss, "weights: damaged", [&] { failing->Rethrow(); });
  const auto next = queue.Submit({.priority = 0}, kNothing);
  ExpectEnd(*next);
  next->Rethrow();  // the worker lives on
}

TEST(WorkQueue, CancellingTakesWaitingWorkOutAtOnce) {
  HeldWork first;
  WorkQueue queue(2);
  queue.Submit({.priority = 0}, first.Run());
  first.WaitUntilItRuns();
  bool ran = false;
  const auto waiting = queue.Submit({.priority = 0}, [&](const std::stop_token&, DeviceGate&) { ran = true; });
  queue.Cancel(waiting);
  ExpectEnd(*waiting);
  EXPECT_EQ(queue.depth(), 0);
  ExpectError(ErrorCode::kCancelled, "cancelled in the queue", [&] { waiting->Rethrow(); });
  const auto next = queue.Submit({.priority = 0}, kNothing);  // its place is free again
  first.LetGo();
  ExpectEnd(*next);
  EXPECT_FALSE(ran);
}

TEST(WorkQueue, CancellingAsksRunningWorkToStop) {
  HeldWork work;
  WorkQueue queue(1);
  const auto ticket = queue.Submit({.priority = 0}, work.Run());
  work.WaitUntilItRuns();
  queue.Cancel(ticket);
  ExpectEnd(*ticket);
  EXPECT_TRUE(work.stopped());
}

TEST(WorkQueue, CancellingWhatHasEndedChangesNothing) {
  WorkQueue queue(1);
  const auto ticket = queue.Submit({.priority = 0}, kNothing);
  ExpectEnd(*ticket);
  queue.Cancel(ticket);
  ticket->Rethrow();
}

TEST(WorkQueue, LetsGoOfWhatTheWorkHoldsBeforeAnyoneHearsThatItHasEnded) {
  WorkQueue queue(1);
  for (int i = 0; i < 100; ++i) {
    const auto held = std::make_shared<int>(i);
    const auto ticket = queue.Submit({.priority = 0}, [held](const std::stop_token&, DeviceGate&) {});
    ExpectEnd(*ticket);
    ASSERT_EQ(held.use_count(), 1);
  }
}

TEST(WorkQueue, ForetellsWhatIsLeftOfTheRunningWorkAndAllThatGoesBefore) {
  HeldWork first;
  WorkQueue queue(4);
  EXPECT_EQ(queue.SecondsBefore({.priority = 0}), 0);
  queue.Submit({.priority = 0, .foretold_s = 100}, first.Run());
  first.WaitUntilItRuns();
  EXPECT_LE(queue.SecondsBefore({.priority = 0}), 100);
  EXPECT_GT(queue.SecondsBefore({.priority = 0}), 100 - std::chrono::duration<double>(kLimit).count());
  const auto same = queue.Submit({.priority = 0, .foretold_s = 1000}, kNothing);
  queue.Submit({.priority = -1, .foretold_s = 10000}, kNothing);
  EXPECT_NEAR(queue.SecondsBefore({.priority = 1}), 100, 50) << "goes before both that wait";
  EXPECT_NEAR(queue.SecondsBefore({.priority = 0}), 1100, 50) << "equal ones in the order of arrival";
  EXPECT_NEAR(queue.SecondsBefore({.priority = -1}), 11100, 50);
  queue.Cancel(same);
  EXPECT_NEAR(queue.SecondsBefore({.priority = -1}), 10100, 50);
  first.LetGo();
}

TEST(WorkQueue, ForetellsNothingLeftOfWorkThatTakesLongerThanForetold) {
  HeldWork first;
  WorkQueue queue(1);
  queue.Submit({.priority = 0, .foretold_s = 1e-9}, first.Run());
  first.WaitUntilItRuns();
  EXPECT_EQ(queue.SecondsBefore({.priority = 0}), 0);
  EXPECT_TRUE(queue.full());
  first.LetGo();
}

TEST(WorkQueue, StopsWhatRunsAndDropsWhatWaitsWhenItGoes) {
  HeldWork first;
  std::optional<WorkQueue> queue(std::in_place, 2);
  const auto running = queue->Submit({.priority = 0}, first.Run());
  first.WaitUntilItRuns();
  const auto waiting = queue->Submit({.priority = 0}, kNothing);
  queue.reset();
  EXPECT_TRUE(first.stopped());
  ExpectEnd(*waiting);
  ExpectError(ErrorCode::kUnavailable, "the server is stopping", [&] { waiting->Rethrow(); });
}

TEST(WorkQueue, TakesNoWorkOnceItWasStopped) {
  WorkQueue queue(2);
  queue.Stop();
  ExpectError(ErrorCode::kUnavailable, "the server is stopping", [&] { queue.Submit({.priority = 0}, kNothing); });
  queue.Stop();  // once more does no harm
}

/// Work that is held before it asks for the device, while it has it and behind it, until a test lets it pass or it is asked to stop.
class StagedWork {
 public:
  enum Stage { kNotBegun, kBefore, kAsks, kWith, kBehind };

  DeviceWork Run() {
    return [this](const std::stop_token& stop, DeviceGate& device) {
      Hold(kBefore, stop);
      reached_ = kAsks;
      device.Enter(stop);
      Hold(kWith, stop);
      device.Leave();
      Hold(kBehind, stop);
    };
  }
  bool Reaches(Stage stage) {
    return WaitUntil([&] { return reached_ >= stage; });
  }
  Stage reached() const { return reached_; }
  /// Lets it pass this stage and those before.
  void LetPass(Stage stage) { passed_ = stage; }

 private:
  void Hold(Stage stage, const std::stop_token& stop) {
    reached_ = stage;
    WaitUntil([&] { return passed_ >= stage || stop.stop_requested(); });
  }

  std::atomic<Stage> reached_ = kNotBegun;
  std::atomic<Stage> passed_ = kNotBegun;
};

/// Two pieces of work at once.
class WorkQueueOfTwo : public testing::Test {
 protected:
  static constexpr int64_t kCapacity = 10;

  /// The first has the device, the second, which came behind it, waits for it.
  void HaveTheSecondWaitForTheDevice(Turn first = {}, Turn second = {}) {
    first_ticket_ = queue_->Submit(first, first_.Run());
    first_.LetPass(StagedWork::kBefore);
    ASSERT_TRUE(first_.Reaches(StagedWork::kWith));
    second_ticket_ = queue_->Submit(second, second_.Run());
    second_.LetPass(StagedWork::kBefore);
    ASSERT_TRUE(second_.Reaches(StagedWork::kAsks));
  }

  std::string order_;  // of those who have had the device, who write it
  HeldWork held_;      // before the queue, which stops all of them
  StagedWork first_;
  StagedWork second_;
  StagedWork third_;
  std::optional<WorkQueue> queue_{std::in_place, kCapacity, 2};
  std::shared_ptr<Ticket> first_ticket_;
  std::shared_ptr<Ticket> second_ticket_;
};

TEST_F(WorkQueueOfTwo, PreparesTheNextWhileTheFirstHasTheDevice) {
  queue_->Submit({}, first_.Run());
  first_.LetPass(StagedWork::kBefore);
  ASSERT_TRUE(first_.Reaches(StagedWork::kWith));
  queue_->Submit({}, second_.Run());
  EXPECT_TRUE(second_.Reaches(StagedWork::kBefore));
  EXPECT_EQ(queue_->running(), 2);
  const auto third = queue_->Submit({}, third_.Run());
  EXPECT_EQ(third->position(), 2) << "behind both";
  EXPECT_EQ(queue_->depth(), 1);
  EXPECT_FALSE(third->started());
}

TEST_F(WorkQueueOfTwo, FinishesTheFirstWhileTheNextHasTheDevice) {
  HaveTheSecondWaitForTheDevice();
  first_.LetPass(StagedWork::kWith);
  EXPECT_TRUE(second_.Reaches(StagedWork::kWith));
  ASSERT_TRUE(first_.Reaches(StagedWork::kBehind));
  EXPECT_EQ(queue_->running(), 2);
}

TEST_F(WorkQueueOfTwo, GivesTheDeviceInTheOrderInWhichWorkBeganWhicheverIsReadyFirst) {
  queue_->Submit({}, first_.Run());
  queue_->Submit({}, second_.Run());
  ASSERT_TRUE(first_.Reaches(StagedWork::kBefore));
  second_.LetPass(StagedWork::kBefore);
  ASSERT_TRUE(second_.Reaches(StagedWork::kAsks));
  first_.LetPass(StagedWork::kBefore);
  ASSERT_TRUE(first_.Reaches(StagedWork::kWith));
  EXPECT_EQ(second_.reached(), StagedWork::kAsks);
  first_.LetPass(StagedWork::kWith);
  EXPECT_TRUE(second_.Reaches(StagedWork::kWith));
}

TEST_F(WorkQueueOfTwo, GivesTheDeviceByPriorityAndThenInTheOrderOfArrival) {
  std::vector<std::shared_ptr<Ticket>> tickets;
  HaveTheSecondWaitForTheDevice();
  for (const auto& [priority, name] : std::vector<std::pair<int, char>>{{0, 'c'}, {0, 'd'}, {5, 'a'}, {-1, 'e'}, {5, 'b'}}) {
    tickets.push_back(queue_->Submit({.priority = priority}, [this, name = name](const std::stop_token& stop, DeviceGate& device) {
      device.Enter(stop);
      order_ += name;
      device.Leave();
    }));
  }
  for (StagedWork* work : {&first_, &second_}) work->LetPass(StagedWork::kBehind);
  for (const auto& ticket : tickets) ExpectEnd(*ticket);
  EXPECT_EQ(order_, "abcde");
}

TEST_F(WorkQueueOfTwo, NeverLetsTwoHaveTheDevice) {
  std::atomic<int> inside = 0;
  std::atomic<bool> together = false;
  std::vector<std::shared_ptr<Ticket>> tickets;
  for (int64_t i = 0; i < kCapacity; ++i) {
    tickets.push_back(queue_->Submit({}, [&](const std::stop_token& stop, DeviceGate& device) {
      device.Enter(stop);
      if (++inside > 1) together = true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      --inside;
      device.Leave();
    }));
  }
  for (const auto& ticket : tickets) ExpectEnd(*ticket);
  EXPECT_FALSE(together);
}

TEST_F(WorkQueueOfTwo, GivesTheDeviceAwayWhereWorkThrowsBeforeItsTurn) {
  const auto ticket = queue_->Submit({}, [run = held_.Run()](const std::stop_token& stop, DeviceGate& device) {
    run(stop, device);
    throw Error(ErrorCode::kInvalidArgument, "voxels: must be finite intensities");
  });
  held_.WaitUntilItRuns();
  queue_->Submit({}, second_.Run());
  second_.LetPass(StagedWork::kBefore);
  EXPECT_TRUE(second_.Reaches(StagedWork::kAsks));
  held_.LetGo();
  EXPECT_TRUE(second_.Reaches(StagedWork::kWith));
  ExpectEnd(*ticket);
  ExpectError(ErrorCode::kInvalidArgument, "voxels: must be finite", [&] { ticket->Rethrow(); });
}

TEST_F(WorkQueueOfTwo, GivesTheDeviceAwayWhereWorkEndsWithoutAPatch) {
  queue_->Submit({}, held_.Run());
  held_.WaitUntilItRuns();
  queue_->Submit({}, second_.Run());
  second_.LetPass(StagedWork::kBefore);
  EXPECT_TRUE(second_.Reaches(StagedWork::kAsks));
  held_.LetGo();
  EXPECT_TRUE(second_.Reaches(StagedWork::kWith));
}

TEST_F(WorkQueueOfTwo, GivesTheDeviceAwayWhereWorkThrowsWhileItHasIt) {
  const auto ticket = queue_->Submit({}, [run = held_.Run()](const std::stop_token& stop, DeviceGate& device) {
    device.Enter(stop);
    run(stop, device);
    throw Error(ErrorCode::kResourceExhausted, "the device has no memory left for a patch");
  });
  held_.WaitUntilItRuns();
  queue_->Submit({}, second_.Run());
  second_.LetPass(StagedWork::kBefore);
  EXPECT_TRUE(second_.Reaches(StagedWork::kAsks));
  held_.LetGo();
  EXPECT_TRUE(second_.Reaches(StagedWork::kWith));
  ExpectEnd(*ticket);
  ExpectError(ErrorCode::kResourceExhausted, "no memory left", [&] { ticket->Rethrow(); });
}

TEST_F(WorkQueueOfTwo, CancellingEndsTheWaitForTheDeviceAndLeavesItToTheOthers) {
  HaveTheSecondWaitForTheDevice();
  queue_->Cancel(second_ticket_);
  ExpectEnd(*second_ticket_);
  ExpectError(ErrorCode::kCancelled, "cancelled while it waited for the device", [&] { second_ticket_->Rethrow(); });
  EXPECT_EQ(first_.reached(), StagedWork::kWith) << "it goes on";
  EXPECT_EQ(queue_->running(), 1);
  queue_->Submit({}, third_.Run());
  third_.LetPass(StagedWork::kBefore);
  ASSERT_TRUE(third_.Reaches(StagedWork::kAsks));
  first_.LetPass(StagedWork::kWith);
  EXPECT_TRUE(third_.Reaches(StagedWork::kWith));
}

TEST_F(WorkQueueOfTwo, StopsBothThatRunAndDropsWhatWaits) {
  HaveTheSecondWaitForTheDevice();
  const auto waiting = queue_->Submit({}, third_.Run());
  queue_->Stop();
  ExpectEnd(*first_ticket_);
  ExpectEnd(*second_ticket_);
  ExpectEnd(*waiting);
  ExpectError(ErrorCode::kUnavailable, "the server is stopping", [&] { waiting->Rethrow(); });
  EXPECT_EQ(queue_->running(), 0);
  EXPECT_EQ(third_.reached(), StagedWork::kNotBegun);
}

TEST_F(WorkQueueOfTwo, CountsBothAgainstWhatMayWaitOrRun) {
  queue_.emplace(2, 2);
  HaveTheSecondWaitForTheDevice();
  EXPECT_TRUE(queue_->full());
  ExpectError(ErrorCode::kResourceExhausted, "queue: 2 requests wait or run: must be fewer than 2", [&] { queue_->Submit({}, kNothing); });
  queue_->Cancel(second_ticket_);
  ExpectEnd(*second_ticket_);
  EXPECT_FALSE(queue_->full());
}

TEST_F(WorkQueueOfTwo, ForetellsAllThatIsLeftOfBothAndOfWhatWaits) {
  HaveTheSecondWaitForTheDevice({.foretold_s = 100}, {.foretold_s = 1000});
  EXPECT_NEAR(queue_->SecondsBefore({}), 1100, 50);
  queue_->Submit({.foretold_s = 10000}, kNothing);
  EXPECT_NEAR(queue_->SecondsBefore({}), 11100, 50);
  EXPECT_NEAR(queue_->SecondsBefore({.priority = 1}), 1100, 50) << "both have begun: even urgent work goes behind them";
}

TEST_F(WorkQueueOfTwo, TakesNothingOffTheSecondForTheTimeThatItMayHaveWaited) {
  HaveTheSecondWaitForTheDevice({.foretold_s = 0}, {.foretold_s = 1000});
  EXPECT_EQ(queue_->SecondsBefore({}), 1000) << "the first takes longer than foretold";
  first_.LetPass(StagedWork::kBehind);
  ExpectEnd(*first_ticket_);
  EXPECT_LT(queue_->SecondsBefore({}), 1000) << "now it has the device";
  EXPECT_GT(queue_->SecondsBefore({}), 1000 - std::chrono::duration<double>(kLimit).count());
}

TEST_F(WorkQueueOfTwo, SharesTheDeviceAmongClientsAsOneWould) {
  std::vector<std::shared_ptr<Ticket>> tickets;
  HaveTheSecondWaitForTheDevice();
  for (const char client : {'a', 'a', 'a', 'b', 'b', 'c'}) {
    tickets.push_back(queue_->Submit({.client = {client}, .foretold_s = 10}, [this, client](const std::stop_token& stop, DeviceGate& device) {
      device.Enter(stop);
      order_ += client;
    }));
  }
  for (StagedWork* work : {&first_, &second_}) work->LetPass(StagedWork::kBehind);
  for (const auto& ticket : tickets) ExpectEnd(*ticket);
  EXPECT_EQ(order_, "abcaba");
}

TEST(Ticket, WaitsNoLongerThanItIsTold) {
  HeldWork work;
  WorkQueue queue(1);
  const auto ticket = queue.Submit({.priority = 0}, work.Run());
  EXPECT_FALSE(ticket->WaitFor(std::chrono::milliseconds(1)));
  work.LetGo();
  ExpectEnd(*ticket);
}

}  // namespace
}  // namespace tuckerseg
