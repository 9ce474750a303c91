#include "server/schedule/work_queue.h"

#include <gtest/gtest.h>

#include <future>
#include <optional>
#include <string>
#include <vector>

#include "tests/engine/volume/expect_error.h"
#include "tests/server/wait_until.h"

namespace tuckerseg {
namespace {

using Work = std::function<void(std::stop_token)>;

/// Work that says when it runs and goes on until it is let go, or asked to stop.
class HeldWork {
 public:
  Work Run() {
    return [this](const std::stop_token& stop) {
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

const Work kNothing = [](const std::stop_token&) {};

TEST(WorkQueue, RunsWhatItIsGiven) {
  WorkQueue queue(1);
  int ran = 0;
  const auto ticket = queue.Submit(0, [&](const std::stop_token&) { ++ran; });
  ExpectEnd(*ticket);
  ticket->Rethrow();
  EXPECT_EQ(ran, 1);
  EXPECT_TRUE(ticket->started());
  EXPECT_FALSE(queue.running());
  EXPECT_EQ(queue.depth(), 0);
}

TEST(WorkQueue, CountsWhatWaitsByPriority) {
  HeldWork first;
  WorkQueue queue(10);
  queue.Submit(7, first.Run());
  first.WaitUntilItRuns();
  EXPECT_TRUE(queue.Waiting().empty()) << "what runs does not wait";
  for (const int priority : {0, 5, 0}) queue.Submit(priority, kNothing);
  EXPECT_EQ(queue.Waiting(), (std::map<int, int64_t>{{0, 2}, {5, 1}}));
  first.LetGo();
}

TEST(WorkQueue, RunsHigherPrioritiesFirstAndEqualOnesInTheOrderOfArrival) {
  HeldWork first;
  WorkQueue queue(10);
  std::string order;
  queue.Submit(0, first.Run());
  first.WaitUntilItRuns();
  std::vector<std::shared_ptr<Ticket>> tickets;
  const auto submit = [&](int priority, char name) {
    tickets.push_back(queue.Submit(priority, [&order, name](const std::stop_token&) { order += name; }));
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

TEST(WorkQueue, RefusesMoreThanMayWaitOrRunAndSaysWhenToTryAgain) {
  HeldWork first;
  WorkQueue queue(2);
  queue.Submit(0, first.Run());
  first.WaitUntilItRuns();
  const auto second = queue.Submit(0, kNothing);
  try {
    queue.Submit(10, kNothing);
    ADD_FAILURE() << "taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kResourceExhausted);
    EXPECT_THAT(error.what(), testing::HasSubstr("queue: 2 requests wait or run: must be fewer than 2"));
    EXPECT_TRUE(error.retry_after_s());
  }
  first.LetGo();
  ExpectEnd(*second);
  ExpectEnd(*queue.Submit(0, kNothing));
}

TEST(WorkQueue, TellsWhatTheWorkThrew) {
  WorkQueue queue(2);
  const auto failing =
      queue.Submit(0, [](const std::stop_token&) { throw Error(ErrorCode::kDataLoss, "weights: damaged"); });
  ExpectEnd(*failing);
  ExpectError(ErrorCode::kDataLoss, "weights: damaged", [&] { failing->Rethrow(); });
  const auto next = queue.Submit(0, kNothing);
  ExpectEnd(*next);
  next->Rethrow();  // the worker lives on
}

TEST(WorkQueue, CancellingTakesWaitingWorkOutAtOnce) {
  HeldWork first;
  WorkQueue queue(2);
  queue.Submit(0, first.Run());
  first.WaitUntilItRuns();
  bool ran = false;
  const auto waiting = queue.Submit(0, [&](const std::stop_token&) { ran = true; });
  queue.Cancel(waiting);
  ExpectEnd(*waiting);
  EXPECT_EQ(queue.depth(), 0);
  ExpectError(ErrorCode::kCancelled, "cancelled in the queue", [&] { waiting->Rethrow(); });
  const auto next = queue.Submit(0, kNothing);  // its place is free again
  first.LetGo();
  ExpectEnd(*next);
  EXPECT_FALSE(ran);
}

TEST(WorkQueue, CancellingAsksRunningWorkToStop) {
  HeldWork work;
  WorkQueue queue(1);
  const auto ticket = queue.Submit(0, work.Run());
  work.WaitUntilItRuns();
  queue.Cancel(ticket);
  ExpectEnd(*ticket);
  EXPECT_TRUE(work.stopped());
}

TEST(WorkQueue, CancellingWhatHasEndedChangesNothing) {
  WorkQueue queue(1);
  const auto ticket = queue.Submit(0, kNothing);
  ExpectEnd(*ticket);
  queue.Cancel(ticket);
  ticket->Rethrow();
}

TEST(WorkQueue, LetsGoOfWhatTheWorkHoldsBeforeAnyoneHearsThatItHasEnded) {
  WorkQueue queue(1);
  for (int i = 0; i < 100; ++i) {
    const auto held = std::make_shared<int>(i);
    const auto ticket = queue.Submit(0, [held](const std::stop_token&) {});
    ExpectEnd(*ticket);
    ASSERT_EQ(held.use_count(), 1);
  }
}

TEST(WorkQueue, ForetellsWhatIsLeftOfTheRunningWorkAndAllThatGoesBefore) {
  HeldWork first;
  WorkQueue queue(4);
  EXPECT_EQ(queue.SecondsBefore(0), 0);
  queue.Submit(0, first.Run(), 100);
  first.WaitUntilItRuns();
  EXPECT_LE(queue.SecondsBefore(0), 100);
  EXPECT_GT(queue.SecondsBefore(0), 100 - std::chrono::duration<double>(kLimit).count());
  const auto same = queue.Submit(0, kNothing, 1000);
  queue.Submit(-1, kNothing, 10000);
  EXPECT_NEAR(queue.SecondsBefore(1), 100, 50) << "goes before both that wait";
  EXPECT_NEAR(queue.SecondsBefore(0), 1100, 50) << "equal ones in the order of arrival";
  EXPECT_NEAR(queue.SecondsBefore(-1), 11100, 50);
  queue.Cancel(same);
  EXPECT_NEAR(queue.SecondsBefore(-1), 10100, 50);
  first.LetGo();
}

TEST(WorkQueue, ForetellsNothingLeftOfWorkThatTakesLongerThanForetold) {
  HeldWork first;
  WorkQueue queue(1);
  queue.Submit(0, first.Run(), 1e-9);
  first.WaitUntilItRuns();
  EXPECT_EQ(queue.SecondsBefore(0), 0);
  EXPECT_TRUE(queue.full());
  first.LetGo();
}

TEST(WorkQueue, StopsWhatRunsAndDropsWhatWaitsWhenItGoes) {
  HeldWork first;
  std::optional<WorkQueue> queue(std::in_place, 2);
  const auto running = queue->Submit(0, first.Run());
  first.WaitUntilItRuns();
  const auto waiting = queue->Submit(0, kNothing);
  queue.reset();
  EXPECT_TRUE(first.stopped());
  ExpectEnd(*waiting);
  ExpectError(ErrorCode::kUnavailable, "the server is stopping", [&] { waiting->Rethrow(); });
}

TEST(WorkQueue, TakesNoWorkOnceItWasStopped) {
  WorkQueue queue(2);
  queue.Stop();
  ExpectError(ErrorCode::kUnavailable, "the server is stopping", [&] { queue.Submit(0, kNothing); });
  queue.Stop();  // once more does no harm
}

TEST(Ticket, WaitsNoLongerThanItIsTold) {
  HeldWork work;
  WorkQueue queue(1);
  const auto ticket = queue.Submit(0, work.Run());
  EXPECT_FALSE(ticket->WaitFor(std::chrono::milliseconds(1)));
  work.LetGo();
  ExpectEnd(*ticket);
}

}  // namespace
}  // namespace tuckerseg
