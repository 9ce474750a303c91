/// Answers that are kept for calls that come again belong to the client that has called.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/security/served_securely.h"
#include "tests/server/serve/segment_conversation.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

TEST(KeptResults, AreSentToTheirOwnClientAlone) {
  const SecurityFiles files;
  ServedModel served(files.Options(false, false, {{"a", "token.a", "\"segment\""}, {"b", "token.b", "\"segment\""}}));
  const std::vector<std::byte> ct = SmallCt().Bytes();
  v1::SegmentHeader header;
  header.set_idempotency_key("k");
  const auto segment_as = [&](const std::string& token) {
    SegmentConversation conversation(served.channel(), std::chrono::system_clock::time_point::max(), {{"authorization", "Bearer " + token}});
    if (conversation.SendHeader(header)) conversation.SendFile(ct);
    EXPECT_TRUE(conversation.Finish().status.ok());
    EXPECT_TRUE(served.BecomesIdle());
  };
  segment_as("token.a");
  segment_as("token.b");
  EXPECT_THAT(served.metrics().Text(), HasSubstr("tuckerseg_results_reused_total 0")) << "another client's key";
  segment_as("token.a");
  EXPECT_THAT(served.metrics().Text(), HasSubstr("tuckerseg_results_reused_total 1"));
}

}  // namespace
}  // namespace tuckerseg
