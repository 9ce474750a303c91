/// Stages that stand still: the client hears of it, what the work uses stays its own, and the server goes on once it has come back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "tests/fault/held_call.h"
#include "tests/server/serve/hand_clock.h"
#include "tests/server/serve/status_details.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class StageThatStandsStill : public testing::TestWithParam<CallStage> {
 protected:
  StageThatStandsStill() : call_(GetParam(), clock_.now()) {}

  /// As long as a stage may stand still passes, and somebody looks.
  void Pass() {
    clock_.Pass(static_cast<int64_t>(ServerConfig().stall_s));
    call_.served().parts().stalls.Look();
  }

  HandClock clock_;
  HeldCall call_;
};

TEST_P(StageThatStandsStill, EndsItsCallAndKeepsWhatItsWorkUses) {
  ASSERT_TRUE(call_.Begin());
  Pass();
  const std::string device = call_.holds_the_calls_thread() ? "" : "cpu";
  EXPECT_THAT(call_.served().metrics().Text(), HasSubstr("tuckerseg_stages_stalled_total{device=\"" + device + "\",stage=\"" + NameOf(GetParam()) + "\"} 1"));
  if (call_.holds_the_calls_thread()) {
    Pass();  // its own thread alone could answer: the stream is cut
    EXPECT_EQ(call_.conversation().Finish().status.error_code(), grpc::CANCELLED);
  } else {
    const Answer answer = call_.conversation().Finish();
    EXPECT_EQ(answer.status.error_code(), grpc::DEADLINE_EXCEEDED);
    EXPECT_THAT(answer.status.error_message(), HasSubstr(NameOf(GetParam()) + ": has made no step for 300 s"));
    EXPECT_EQ(InfoOf(answer.status, "stage"), NameOf(GetParam()));
    EXPECT_TRUE(call_.StreamGoes());
    EXPECT_TRUE(call_.served().parts().stalls.IsStuck(0));
  }
  // While it decodes it is held in the file's first piece, before memory is set aside.
  const bool holds_memory = GetParam() != CallStage::kDecode;
  EXPECT_EQ(call_.served().memory().reserved_bytes() > 0, holds_memory) << "it may go on at any time";
  call_.LetGo();
  EXPECT_TRUE(call_.served().BecomesIdle());
  EXPECT_THAT(call_.served().parts().stalls.StuckDevices(), IsEmpty());
  EXPECT_THAT(call_.served().metrics().Text(), HasSubstr(R"(tuckerseg_requests_total{code="DEADLINE_EXCEEDED")")) << "also where the client saw the stream cut";
  call_.ExpectThatTheNextIsServed();
}

/// Stages in which the call's stream is cut, which client libraries take for a broken connection.
class StageThatCannotBeLeft : public StageThatStandsStill {};

TEST_P(StageThatCannotBeLeft, TellsWhoSendsTheRequestAgainUntilItHasComeBack) {
  call_.SetKey("k");
  ASSERT_TRUE(call_.Begin());
  for (int i = 0; i < 2; ++i) Pass();
  EXPECT_EQ(call_.conversation().Finish().status.error_code(), grpc::CANCELLED);
  const Answer again = call_.Again();
  EXPECT_EQ(again.status.error_code(), grpc::DEADLINE_EXCEEDED) << "it would wait for the first for ever, or stand still likewise";
  EXPECT_THAT(again.status.error_message(), HasSubstr(NameOf(GetParam()) + ": has made no step for 300 s"));
  EXPECT_FALSE(again.status.error_details().empty()) << "by which libraries know it from a broken connection";
  call_.LetGo();
  EXPECT_TRUE(call_.served().BecomesIdle());
  EXPECT_TRUE(call_.Again().status.ok());
}

INSTANTIATE_TEST_SUITE_P(InEveryStage, StageThatStandsStill,
                         testing::Values(CallStage::kDecode, CallStage::kPreprocess, CallStage::kInfer, CallStage::kPostprocess, CallStage::kEncode),
                         [](const auto& stage) { return "in_" + NameOf(stage.param); });

INSTANTIATE_TEST_SUITE_P(InEachOfThem, StageThatCannotBeLeft, testing::Values(CallStage::kDecode, CallStage::kEncode), [](const auto& stage) { return "in_" + NameOf(stage.param); });

}  // namespace
}  // namespace tuckerseg
