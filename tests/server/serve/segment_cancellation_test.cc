/// Clients that go before their answer: whatever they held is free again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "server/serve/status_of.h"
#include "tests/server/serve/held_model.h"
#include "tests/server/serve/segment_conversation.h"

namespace tuckerseg {
namespace {

class SegmentCancellationTest : public testing::Test {
 protected:
  /// Sends a whole request; its place in the queue is sure when this returns.
  void Ask(SegmentConversation& conversation) {
    ASSERT_TRUE(conversation.SendHeader({}));
    conversation.SendFile(ct_);
    ASSERT_TRUE(conversation.ReadOne());
    ASSERT_EQ(conversation.answer().order, "a");
  }
  /// Sends the header and enough of the volume for the server to reserve its memory.
  void BeginToSend(SegmentConversation& conversation) {
    ASSERT_TRUE(conversation.SendHeader({}));
    ASSERT_TRUE(conversation.SendChunk(std::span(ct_).first(400)));
    ASSERT_TRUE(WaitUntil([this] { return served_.memory().reserved_bytes() > 0; }));
  }
  bool NoStreamIsLeft() {
    return WaitUntil([this] { return served_.parts().streams == 0; });
  }
  /// Nothing is held, and the next request is served.
  void ExpectFree() {
    held_.gate().Open();
    EXPECT_TRUE(served_.BecomesIdle());
    EXPECT_TRUE(Segment(served_.NewChannel(), ct_).status.ok());
  }

  const std::vector<std::byte> ct_ = SmallCt().Bytes();
  HeldModel held_;
  ServedModel& served_ = held_.served();
};

TEST_F(SegmentCancellationTest, WhileReceivingFreesStreamAndMemory) {
  SegmentConversation conversation(served_.channel());
  BeginToSend(conversation);
  conversation.Cancel();
  EXPECT_EQ(conversation.Finish().status.error_code(), grpc::CANCELLED);
  EXPECT_TRUE(served_.BecomesIdle());
  EXPECT_EQ(held_.gate().arrived(), 0) << "nothing was segmented";
  ExpectFree();
}

TEST_F(SegmentCancellationTest, WhileQueuedFreesThePlaceAtOnceAndLeavesTheOthers) {
  SegmentConversation running(served_.channel());
  Ask(running);
  ASSERT_TRUE(held_.gate().WaitForPatch(1));
  const int64_t held_by_one = served_.memory().reserved_bytes();
  SegmentConversation queued(served_.channel());
  Ask(queued);
  EXPECT_EQ(served_.queue().depth(), 1);
  EXPECT_EQ(served_.memory().reserved_bytes(), 2 * held_by_one);

  queued.Cancel();
  EXPECT_EQ(queued.Finish().status.error_code(), grpc::CANCELLED);
  EXPECT_TRUE(WaitUntil([&] { return served_.parts().streams == 1; }));
  EXPECT_EQ(served_.queue().depth(), 0);
  EXPECT_TRUE(WaitUntil([&] { return served_.memory().reserved_bytes() == held_by_one; }));

  held_.gate().Open();
  EXPECT_TRUE(running.Finish().status.ok());
  EXPECT_EQ(held_.gate().arrived(), 12) << "the patches of one request";
  ExpectFree();
}

TEST_F(SegmentCancellationTest, BetweenPatchesFreesTheWorkerWithinOnePatch) {
  SegmentConversation conversation(served_.channel());
  Ask(conversation);
  ASSERT_TRUE(held_.gate().WaitForPatch(1));
  conversation.Cancel();
  EXPECT_EQ(conversation.Finish().status.error_code(), grpc::CANCELLED);
  ASSERT_TRUE(NoStreamIsLeft()) << "the call does not wait for the patch";
  EXPECT_EQ(served_.queue().running(), 1);
  held_.gate().Open();
  EXPECT_TRUE(served_.BecomesIdle());
  EXPECT_EQ(held_.gate().arrived(), 1) << "the patch that ran was the last";
  ExpectFree();
}

TEST_F(SegmentCancellationTest, TellsByItsPatchesHowFastTheDeviceIs) {
  const LevelKey level{"tiny", "original"};
  served_.times().Expect(level, 1e-6);
  SegmentConversation conversation(served_.channel());
  Ask(conversation);
  ASSERT_TRUE(held_.gate().WaitForPatch(1));
  conversation.Cancel();
  conversation.Finish();
  ASSERT_TRUE(NoStreamIsLeft());
  held_.gate().Open();
  EXPECT_TRUE(served_.BecomesIdle());
  EXPECT_GT(served_.times().KnownPatchSeconds(level).value(), 1e-4) << "else a device on which no request ends in time would never be known to have become slow";
}

TEST_F(SegmentCancellationTest, KeepsTheHeapUntilTheWorkerHasNoticedAndGivesItBackThen) {
  SegmentConversation conversation(served_.channel());
  Ask(conversation);
  ASSERT_TRUE(held_.gate().WaitForPatch(1));
  conversation.Cancel();
  conversation.Finish();
  EXPECT_TRUE(WaitUntil([this] { return served_.parts().streams == 0; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(served_.given_back(), 0) << "the worker still holds its patch";
  held_.gate().Open();
  EXPECT_TRUE(WaitUntil([this] { return served_.given_back() == 1; }));
}

TEST_F(SegmentCancellationTest, ManyTimesLeavesNothingBehind) {
  for (int i = 0; i < 20; ++i) {
    SegmentConversation conversation(served_.channel());
    Ask(conversation);
    conversation.Cancel();
    EXPECT_EQ(conversation.Finish().status.error_code(), grpc::CANCELLED);
    // Those behind the first one wait in the queue until they are taken out.
    ASSERT_TRUE(NoStreamIsLeft());
  }
  ExpectFree();
}

TEST_F(SegmentCancellationTest, AtItsDeadlineEndsACallThatRuns) {
  SegmentConversation conversation(served_.channel(),
                                   std::chrono::system_clock::now() + std::chrono::seconds(1));
  Ask(conversation);
  EXPECT_EQ(conversation.Finish().status.error_code(), grpc::DEADLINE_EXCEEDED);
  EXPECT_TRUE(NoStreamIsLeft());
  ExpectFree();
}

TEST_F(SegmentCancellationTest, AtItsDeadlineEndsACallWhoseClientDoesNotSend) {
  SegmentConversation conversation(served_.channel(),
                                   std::chrono::system_clock::now() + std::chrono::milliseconds(300));
  BeginToSend(conversation);
  EXPECT_EQ(conversation.Finish().status.error_code(), grpc::DEADLINE_EXCEEDED);
  EXPECT_TRUE(served_.BecomesIdle());
  ExpectFree();
}

TEST_F(SegmentCancellationTest, AClientThatVanishesWhileItSendsFreesEverything) {
  {
    std::optional<SegmentConversation> conversation(std::in_place, served_.NewChannel());
    BeginToSend(*conversation);
  }  // stream, context and channel go without a word
  EXPECT_TRUE(served_.BecomesIdle());
  ExpectFree();
}

TEST_F(SegmentCancellationTest, AClientThatVanishesWhileItsVolumeIsSegmentedFreesEverything) {
  {
    SegmentConversation conversation(served_.NewChannel());
    Ask(conversation);
    ASSERT_TRUE(held_.gate().WaitForPatch(1));
  }
  EXPECT_TRUE(NoStreamIsLeft());
  ExpectFree();
}

}  // namespace
}  // namespace tuckerseg
