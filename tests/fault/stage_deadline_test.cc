/// Deadlines that pass, in every stage of a call: the client is told so, and nothing is held for it any more.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "tests/fault/held_call.h"
#include "tests/fault/sanitized.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

/// Long enough to come to the stage on a busy machine: the test ends as soon as it has passed. Before something is sent a large volume has to be segmented.
std::chrono::seconds DeadlineIn(CallStage stage) { return std::chrono::seconds(kSanitized ? 20 : stage == CallStage::kSend ? 10 : 3); }

class DeadlineThatPasses : public testing::TestWithParam<CallStage> {};

TEST_P(DeadlineThatPasses, EndsTheCallAndFreesWhatItHeld) {
  HeldCall call(GetParam());
  ASSERT_TRUE(call.Begin(std::chrono::system_clock::now() + DeadlineIn(GetParam()))) << "held before the deadline";
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
