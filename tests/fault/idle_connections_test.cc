/// As many idle connections as the server keeps, and one more; and connections that say nothing, nonsense, or that they will say nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string_view>
#include <vector>

#include "tests/server/serve/raw_connection.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/served_model.h"

namespace tuckerseg {
namespace {

ServedOptions WithConnections(int64_t most) {
  ServedOptions options;
  options.config.max_connections = most;
  return options;
}

class IdleConnections : public testing::Test {
 protected:
  static constexpr int64_t kMost = 8;

  int port() { return served_.server().port(); }
  grpc::Status AskAnew() { return Segment(served_.NewChannel(), ct_).status; }

  ServedModel served_{WithConnections(kMost)};
  const std::vector<std::byte> ct_ = SmallCt().Bytes();
};

TEST_F(IdleConnections, BeyondTheirNumberAreClosedAtOnceUntilOneGoes) {
  std::vector<std::unique_ptr<RawConnection>> idle;
  for (int64_t i = 0; i < kMost; ++i) {
    idle.push_back(std::make_unique<RawConnection>(port()));
    ASSERT_NE(idle.back()->Receive(), "") << "HTTP/2's first word is the server's";
  }
  EXPECT_TRUE(RawConnection(port()).IsClosed());
  EXPECT_EQ(AskAnew().error_code(), grpc::UNAVAILABLE);
  EXPECT_EQ(served_.parts().streams, 0);

  idle.pop_back();
  EXPECT_TRUE(WaitUntil([this] { return AskAnew().ok(); })) << "the server has seen that it went";
  for (const auto& connection : idle) EXPECT_TRUE(connection->IsOpen()) << "the others are left alone";
}

TEST_F(IdleConnections, TakeNothingFromThoseThatWork) {
  SegmentConversation conversation(served_.NewChannel());
  ASSERT_TRUE(conversation.SendHeader({}));
  std::vector<std::unique_ptr<RawConnection>> idle;
  for (int64_t i = 1; i < kMost; ++i) {
    idle.push_back(std::make_unique<RawConnection>(port()));
    ASSERT_NE(idle.back()->Receive(), "");
  }
  EXPECT_TRUE(RawConnection(port()).IsClosed());
  conversation.SendFile(ct_);
  const Answer answer = conversation.Finish();
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
}

TEST_F(IdleConnections, ThatWillSayNothingAreClosed) {
  for (int64_t i = 0; i < 2 * kMost; ++i) {
    const RawConnection silent(port());
    silent.HalfClose();
    ASSERT_TRUE(silent.IsClosed());
  }
  EXPECT_TRUE(WaitUntil([this] { return AskAnew().ok(); }));
}

TEST_F(IdleConnections, ThatSayNonsenseAreClosed) {
  using namespace std::string_view_literals;  // the second one holds zeros
  for (const std::string_view nonsense :
       {"GET / HTTP/1.1\r\nHost: x\r\n\r\n"sv, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"sv, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nand then something else altogether"sv}) {
    const RawConnection connection(port());
    connection.Send(nonsense);
    connection.HalfClose();
    EXPECT_TRUE(connection.IsClosed()) << testing::PrintToString(nonsense);
  }
  EXPECT_TRUE(WaitUntil([this] { return AskAnew().ok(); }));
}

}  // namespace
}  // namespace tuckerseg
