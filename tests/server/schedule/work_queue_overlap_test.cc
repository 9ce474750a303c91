/// A queue that has two pieces of work under way: while one has the device the next is prepared, or the one before finished.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "server/schedule/work_queue.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/server/schedule/held_work.h"
#include "tests/server/wait_until.h"

namespace tuckerseg {
namespace {

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

  /// The held work, which has been submitted, ends somehow while the second waits for the device.
  void ExpectThatTheSecondGetsTheDeviceBehindTheHeld() {
    held_.WaitUntilItRuns();
    queue_->Submit({}, second_.Run());
    second_.LetPass(StagedWork::kBefore);
    EXPECT_TRUE(second_.Reaches(StagedWork::kAsks));
    held_.LetGo();
    EXPECT_TRUE(second_.Reaches(StagedWork::kWith));
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
  ExpectThatTheSecondGetsTheDeviceBehindTheHeld();
  ExpectEnd(*ticket);
  ExpectError(ErrorCode::kInvalidArgument, "voxels: must be finite", [&] { ticket->Rethrow(); });
}

TEST_F(WorkQueueOfTwo, GivesTheDeviceAwayWhereWorkEndsWithoutAPatch) {
  queue_->Submit({}, held_.Run());
  ExpectThatTheSecondGetsTheDeviceBehindTheHeld();
}

TEST_F(WorkQueueOfTwo, GivesTheDeviceAwayWhereWorkThrowsWhileItHasIt) {
  const auto ticket = queue_->Submit({}, [run = held_.Run()](const std::stop_token& stop, DeviceGate& device) {
    device.Enter(stop);
    run(stop, device);
    throw Error(ErrorCode::kResourceExhausted, "the device has no memory left for a patch");
  });
  ExpectThatTheSecondGetsTheDeviceBehindTheHeld();
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

}  // namespace
}  // namespace tuckerseg
