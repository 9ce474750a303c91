#include "server/serve/segment_spans.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <set>

namespace tuckerseg {
namespace {

std::optional<SpanValue> ValueOf(const Span& span, const std::string& key) {
  for (const SpanAttribute& attribute : span.attributes)
    if (attribute.key == key) return attribute.value;
  return std::nullopt;
}

class SegmentSpansTest : public testing::Test {
 protected:
  SegmentSpansTest() {
    record_.started = std::chrono::system_clock::time_point(std::chrono::seconds(1767225600));
    record_.trace = {"4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", true};
    record_.service = "tuckerseg.v1.SegmentationService";
    record_.method = "Segment";
    record_.request_id = "0123abcd";
    record_.device = "cpu";
    record_.received_bytes = 1000;
    clock_.Add(CallStage::kReceive, 0.5);
    clock_.Add(CallStage::kInfer, 2);
    clock_.Add(CallStage::kSend, -1e-10);  // what corrections may leave
  }

  SegmentRecord record_;
  StageClock clock_;
};

TEST_F(SegmentSpansTest, AreOneOfTheRequestUnderTheClientsAndOneOfEachStageUnderIt) {
  const std::vector<Span> spans = SegmentSpans(record_, clock_, grpc::StatusCode::OK, 2.5);
  ASSERT_EQ(spans.size(), 3U);
  EXPECT_EQ(spans[0].name, "tuckerseg.v1.SegmentationService/Segment");
  EXPECT_EQ(spans[0].kind, SpanKind::kServer);
  EXPECT_EQ(spans[0].parent_id, "00f067aa0ba902b7");
  EXPECT_EQ(spans[1].name, "receive");
  EXPECT_EQ(spans[2].name, "infer");
  std::set<std::string> ids;
  for (const Span& span : spans) {
    EXPECT_EQ(span.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
    EXPECT_THAT(span.span_id, testing::MatchesRegex("[0-9a-f]{16}"));
    ids.insert(span.span_id);
  }
  EXPECT_EQ(ids.size(), 3U);
  for (const size_t stage : {1, 2}) {
    EXPECT_EQ(spans[stage].parent_id, spans[0].span_id);
    EXPECT_EQ(spans[stage].kind, SpanKind::kInternal);
  }
}

TEST_F(SegmentSpansTest, LayStagesEndToEnd) {
  const std::vector<Span> spans = SegmentSpans(record_, clock_, grpc::StatusCode::OK, 2.5);
  const int64_t begin = 1767225600'000'000'000;
  EXPECT_EQ(spans[0].begin_ns, begin);
  EXPECT_EQ(spans[0].end_ns, begin + 2'500'000'000);
  EXPECT_EQ(spans[1].begin_ns, begin);
  EXPECT_EQ(spans[1].end_ns, begin + 500'000'000);
  EXPECT_EQ(spans[2].begin_ns, begin + 500'000'000);
  EXPECT_EQ(spans[2].end_ns, begin + 2'500'000'000);
}

TEST_F(SegmentSpansTest, HaveTheConventionsAttributesAndWhatTheServerDecided) {
  record_.task = "total";
  record_.variant = "tucker-0.3";
  record_.reason = "deadline";
  record_.patches = 12;
  const Span request = SegmentSpans(record_, clock_, grpc::StatusCode::OK, 2.5).front();
  EXPECT_EQ(ValueOf(request, "rpc.system.name"), SpanValue("grpc"));
  EXPECT_EQ(ValueOf(request, "rpc.method"), SpanValue("tuckerseg.v1.SegmentationService/Segment"));
  EXPECT_EQ(ValueOf(request, "rpc.response.status_code"), SpanValue("OK"));
  EXPECT_EQ(ValueOf(request, "error.type"), std::nullopt);
  EXPECT_EQ(ValueOf(request, "tuckerseg.request_id"), SpanValue("0123abcd"));
  EXPECT_EQ(ValueOf(request, "tuckerseg.variant"), SpanValue("tucker-0.3"));
  EXPECT_EQ(ValueOf(request, "tuckerseg.reason"), SpanValue("deadline"));
  EXPECT_EQ(ValueOf(request, "tuckerseg.received_bytes"), SpanValue(int64_t{1000}));
  EXPECT_EQ(ValueOf(request, "tuckerseg.patches"), SpanValue(int64_t{12}));
}

TEST_F(SegmentSpansTest, LeaveOutWhatTheRequestDidNotComeTo) {
  const Span request = SegmentSpans(record_, clock_, grpc::StatusCode::NOT_FOUND, 2.5).front();
  EXPECT_EQ(ValueOf(request, "tuckerseg.task"), std::nullopt);
  EXPECT_EQ(ValueOf(request, "tuckerseg.variant"), std::nullopt);
}

TEST_F(SegmentSpansTest, CallFailedWhatIsNotTheClientsOwnFault) {
  for (const grpc::StatusCode code : {grpc::StatusCode::INTERNAL, grpc::StatusCode::UNAVAILABLE, grpc::StatusCode::DEADLINE_EXCEEDED}) {
    const Span request = SegmentSpans(record_, clock_, code, 2.5).front();
    EXPECT_TRUE(request.failed) << code;
    EXPECT_TRUE(ValueOf(request, "error.type")) << code;
  }
  for (const grpc::StatusCode code : {grpc::StatusCode::OK, grpc::StatusCode::INVALID_ARGUMENT, grpc::StatusCode::CANCELLED, grpc::StatusCode::RESOURCE_EXHAUSTED}) {
    const Span request = SegmentSpans(record_, clock_, code, 2.5).front();
    EXPECT_FALSE(request.failed) << code;
    EXPECT_FALSE(ValueOf(request, "error.type")) << code;
  }
}

}  // namespace
}  // namespace tuckerseg
