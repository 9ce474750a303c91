/// As many idle calls as the server keeps, and one more: it is refused, the others and the operators notice nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "tests/server/security/raw_call.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/served_model.h"
#include "tests/server/serve/status_details.h"

namespace tuckerseg {
namespace {

constexpr int64_t kMost = 32;  // the default

TEST(IdleCalls, BeyondTheirNumberAreRefusedUntilOneGoes) {
  ServedModel served;
  ASSERT_EQ(served.parts().config.max_streams, kMost);
  const std::vector<std::byte> ct = SmallCt().Bytes();
  std::vector<std::unique_ptr<SegmentConversation>> idle;
  for (int64_t i = 0; i < kMost; ++i) {
    idle.push_back(std::make_unique<SegmentConversation>(served.NewChannel()));
    if (i % 2 == 0) {
      ASSERT_TRUE(idle.back()->SendHeader({}));  // the others have not even sent that
    }
  }
  ASSERT_TRUE(WaitUntil([&] { return served.parts().streams == kMost; }));

  const Answer refused = Segment(served.NewChannel(), ct);
  EXPECT_EQ(refused.status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_THAT(refused.status.error_message(), testing::HasSubstr("streams: 32 are open: must be fewer than 32"));
  EXPECT_TRUE(DetailOf<google::rpc::RetryInfo>(refused.status));
  EXPECT_TRUE(RawCall(served.NewChannel(), "/grpc.health.v1.Health/Check").ok()) << "probes need no stream";
  EXPECT_TRUE(RawCall(served.NewChannel(), "/tuckerseg.v1.ServerService/GetServerInfo").ok());
  EXPECT_EQ(served.memory().reserved_bytes(), 0) << "they have announced nothing";

  idle.front().reset();
  ASSERT_TRUE(WaitUntil([&] { return served.parts().streams == kMost - 1; }));
  EXPECT_TRUE(Segment(served.NewChannel(), ct).status.ok());
  ASSERT_TRUE(WaitUntil([&] { return served.parts().streams == kMost - 1; }));

  // One of those that were idle all the while sends at last.
  SegmentConversation& late = *idle[2];
  late.SendFile(ct);
  const Answer answer = late.Finish();
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  idle.clear();
  EXPECT_TRUE(served.BecomesIdle());
}

}  // namespace
}  // namespace tuckerseg
