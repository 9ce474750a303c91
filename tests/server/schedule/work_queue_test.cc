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
#include "tests/server/schedule/held_work.h"
#include "tests/server/wait_until.h"

namespace tuckerseg {
namespace {

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

/// Submits work while something else runs, in this order, and returns the names in the order in which it ran.
std::string OrderOf(const std::vector<std::pair<char, Turn>>& work, WorkQueue& queue) {
  HeldWork first;
  std::string order;
  queue.Submit({.client = "x"}, first.Run());
  first.WaitUntilItRuns();
  std::vector<std::shared_ptr<Ticket>> tickets;
  for (const auto& [name, turn] : work) {
    tickets.push_back(queue.Submit(turn, [&order, name = name](const std::stop_token&, DeviceGate&) { order += name; }));
  }
  first.LetGo();
  for (const auto& ticket : tickets) ExpectEnd(*ticket);
  return order;
}

/// Work that came so many seconds ago.
struct Waited {
  char name = 0;
  int priority = 0;
  int waited_s = 0;
};

/// In a queue of 4, where each takes `foretold_s`.
std::string OrderOf(const std::vector<Waited>& work, double foretold_s) {
  WorkQueue queue(4);
  std::vector<std::pair<char, Turn>> turns;
  for (const Waited& one : work) {
    turns.emplace_back(one.name, Turn{.priority = one.priority, .foretold_s = foretold_s});
    turns.back().second.came_at -= std::chrono::seconds(one.waited_s);
  }
  return OrderOf(turns, queue);
}

TEST(WorkQueue, TakesWhatHasWaitedForMoreUrgentOncePerFullQueueOfUsualWork) {
  constexpr double kUsual_s = 5;  // a full queue is 20
  EXPECT_EQ(OrderOf({{'a', -2, 45}, {'b', 0, 0}}, kUsual_s), "ab");
  EXPECT_EQ(OrderOf({{'a', -2, 35}, {'b', 0, 0}}, kUsual_s), "ba") << "one full queue alone: it is at -1";
  EXPECT_EQ(OrderOf({{'a', -2, 35}, {'b', -1, 0}, {'c', 0, 0}}, kUsual_s), "cab");
  EXPECT_EQ(OrderOf({{'b', 5, 0}, {'a', -10, 100000}}, kUsual_s), "ba") << "nothing goes before the most urgent that waits for having waited";
}

TEST(WorkQueue, ForgetsNobodyWithinSecondsWhereWorkIsShort) {
  constexpr double kUsual_s = 0.001;
  EXPECT_EQ(OrderOf({{'a', -1, 5}, {'b', 0, 0}}, kUsual_s), "ba");
  EXPECT_EQ(OrderOf({{'a', -1, 15}, {'b', 0, 0}}, kUsual_s), "ab");
}

TEST(WorkQueue, CountsWhatHasWaitedForLongAsBeforeWhoComes) {
  HeldWork first;
  WorkQueue queue(4);
  queue.Submit({}, first.Run());
  first.WaitUntilItRuns();
  Turn turn{.priority = -1, .foretold_s = 100};
  queue.Submit(turn, kNothing);
  EXPECT_EQ(queue.SecondsBefore({.priority = 0}), 0);
  turn.came_at -= std::chrono::hours(1);
  queue.Submit(turn, kNothing);
  EXPECT_EQ(queue.SecondsBefore({.priority = 0}), 100);
  first.LetGo();
}

/// Work of clients, named by them.
std::string OrderOf(const std::vector<std::pair<char, double>>& work, WorkQueue& queue) {
  std::vector<std::pair<char, Turn>> turns;
  for (const auto& [client, seconds] : work) turns.emplace_back(client, Turn{.client = {client}, .foretold_s = seconds});
  return OrderOf(turns, queue);
}

std::string OrderOf(const std::vector<std::pair<char, double>>& work) {
  WorkQueue queue(20);
  return OrderOf(work, queue);
}

TEST(WorkQueue, GivesClientsOfOnePriorityEqualSharesOfTheDevicesTime) {
  EXPECT_EQ(OrderOf({{'a', 10}, {'a', 10}, {'a', 10}, {'b', 10}, {'b', 10}, {'c', 10}}), "abcaba") << "in turns, whoever sends more";
  EXPECT_EQ(OrderOf({{'a', 30}, {'a', 30}, {'b', 10}, {'b', 10}, {'b', 10}, {'b', 10}}), "abbbab") << "by seconds, not by pieces of work";
  EXPECT_EQ(OrderOf({{'a', 0}, {'b', 0}, {'a', 0}, {'b', 0}}), "abab") << "in the order of arrival where nobody has had more";
}

TEST(WorkQueue, CountsWhatHasRisenAtThePriorityAtWhichItBegan) {
  HeldWork device;
  HeldWork risen;
  WorkQueue queue(5);
  std::string order;
  const auto submit = [&](Turn turn) {
    return queue.Submit(turn, [&order, turn](const std::stop_token&, DeviceGate&) { order += turn.client; });
  };
  queue.Submit({.priority = 9}, device.Run());
  device.WaitUntilItRuns();
  Turn old{.priority = 0, .client = "a", .foretold_s = 1};
  old.came_at -= std::chrono::hours(1);
  queue.Submit(old, risen.Run());
  const auto urgent = queue.Submit({.priority = 3, .client = "c"}, kNothing);
  device.LetGo();
  risen.WaitUntilItRuns();
  queue.Cancel(urgent);  // nothing of priority 3 by its own right is left
  const auto of_the_same = submit({.priority = 3, .client = "a", .foretold_s = 1});
  const auto of_another = submit({.priority = 3, .client = "b", .foretold_s = 1});
  risen.LetGo();
  for (const auto& ticket : {of_the_same, of_another}) ExpectEnd(*ticket);
  EXPECT_EQ(order, "ba") << "the first has had its share";
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

TEST(WorkQueue, SharesTheTimeOfOnePriorityWhateverMoreUrgentWorkTakesMeanwhile) {
  HeldWork first;
  HeldWork second;
  WorkQueue queue(10);
  std::string order;
  std::vector<std::shared_ptr<Ticket>> tickets;
  const auto submit = [&](char client) {
    tickets.push_back(queue.Submit({.client = {client}, .foretold_s = 10}, [&order, client](const std::stop_token&, DeviceGate&) { order += client; }));
  };
  queue.Submit({.priority = 5, .client = "a", .foretold_s = 100}, first.Run());
  first.WaitUntilItRuns();
  for (int i = 0; i < 3; ++i) submit('b');
  queue.Submit({.priority = 5, .client = "a", .foretold_s = 100}, second.Run());
  first.LetGo();
  second.WaitUntilItRuns();
  submit('c');
  second.LetGo();
  for (const auto& ticket : tickets) ExpectEnd(*ticket);
  EXPECT_EQ(order, "bcbb") << "c has had no more than b";
}

TEST(WorkQueue, ForgetsWhatClientsHaveHadOnceNobodyAsksForAnything) {
  HeldWork running;
  HeldWork urgent;
  WorkQueue queue(20);
  ExpectEnd(*queue.Submit({.client = "a", .foretold_s = 100}, kNothing));
  EXPECT_EQ(OrderOf({{'a', 10}, {'b', 10}, {'b', 10}}, queue), "abb") << "b, who did not want the device then, has no claim to it now";
  queue.Submit({.client = "a", .foretold_s = 100}, running.Run());
  running.WaitUntilItRuns();
  const auto waiting = queue.Submit({.client = "a", .foretold_s = 10}, kNothing);
  queue.Submit({.priority = 1}, urgent.Run());
  running.LetGo();
  urgent.WaitUntilItRuns();
  queue.Cancel(waiting);
  urgent.LetGo();
  EXPECT_EQ(OrderOf({{'a', 10}, {'b', 10}, {'b', 10}}, queue), "abb") << "nor once the last that waits is cancelled, though something more urgent runs";
}

TEST(WorkQueue, RemembersWhatAClientHasHadAsLongAsOthersAsk) {
  HeldWork first;
  HeldWork second;
  WorkQueue queue(20);
  std::string order;
  std::vector<std::shared_ptr<Ticket>> tickets;
  const auto submit = [&](char client) {
    tickets.push_back(queue.Submit({.client = {client}, .foretold_s = 10}, [&order, client](const std::stop_token&, DeviceGate&) { order += client; }));
  };
  queue.Submit({.client = "a", .foretold_s = 15}, first.Run());
  first.WaitUntilItRuns();
  queue.Submit({.client = "x"}, second.Run());
  first.LetGo();
  second.WaitUntilItRuns();
  submit('a');
  submit('b');
  submit('b');
  second.LetGo();
  for (const auto& ticket : tickets) ExpectEnd(*ticket);
  EXPECT_EQ(order, "bba") << "a has had 15 s already";
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

/// Gives the queue work that it must refuse, and returns what was said.
std::string RefusalOf(WorkQueue& queue, const Turn& turn) {
  try {
    queue.Submit(turn, kNothing);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kResourceExhausted);
    EXPECT_TRUE(error.retry_after_s()) << "it passes by waiting";
    return error.what();
  }
  ADD_FAILURE() << "taken";
  return {};
}

TEST(WorkQueue, LetsOneClientHoldNoMoreThanItsShareOfThePlaces) {
  HeldWork first;
  WorkQueue queue(4, /*at_once=*/1, /*client_share=*/0.5);
  queue.Submit({.client = "a"}, first.Run());
  first.WaitUntilItRuns();
  EXPECT_FALSE(queue.PlacesHeldBy("a"));
  const auto own = queue.Submit({.client = "a"}, kNothing);
  EXPECT_EQ(queue.PlacesHeldBy("a"), 2) << "one that runs and one that waits";
  EXPECT_EQ(RefusalOf(queue, {.priority = 10, .client = "a"}), "queue: this client holds 2 of its 2 places: must be fewer; try again later") << "however urgent";
  EXPECT_FALSE(queue.full());
  EXPECT_FALSE(queue.PlacesHeldBy("b"));
  const auto others = queue.Submit({.client = "b"}, kNothing);
  first.LetGo();
  ExpectEnd(*own);
  ExpectEnd(*others);
  EXPECT_FALSE(queue.PlacesHeldBy("a"));
  ExpectEnd(*queue.Submit({.client = "a"}, kNothing));
}

TEST(WorkQueue, GivesAClientItsPlaceAgainOnceItsWaitingWorkIsCancelled) {
  HeldWork first;
  WorkQueue queue(4, /*at_once=*/1, /*client_share=*/0.5);
  queue.Submit({.client = "a"}, first.Run());
  first.WaitUntilItRuns();
  queue.Cancel(queue.Submit({.client = "a"}, kNothing));
  EXPECT_FALSE(queue.PlacesHeldBy("a"));
  const auto next = queue.Submit({.client = "a"}, kNothing);
  first.LetGo();
  ExpectEnd(*next);
}

TEST(WorkQueue, SaysThatItIsFullWhereItIsWhoeverHoldsItsPlaces) {
  HeldWork first;
  WorkQueue queue(2, /*at_once=*/1, /*client_share=*/0.5);
  queue.Submit({.client = "a"}, first.Run());
  first.WaitUntilItRuns();
  const auto others = queue.Submit({.client = "b"}, kNothing);
  for (const char* client : {"a", "b", "c"}) EXPECT_EQ(RefusalOf(queue, {.client = client}), "queue: 2 requests wait or run: must be fewer than 2; try again later");
  first.LetGo();
  ExpectEnd(*others);
}

TEST(WorkQueue, LetsOneClientFillItWhereClientsHaveNoShares) {
  HeldWork first;
  WorkQueue queue(2);
  queue.Submit({.client = "a"}, first.Run());
  first.WaitUntilItRuns();
  const auto own = queue.Submit({.client = "a"}, kNothing);
  EXPECT_FALSE(queue.PlacesHeldBy("a"));
  EXPECT_EQ(RefusalOf(queue, {.client = "a"}), "queue: 2 requests wait or run: must be fewer than 2; try again later");
  first.LetGo();
  ExpectEnd(*own);
}

TEST(WorkQueue, LetsAClientHoldOnePlaceHoweverSmallItsShare) {
  HeldWork first;
  WorkQueue queue(2, /*at_once=*/1, /*client_share=*/0.01);
  queue.Submit({.client = "a"}, first.Run());
  first.WaitUntilItRuns();
  EXPECT_EQ(RefusalOf(queue, {.client = "a"}), "queue: this client holds 1 of its 1 places: must be fewer; try again later");
  first.LetGo();
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
