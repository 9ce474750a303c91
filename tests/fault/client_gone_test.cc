/// Clients that go, in every stage of their call: whatever the server held for them is free again, and it serves the next one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

#include "tests/fault/held_call.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

enum class Way { kCancels, kVanishes };

/// The stage in which the server learns of it. While it decodes it looks after nobody; the next chunk does not come.
std::string NoticedIn(CallStage stage) { return NameOf(stage == CallStage::kDecode ? CallStage::kReceive : stage); }

class ClientGone : public testing::TestWithParam<std::tuple<CallStage, Way>> {};

TEST_P(ClientGone, LeavesNothingBehind) {
  const auto [stage, way] = GetParam();
  HeldCall call(stage);
  ASSERT_TRUE(call.Begin());
  if (way == Way::kCancels) {
    call.conversation().Cancel();
    EXPECT_EQ(call.conversation().Finish().status.error_code(), grpc::CANCELLED);
  } else {
    call.Vanish();
  }
  if (!call.holds_the_calls_thread()) {
    EXPECT_TRUE(call.StreamGoes()) << "the call waits neither for the worker nor for the connection";
  }
  call.LetGo();
  EXPECT_TRUE(call.served().BecomesIdle());
  // An answer that is being made when its client goes may be finished before the server hears of it.
  if (stage != CallStage::kEncode) {
    EXPECT_THAT(call.served().metrics().Text(), HasSubstr("tuckerseg_requests_cancelled_total{stage=\"" + NoticedIn(stage) + "\"} 1"));
  }
  call.ExpectThatTheNextIsServed();
}

INSTANTIATE_TEST_SUITE_P(InEveryStage, ClientGone, testing::Combine(testing::ValuesIn(kAllCallStages), testing::Values(Way::kCancels, Way::kVanishes)),
                         [](const auto& gone) {
                           return std::string(std::get<1>(gone.param) == Way::kCancels ? "cancels_while_" : "vanishes_while_") + NameOf(std::get<0>(gone.param));
                         });

TEST(ClientGoneBeforeItsHeader, HoldsNoStream) {
  ServedModel served;
  {
    SegmentConversation conversation(served.NewChannel());
    ASSERT_TRUE(WaitUntil([&] { return served.parts().streams == 1; }));
  }  // not a message was sent
  EXPECT_TRUE(served.BecomesIdle());
  EXPECT_TRUE(Segment(served.channel(), OnePatchCt()).status.ok());
}

}  // namespace
}  // namespace tuckerseg
