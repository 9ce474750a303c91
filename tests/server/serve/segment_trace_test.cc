/// Traces of calls of Segment, from the client's traceparent to the collector.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <utility>

#include "server/observe/otlp_exporter.h"
#include "tests/server/observe/trace_collector.h"
#include "tests/server/serve/kept_spans.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/served_model.h"

namespace tuckerseg {
namespace {

using std::chrono::milliseconds;
using Metadata = std::multimap<std::string, std::string>;

constexpr auto kTraceId = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr auto kTraceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

OtlpOptions To(int port) {
  return {.collector = {"127.0.0.1", port, "/v1/traces"}, .source = {"test", "test"}, .gather = milliseconds(5), .patience = std::chrono::seconds(2)};
}

Answer SegmentWith(ServedModel& served, const Metadata& metadata, const v1::SegmentHeader& header = {}) {
  SegmentConversation conversation(served.channel(), std::chrono::system_clock::time_point::max(), metadata);
  if (conversation.SendHeader(header)) conversation.SendFile(SmallCt().Bytes());
  Answer answer = conversation.Finish();
  EXPECT_TRUE(served.BecomesIdle());
  return answer;
}

nlohmann::json AttributeOf(const nlohmann::json& span, const std::string& key) {
  for (const nlohmann::json& attribute : span.at("attributes"))
    if (attribute.at("key") == key) return attribute.at("value");
  return nullptr;
}

int64_t Nanoseconds(const nlohmann::json& span, const char* key) { return std::stoll(span.at(key).get<std::string>()); }

TEST(SegmentTrace, ReachesTheCollectorUnderTheClientsSpan) {
  TraceCollector collector;
  OtlpExporter exporter(To(collector.port()), [](const char*, size_t) {});
  ServedModel served(TracedTo(exporter));
  const Answer answer = SegmentWith(served, {{"traceparent", kTraceparent}});
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  ASSERT_TRUE(WaitUntil([&] { return !collector.spans().empty(); }));
  const std::vector<nlohmann::json> spans = collector.spans();
  const nlohmann::json& request = spans.front();
  EXPECT_EQ(request["name"], "tuckerseg.v1.SegmentationService/Segment");
  EXPECT_EQ(request["traceId"], kTraceId);
  EXPECT_EQ(request["parentSpanId"], "00f067aa0ba902b7");
  EXPECT_EQ(request["kind"], 2);
  EXPECT_EQ(AttributeOf(request, "rpc.system.name")["stringValue"], "grpc");
  EXPECT_EQ(AttributeOf(request, "rpc.response.status_code")["stringValue"], "OK");
  EXPECT_EQ(AttributeOf(request, "tuckerseg.request_id")["stringValue"], answer.accepted.request_id());
  EXPECT_EQ(AttributeOf(request, "tuckerseg.variant")["stringValue"], "original");
  std::vector<std::string> stages;
  const int64_t begin = Nanoseconds(request, "startTimeUnixNano");
  const int64_t end = Nanoseconds(request, "endTimeUnixNano");
  int64_t at = begin;
  for (size_t i = 1; i < spans.size(); ++i) {
    stages.push_back(spans[i]["name"].get<std::string>());
    EXPECT_EQ(spans[i]["parentSpanId"], request["spanId"]);
    EXPECT_EQ(Nanoseconds(spans[i], "startTimeUnixNano"), at) << "where the last one ended";
    at = Nanoseconds(spans[i], "endTimeUnixNano");
  }
  EXPECT_THAT(stages, testing::IsSupersetOf({"receive", "decode", "preprocess", "infer", "postprocess", "encode", "send"}));
  EXPECT_LE(at, end + 1000) << "but for roundings";
  EXPECT_GE(at, end - (end - begin) / 50 - 20'000'000) << "stages sum to the request within 2 %, or 20 ms where it is short";
}

TEST(SegmentTrace, BeginsANewOneWhereTheClientsIsInvalid) {
  KeptSpans kept;
  ServedModel served(TracedTo(kept));
  const Metadata invalid[] = {{},
                              {{"traceparent", "Doe^John"}},
                              {{"traceparent", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"}},
                              {{"traceparent", kTraceparent}, {"traceparent", kTraceparent}}};
  std::set<std::string> ids;
  for (const Metadata& metadata : invalid) SegmentWith(served, metadata);
  for (const std::vector<Span>& spans : kept.requests()) {
    EXPECT_EQ(spans.front().parent_id, "");
    EXPECT_THAT(spans.front().trace_id, testing::MatchesRegex("[0-9a-f]{32}"));
    EXPECT_NE(spans.front().trace_id, kTraceId);
    ids.insert(spans.front().trace_id);
  }
  EXPECT_EQ(ids.size(), 4U);
}

TEST(SegmentTrace, IsNotRecordedWhereTheClientDoesNotRecordIt) {
  KeptSpans kept;
  ServedModel served(TracedTo(kept));
  SegmentWith(served, {{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"}});
  EXPECT_TRUE(kept.requests().empty());
}

TEST(SegmentTrace, TellsOfARefusalWithoutTheClientsWords) {
  KeptSpans kept;
  ServedModel served(TracedTo(kept));
  v1::SegmentHeader header;
  header.set_task("Doe^John");
  EXPECT_EQ(SegmentWith(served, {{"tracestate", "vendor=Doe^John"}}, header).status.error_code(), grpc::NOT_FOUND);
  ASSERT_EQ(kept.requests().size(), 1U);
  const std::string json = OtlpJson(kept.requests().front(), {});
  EXPECT_THAT(json, testing::HasSubstr("NOT_FOUND"));
  EXPECT_THAT(json, testing::Not(testing::HasSubstr("Doe")));
}

TEST(SegmentTrace, HasItsIdInTheLogWhetherItIsCollectedOrNot) {
  ServedModel served;
  testing::internal::CaptureStdout();
  SegmentWith(served, {{"traceparent", kTraceparent}});
  SegmentWith(served, {});
  std::istringstream text(testing::internal::GetCapturedStdout());
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["trace_id"], kTraceId);
  EXPECT_THAT(lines[1]["trace_id"].get<std::string>(), testing::MatchesRegex("[0-9a-f]{32}"));
}

/// Passes spans on and keeps the longest time that this took.
class TimedSink final : public SpanSink {
 public:
  explicit TimedSink(SpanSink& sink) : sink_(sink) {}
  void Take(std::vector<Span> spans) override {
    const auto begin = std::chrono::steady_clock::now();
    sink_.Take(std::move(spans));
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    const std::lock_guard lock(mutex_);
    longest_s_ = std::max(longest_s_, seconds);
    ++requests_;
  }
  double longest_s() const {
    const std::lock_guard lock(mutex_);
    return longest_s_;
  }
  int requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  SpanSink& sink_;
  mutable std::mutex mutex_;
  double longest_s_ = 0;
  int requests_ = 0;
};

TEST(SegmentTrace, CostsARequestNothingWhereTheCollectorIsDead) {
  const DeadCollector dead;
  std::atomic<size_t> dropped = 0;
  OtlpOptions options = To(dead.port());
  options.most_waiting = 20;  // two requests
  OtlpExporter exporter(options, [&](const char*, size_t spans) { dropped += spans; });
  TimedSink sink(exporter);
  ServedModel served(TracedTo(sink));
  for (int i = 0; i < 12; ++i) EXPECT_TRUE(SegmentWith(served, {}).status.ok());
  EXPECT_EQ(sink.requests(), 12);
  EXPECT_LT(sink.longest_s(), 0.2) << "the collector is waited for ten times as long";
  EXPECT_GT(dropped, 0U) << "there was no room for all";
}

}  // namespace
}  // namespace tuckerseg
