/// Deadlines that pass, in every stage of a call: the client is told so, and nothing is held for it any more.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "tests/fault/held_call.h"
#include "tests/fault/sanitized.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

/// Long enough to come to the stage on a busy machine: the test ends as soon as it has passed. Before something is sent a large volume has to be segmented.
std::chrono::seconds DeadlineIn(CallStage stage) { return std::chrono::seconds(kSanitized ? 20 : stage == CallStage::kSend ? 8 : 3); }

class DeadlineThatPasses : public testing::TestWithParam<CallStage> {};

TEST_P(DeadlineThatPasses, EndsTheCallAndFreesWhatItHeld) {
  HeldCall call(GetParam());
  const auto deadline = std::chrono::system_clock::now() + DeadlineIn(GetParam());
  ASSERT_TRUE(call.Begin(deadline)) << "held before the deadline";
  if (GetParam() == CallStage::kSend) std::this_thread::sleep_until(deadline);  // it is held by a client that does not read
  EXPECT_EQ(call.conversation().Finish().status.error_code(), grpc::DEADLINE_EXCEEDED);
  if (!call.holds_the_calls_thread()) {
    EXPECT_TRUE(call.StreamGoes()) << "the call does not wait for the worker";
  }
  call.LetGo();
  EXPECT_TRUE(call.served().BecomesIdle());
  if (!call.holds_the_calls_thread()) {
    EXPECT_THAT(call.served().metrics().Text(), HasSubstr("tuckerseg_requests_cancelled_total{stage=\"" + NameOf(GetParam()) + "\"} 1"));
  }
  call.ExpectThatTheNextIsServed();
}

INSTANTIATE_TEST_SUITE_P(InEveryStage, DeadlineThatPasses, testing::ValuesIn(kAllCallStages), [](const auto& stage) { return "while_" + NameOf(stage.param); });

TEST(DeadlineBeforeTheHeader, EndsTheCall) {
  ServedModel served;
  SegmentConversation conversation(served.channel(), std::chrono::system_clock::now() + std::chrono::seconds(1));
  EXPECT_EQ(conversation.Finish().status.error_code(), grpc::DEADLINE_EXCEEDED);
  EXPECT_TRUE(served.BecomesIdle());
}

}  // namespace
}  // namespace tuckerseg
