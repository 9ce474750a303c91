/// What one client may send in a minute, and how urgent it may be, through a real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/security/served_securely.h"
#include "tests/server/serve/inference_client.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/status_details.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

/// As Segment(), with a token.
Answer SegmentWith(const ServedModel& served, const std::string& token, const std::vector<std::byte>& ct) {
  SegmentConversation conversation(served.channel(), std::chrono::system_clock::time_point::max(), {{"authorization", "Bearer " + token}});
  if (conversation.SendHeader({})) conversation.SendFile(ct);
  return conversation.Finish();
}

void ExpectRefusal(const Answer& answer, const std::string& message) {
  EXPECT_EQ(answer.status.error_code(), grpc::RESOURCE_EXHAUSTED) << answer.status.error_message();
  EXPECT_THAT(answer.status.error_message(), HasSubstr(message));
  EXPECT_EQ(answer.order, "") << "nothing is accepted";
  const auto retry = DetailOf<google::rpc::RetryInfo>(answer.status);
  ASSERT_TRUE(retry);
  EXPECT_GT(retry->retry_delay().seconds(), 0);
  EXPECT_LE(retry->retry_delay().seconds(), 60);
}

TEST(RequestsPerMinute, AreCountedByClient) {
  const SecurityFiles files;
  ServedOptions options = files.Options(false, false, {{"a", "token.a", "\"segment\""}, {"b", "token.b", "\"segment\""}});
  options.config.limits.requests_per_minute = 1;
  ServedModel served(std::move(options));
  const std::vector<std::byte> ct = SmallCt().Bytes();
  EXPECT_TRUE(SegmentWith(served, "token.a", ct).status.ok());
  ExpectRefusal(SegmentWith(served, "token.a", ct), "requests: this client has sent its 1 for a minute");
  EXPECT_TRUE(SegmentWith(served, "token.b", ct).status.ok()) << "another client";
  EXPECT_TRUE(served.BecomesIdle());
}

TEST(RequestsPerMinute, AreCountedForAllTogetherWhereNobodySaysWhoTheyAre) {
  ServedOptions options;
  options.config.limits.requests_per_minute = 1;
  ServedModel served(std::move(options));
  const std::vector<std::byte> ct = SmallCt().Bytes();
  EXPECT_TRUE(Segment(served.NewChannel(), ct).status.ok());
  ExpectRefusal(Segment(served.NewChannel(), ct), "requests: ");
}

TEST(RequestsPerMinute, AreCountedByTheCertificatesName) {
  const SecurityFiles files;
  ServedOptions options = files.Options(true, true);
  options.config.limits.requests_per_minute = 1;
  ServedModel served(std::move(options));
  const std::vector<std::byte> ct = SmallCt().Bytes();
  const auto segment = [&](const std::string& name) {
    return Segment(served.NewChannel(TlsCredentials(files.authority(), files.authority().Issue({.common_name = name, .names = ""}))), ct);
  };
  EXPECT_TRUE(segment("a").status.ok());
  ExpectRefusal(segment("a"), "requests: ");
  EXPECT_TRUE(segment("b").status.ok());
}

TEST(BytesPerMinute, EndACallAtTheChunkThatPassesThem) {
  const std::vector<std::byte> ct = SmallCt().Bytes();
  ServedOptions options;
  options.config.limits.bytes_per_minute = static_cast<int64_t>(ct.size()) + 100;
  ServedModel served(std::move(options));
  EXPECT_TRUE(Segment(served.channel(), ct).status.ok());
  SegmentConversation conversation(served.channel());
  conversation.SendHeader({});
  conversation.SendChunk(std::span(ct).first(50));
  conversation.SendChunk(std::span(ct).subspan(50));
  ExpectRefusal(conversation.Finish(), "bytes: this client has sent its " + std::to_string(ct.size() + 100) + " for a minute");
  EXPECT_TRUE(served.BecomesIdle());
}

/// Nothing would come of trying again: nobody is told to.
void ExpectRefusalForGood(const grpc::Status& status, const std::string& message) {
  EXPECT_EQ(status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr(message));
  EXPECT_FALSE(DetailOf<google::rpc::RetryInfo>(status));
}

TEST(BytesPerMinute, EndACallAtTheHeaderWhereTheVolumeCanNeverPass) {
  ServedOptions options;
  options.config.limits.bytes_per_minute = 1000;
  ServedModel served(std::move(options));
  v1::SegmentHeader header;
  header.set_total_bytes(1001);
  SegmentConversation conversation(served.channel());
  conversation.SendHeader(header);
  const grpc::Status status = conversation.Finish().status;
  ExpectRefusalForGood(status, "header.total_bytes = 1001: must be at most 1000");
  EXPECT_EQ(InfoOf(status, "needed_bytes"), "1001");
  EXPECT_EQ(InfoOf(status, "limit_bytes"), "1000");
  EXPECT_TRUE(served.BecomesIdle());
}

TEST(BytesPerMinute, EndACallOfModelInferForGoodWhereItsMessageCanNeverPass) {
  const InferRequest request = RawRequest(kDhw, RandomVoxels<int16_t>());
  ServedOptions options;
  options.config.limits.bytes_per_minute = static_cast<int64_t>(request.ByteSizeLong()) - 1;
  ServedModel served(std::move(options));
  ExpectRefusalForGood(Infer(served.channel(), request).status, "bytes = " + std::to_string(request.ByteSizeLong()) + ": must be at most ");
  EXPECT_TRUE(served.BecomesIdle());
}

TEST(RequestsPerMinute, CountModelInferWithSegmentEvenWhereItIsWrong) {
  ServedOptions options;
  options.config.limits.requests_per_minute = 2;
  ServedModel served(std::move(options));
  EXPECT_EQ(Infer(served.channel(), {}).status.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_TRUE(Segment(served.channel(), SmallCt().Bytes()).status.ok());
  const grpc::Status third = Infer(served.channel(), RawRequest(kDhw, RandomVoxels<int16_t>())).status;
  EXPECT_EQ(third.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_THAT(third.error_message(), HasSubstr("requests: this client has sent its 2 for a minute"));
  EXPECT_TRUE(DetailOf<google::rpc::RetryInfo>(third));
}

TEST(BytesPerMinute, CountTheWholeMessageOfModelInfer) {
  const InferRequest request = RawRequest(kDhw, RandomVoxels<int16_t>());
  ServedOptions options;
  options.config.limits.bytes_per_minute = static_cast<int64_t>(request.ByteSizeLong()) + 100;
  ServedModel served(std::move(options));
  EXPECT_TRUE(Infer(served.channel(), request).status.ok());
  const grpc::Status second = Infer(served.channel(), request).status;
  EXPECT_EQ(second.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_THAT(second.error_message(), HasSubstr("bytes: this client has sent its"));
  EXPECT_TRUE(served.BecomesIdle());
}

TEST(MaxPriority, IsTheHighestThatACallMayAskFor) {
  const std::vector<std::byte> ct = SmallCt().Bytes();
  ServedOptions options;
  options.config.limits.max_priority = 3;
  ServedModel served(std::move(options));
  v1::SegmentHeader header;
  header.set_priority(4);
  const Answer refused = Segment(served.channel(), ct, header);
  EXPECT_EQ(refused.status.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_THAT(refused.status.error_message(), HasSubstr("header.priority = 4: must be in [-10, 3]"));
  EXPECT_EQ(refused.order, "") << "nothing is accepted";
  header.set_priority(3);
  EXPECT_TRUE(Segment(served.channel(), ct, header).status.ok());
  header.set_priority(-10);
  EXPECT_TRUE(Segment(served.channel(), ct, header).status.ok());

  InferRequest request = RawRequest(kDhw, RandomVoxels<int16_t>());
  (*request.mutable_parameters())["priority"].set_int64_param(7);  // Segment's 4
  const grpc::Status status = Infer(served.channel(), request).status;
  EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("parameters.priority = 7: must be 0, the normal one, or 8 (first)"));
  EXPECT_TRUE(served.BecomesIdle());
}

}  // namespace
}  // namespace tuckerseg
