/// A thousand calls that are cancelled at any moment, from several clients at once. Under ThreadSanitizer this is the server's proof against races of cancelling.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/served_model.h"

namespace tuckerseg {
namespace {

constexpr int kClients = 4;
constexpr int kCallsOfEach = 250;
/// Calls that the server may still be at: a client that cancels does not wait for it.
constexpr int64_t kMostAtOnce = 24;

/// Sends a part of a call, reads a part of what comes back, and gives up.
grpc::StatusCode CancelSomewhere(SegmentConversation& conversation, std::span<const std::byte> ct, std::mt19937& random) {
  constexpr size_t kChunk = 256;
  const auto below = [&random](size_t count) { return std::uniform_int_distribution<size_t>(0, count - 1)(random); };
  const size_t chunks = (ct.size() + kChunk - 1) / kChunk;
  switch (below(4)) {
    case 0: break;  // not even a header
    case 1:
      conversation.SendHeader({});
      for (size_t i = 0, sent = below(chunks); i < sent; ++i) conversation.SendChunk(ct.subspan(i * kChunk, kChunk));
      break;
    default:
      if (conversation.SendHeader({})) conversation.SendFile(ct, kChunk);
      for (size_t i = 0, read = below(4); i < read && conversation.ReadOne(); ++i) {
      }
  }
  conversation.Cancel();
  return conversation.Finish().status.error_code();
}

TEST(AThousandCancels, LeaveNothingBehind) {
  ServedOptions options;
  options.config.max_streams = 2 * kMostAtOnce;
  options.config.queue_capacity = 2 * kMostAtOnce;
  ServedModel served(std::move(options));
  const std::vector<std::byte> ct = SmallCt().Bytes();
  const Answer whole = Segment(served.channel(), ct);
  ASSERT_TRUE(whole.status.ok()) << whole.status.error_message();

  std::atomic<int> cancelled = 0;
  std::atomic<int> ended_before = 0;
  {
    std::vector<std::jthread> clients;
    for (unsigned client = 0; client < kClients; ++client) {
      clients.emplace_back([&, client] {
        std::mt19937 random(client);
        const auto channel = served.NewChannel();
        for (int i = 0; i < kCallsOfEach; ++i) {
          if (!WaitUntil([&] { return served.parts().streams < kMostAtOnce; })) return;
          SegmentConversation conversation(channel);
          const grpc::StatusCode code = CancelSomewhere(conversation, ct, random);
          if (code == grpc::CANCELLED) ++cancelled;
          if (code == grpc::OK) ++ended_before;
        }
      });
    }
  }
  EXPECT_EQ(cancelled + ended_before, kClients * kCallsOfEach) << "a cancelled call is that, and nothing else";
  EXPECT_GT(cancelled.load(), kClients * kCallsOfEach / 2);
  EXPECT_TRUE(served.BecomesIdle());
  const Answer next = Segment(served.channel(), ct);
  EXPECT_TRUE(next.status.ok()) << next.status.error_message();
  EXPECT_EQ(next.file, whole.file);
}

}  // namespace
}  // namespace tuckerseg
