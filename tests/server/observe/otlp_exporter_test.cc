#include "server/observe/otlp_exporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/server/observe/trace_collector.h"
#include "tests/server/wait_until.h"

namespace tuckerseg {
namespace {

using std::chrono::milliseconds;

/// Counts what was dropped. Thread-safe.
class Drops {
 public:
  OtlpExporter::DropCounter Counter() {
    return [this](const char* reason, size_t spans) {
      const std::lock_guard lock(mutex_);
      counts_[reason] += spans;
    };
  }
  size_t Of(const std::string& reason) const {
    const std::lock_guard lock(mutex_);
    const auto found = counts_.find(reason);
    return found == counts_.end() ? 0 : found->second;
  }
  bool Knows(const std::string& reason) const {
    const std::lock_guard lock(mutex_);
    return counts_.contains(reason);
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, size_t> counts_;
};

std::vector<Span> Spans(size_t count, const std::string& name = "infer") {
  Span span;
  span.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
  span.span_id = "00f067aa0ba902b7";
  span.name = name;
  return std::vector<Span>(count, span);
}

OtlpOptions To(int port) {
  return {.collector = {"127.0.0.1", port, "/v1/traces"}, .source = {"1.2.3", "abc"}, .gather = milliseconds(5), .patience = milliseconds(500)};
}

TEST(OtlpExporter, SendsWhatItTakesInOrder) {
  TraceCollector collector;
  Drops drops;
  OtlpExporter exporter(To(collector.port()), drops.Counter());
  exporter.Take(Spans(2, "first"));
  exporter.Take(Spans(1, "second"));
  ASSERT_TRUE(WaitUntil([&] { return collector.spans().size() == 3; }));
  const std::vector<nlohmann::json> spans = collector.spans();
  EXPECT_EQ(spans[0]["name"], "first");
  EXPECT_EQ(spans[2]["name"], "second");
  EXPECT_EQ(spans[0]["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(drops.Of("queue") + drops.Of("collector"), 0U);
  EXPECT_TRUE(drops.Knows("queue") && drops.Knows("collector")) << "counted from the start";
}

TEST(OtlpExporter, GathersTheSpansOfRequestsThatFollowOneAnother) {
  TraceCollector collector;
  Drops drops;
  OtlpOptions options = To(collector.port());
  options.gather = milliseconds(300);
  OtlpExporter exporter(options, drops.Counter());
  for (int i = 0; i < 10; ++i) exporter.Take(Spans(3));
  ASSERT_TRUE(WaitUntil([&] { return collector.spans().size() == 30; }));
  EXPECT_EQ(collector.messages(), 1U);
}

TEST(OtlpExporter, SendsNoMoreAtOnceThanItIsTold) {
  TraceCollector collector;
  Drops drops;
  OtlpOptions options = To(collector.port());
  options.most_at_once = 10;
  OtlpExporter exporter(options, drops.Counter());
  exporter.Take(Spans(25));
  ASSERT_TRUE(WaitUntil([&] { return collector.spans().size() == 25; }));
  EXPECT_EQ(collector.messages(), 3U);
}

TEST(OtlpExporter, SendsWhatWaitsBeforeItEnds) {
  TraceCollector collector;
  Drops drops;
  {
    OtlpOptions options = To(collector.port());
    options.gather = std::chrono::minutes(10);
    OtlpExporter exporter(options, drops.Counter());
    exporter.Take(Spans(4));
  }
  EXPECT_EQ(collector.spans().size(), 4U);
}

TEST(OtlpExporter, CountsWhatACollectorDoesNotTakeAndGoesOn) {
  TraceCollector collector;
  collector.AnswerWith(503);
  Drops drops;
  OtlpExporter exporter(To(collector.port()), drops.Counter());
  exporter.Take(Spans(3));
  ASSERT_TRUE(WaitUntil([&] { return drops.Of("collector") == 3; }));
  collector.AnswerWith(200);
  exporter.Take(Spans(2, "later"));
  ASSERT_TRUE(WaitUntil([&] { return collector.spans().size() == 5; }));
  EXPECT_EQ(drops.Of("collector"), 3U);
}

TEST(OtlpExporter, SaysOnceThatTheWayIsBrokenAndOnceThatItIsWholeAgain) {
  TraceCollector collector;
  collector.AnswerWith(404);
  Drops drops;
  testing::internal::CaptureStdout();
  {
    OtlpExporter exporter(To(collector.port()), drops.Counter());
    for (size_t i = 1; i <= 3; ++i) {
      exporter.Take(Spans(1));
      EXPECT_TRUE(WaitUntil([&] { return drops.Of("collector") == i; }));
    }
    collector.AnswerWith(200);
    exporter.Take(Spans(1));
  }
  const std::string log = testing::internal::GetCapturedStdout();
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 2) << log;
  EXPECT_THAT(log, testing::HasSubstr("traces_not_taken"));
  EXPECT_THAT(log, testing::HasSubstr("status 404"));
  EXPECT_THAT(log, testing::HasSubstr("traces_taken_again"));
}

TEST(OtlpExporter, NeverWaitsForACollectorAndKeepsABoundedNumber) {
  const DeadCollector dead;
  Drops drops;
  std::optional<OtlpExporter> exporter;
  OtlpOptions options = To(dead.port());
  options.most_waiting = 100;
  options.patience = std::chrono::seconds(3);
  exporter.emplace(options, drops.Counter());
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 1000; ++i) exporter->Take(Spans(9));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2)) << "a single answer is waited for longer";
  EXPECT_GT(drops.Of("queue"), 8000U);
  exporter.reset();
  EXPECT_EQ(drops.Of("queue") + drops.Of("collector"), 9000U) << "nothing was taken, everything is counted";
}

/// Sends a span and ends. Returns how long that took.
std::chrono::duration<double> EndedAfter(const EndlessCollector& collector, milliseconds patience, const Drops& drops, OtlpExporter::DropCounter counter) {
  OtlpOptions options = To(collector.port());
  options.patience = patience;
  const auto begin = std::chrono::steady_clock::now();
  {
    OtlpExporter exporter(options, std::move(counter));
    exporter.Take(Spans(1));
  }
  EXPECT_EQ(drops.Of("collector"), 1U);
  return std::chrono::steady_clock::now() - begin;
}

TEST(OtlpExporter, WaitsNoLongerForAnAnswerThatComesAByteAtATime) {
  for (const char* begin : {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"}) {
    SCOPED_TRACE(begin);
    const EndlessCollector collector(begin, "1", milliseconds(20));
    Drops drops;
    EXPECT_LT(EndedAfter(collector, milliseconds(300), drops, drops.Counter()).count(), 10) << "each byte comes well within the patience, and there is no last one";
  }
}

TEST(OtlpExporter, TakesNoAnswerWithoutEnd) {
  for (const char* begin : {"", "HTTP/1.1 200 ", "HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 200 OK\r\n\r\n"}) {
    SCOPED_TRACE(begin);
    const EndlessCollector collector(begin, std::string(65536, 'x'), milliseconds(0));
    Drops drops;
    EXPECT_LT(EndedAfter(collector, std::chrono::minutes(1), drops, drops.Counter()).count(), 30) << "it is read no longer than answers are, however patient one is";
  }
}

TEST(OtlpExporter, TellsTheStatusOfAnAnswerWithoutEnd) {
  const EndlessCollector collector("HTTP/1.1 404 Not Found\r\n\r\n", std::string(65536, 'x'), milliseconds(0));
  Drops drops;
  testing::internal::CaptureStdout();
  EndedAfter(collector, std::chrono::minutes(1), drops, drops.Counter());
  EXPECT_THAT(testing::internal::GetCapturedStdout(), testing::HasSubstr("status 404"));
}

TEST(OtlpExporter, LivesOnWhereWhatIsDroppedCannotBeCounted) {
  int port = 0;
  {
    const DeadCollector gone;
    port = gone.port();
  }
  std::atomic<int> told = 0;
  OtlpOptions options = To(port);
  options.most_waiting = 1;
  OtlpExporter exporter(options, [&told](const char*, size_t spans) {
    if (spans == 0) return;
    ++told;
    throw std::bad_alloc();
  });
  exporter.Take(Spans(2));
  EXPECT_EQ(told, 1) << "no room for two";
  exporter.Take(Spans(1));
  EXPECT_TRUE(WaitUntil([&told] { return told == 2; })) << "not taken";
  exporter.Take(Spans(1));
  EXPECT_TRUE(WaitUntil([&told] { return told == 3; })) << "the thread that sends lives on";
}

TEST(OtlpExporter, EndsSoonWhereNobodyListens) {
  int port = 0;
  {
    const DeadCollector gone;
    port = gone.port();
  }
  Drops drops;
  {
    OtlpOptions options = To(port);
    options.most_at_once = 1;
    OtlpExporter exporter(options, drops.Counter());
    exporter.Take(Spans(50));
  }
  EXPECT_EQ(drops.Of("collector"), 50U);
}

TEST(OtlpExporter, TakesFromManyThreads) {
  TraceCollector collector;
  Drops drops;
  {
    OtlpExporter exporter(To(collector.port()), drops.Counter());
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread)
      threads.emplace_back([&] {
        for (int i = 0; i < 50; ++i) exporter.Take(Spans(2));
      });
  }
  EXPECT_EQ(collector.spans().size() + drops.Of("queue") + drops.Of("collector"), 400U);
}

}  // namespace
}  // namespace tuckerseg
