/// Workers that stand still in the middle of a request: its client is answered, others go elsewhere, and all is as before once the worker has come back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "tests/server/serve/hand_clock.h"
#include "tests/server/serve/held_model.h"
#include "tests/server/serve/inference_client.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/status_details.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

constexpr int64_t kStall = 60;

ServedOptions StallingAfterAMinute(HandClock& clock, std::vector<DeviceSettings> devices = {}) {
  ServedOptions options;
  options.config.stall_s = static_cast<double>(kStall);
  options.config.devices = std::move(devices);
  options.stall_clock = clock.now();
  return options;
}

/// A call that has been accepted, and whose client waits.
class WaitingCall {
 public:
  explicit WaitingCall(ServedModel& served) : conversation_(served.channel()) {
    conversation_.SendHeader({});
    conversation_.SendFile(SmallCt().Bytes());
    EXPECT_TRUE(conversation_.ReadOne());
  }
  const v1::Accepted& accepted() const { return conversation_.answer().accepted; }
  /// True once it has been told that its networks run.
  bool IsInferring() {
    const auto& told = conversation_.answer().progress;
    while (told.empty() || told.back().stage() != v1::STAGE_INFER)
      if (!conversation_.ReadOne()) return false;
    return true;
  }
  Answer Finish() { return conversation_.Finish(); }

 private:
  SegmentConversation conversation_;
};

class SegmentStall : public testing::Test {
 protected:
  explicit SegmentStall(std::vector<DeviceSettings> devices = {}) : held_(StallingAfterAMinute(clock_, std::move(devices))) {}
  /// Some time passes, and somebody looks.
  void Pass(int64_t seconds) {
    clock_.Pass(seconds);
    served().parts().stalls.Look();
  }
  ServedModel& served() { return held_.served(); }
  PatchGate& gate() { return held_.gate(); }

  HandClock clock_;
  HeldModel held_;
};

TEST_F(SegmentStall, AnswersTheClientThoughTheWorkerDoesNotComeBack) {
  WaitingCall call(served());
  ASSERT_TRUE(gate().WaitForPatch(1));
  ASSERT_TRUE(call.IsInferring());
  const int64_t reserved_bytes = served().device().memory().reserved_bytes();
  Pass(kStall);
  const Answer answer = call.Finish();
  EXPECT_EQ(answer.status.error_code(), grpc::DEADLINE_EXCEEDED);
  EXPECT_THAT(answer.status.error_message(), HasSubstr("infer: has made no step for 60 s on cpu"));
  EXPECT_THAT(answer.status.error_message(), HasSubstr("request " + answer.accepted.request_id()));
  EXPECT_EQ(InfoOf(answer.status, "stage"), "infer");
  EXPECT_TRUE(WaitUntil([this] { return served().parts().streams == 0; }));
  EXPECT_EQ(served().queue().running(), 1) << "it stands still";
  EXPECT_EQ(served().device().memory().reserved_bytes(), reserved_bytes) << "which it may use as soon as it goes on";
  EXPECT_GT(served().memory().reserved_bytes(), reserved_bytes) << "the volume, too";
  EXPECT_THAT(served().metrics().Text(), HasSubstr(R"(tuckerseg_stages_stalled_total{device="cpu",stage="infer"} 1)"));
  EXPECT_THAT(served().metrics().Text(), HasSubstr(R"(tuckerseg_requests_cancelled_total{stage="infer"} 1)"));
  gate().Open();
  EXPECT_TRUE(served().BecomesIdle()) << "it was asked to stop";
  EXPECT_TRUE(Segment(served().channel(), SmallCt().Bytes()).status.ok());
}

TEST_F(SegmentStall, IsNotedThoughTheClientHasGone) {
  {
    WaitingCall call(served());
    ASSERT_TRUE(gate().WaitForPatch(1));
  }
  ASSERT_TRUE(WaitUntil([this] { return served().parts().streams == 0; }));
  Pass(kStall);
  EXPECT_TRUE(served().parts().stalls.IsStuck(0));
  EXPECT_THAT(served().metrics().Text(), HasSubstr(R"(tuckerseg_stages_stalled_total{device="cpu",stage="infer"} 1)"));
  gate().Open();
  EXPECT_TRUE(served().BecomesIdle());
  EXPECT_FALSE(served().parts().stalls.IsStuck(0));
}

TEST_F(SegmentStall, TurnsNewCallsAwayAtOnceWhereNoOtherDeviceCanServe) {
  WaitingCall call(served());
  ASSERT_TRUE(gate().WaitForPatch(1));
  Pass(kStall);
  EXPECT_EQ(call.Finish().status.error_code(), grpc::DEADLINE_EXCEEDED);
  const Answer refused = Segment(served().channel(), SmallCt().Bytes());
  EXPECT_EQ(refused.status.error_code(), grpc::UNAVAILABLE);
  EXPECT_THAT(refused.status.error_message(), HasSubstr("device cpu: another request stands still there, and no other device can serve this one; try another server"));
  EXPECT_EQ(Infer(served().channel(), RawRequest(kDhw, RandomVoxels<int16_t>())).status.error_code(), grpc::UNAVAILABLE);
  gate().Open();
  EXPECT_TRUE(served().BecomesIdle());
  EXPECT_TRUE(Segment(served().channel(), SmallCt().Bytes()).status.ok());
}

TEST_F(SegmentStall, TurnsNewCallsAwayBeforeTheyHaveSentTheirVolume) {
  WaitingCall call(served());
  ASSERT_TRUE(gate().WaitForPatch(1));
  Pass(kStall);
  EXPECT_EQ(call.Finish().status.error_code(), grpc::DEADLINE_EXCEEDED);
  SegmentConversation conversation(served().channel(), std::chrono::system_clock::now() + kLimit);
  conversation.SendHeader({});
  const std::vector<std::byte> file = SmallCt().Bytes();
  conversation.SendChunk(std::span(file).first(file.size() - 1));
  EXPECT_EQ(conversation.Finish().status.error_code(), grpc::UNAVAILABLE) << "its last byte was not waited for";
  gate().Open();
  EXPECT_TRUE(served().BecomesIdle());
}

TEST_F(SegmentStall, EndsThoseThatWaitBehindItWhereTheWorkerHasNotComeBackAfterAsLongAgain) {
  WaitingCall first(served());
  ASSERT_TRUE(gate().WaitForPatch(1));
  WaitingCall second(served());
  Pass(kStall);
  EXPECT_EQ(first.Finish().status.error_code(), grpc::DEADLINE_EXCEEDED);
  EXPECT_EQ(served().queue().depth(), 1) << "the worker has only just been asked to stop";
  Pass(kStall);
  const Answer answer = second.Finish();
  EXPECT_EQ(answer.status.error_code(), grpc::UNAVAILABLE);
  EXPECT_THAT(answer.status.error_message(), HasSubstr("device cpu: another request stands still there, which this one would have waited for"));
  EXPECT_EQ(served().queue().depth(), 0);
  gate().Open();
  EXPECT_TRUE(served().BecomesIdle());
}

TEST_F(SegmentStall, ServesThoseThatWaitBehindItOnceTheWorkerHasComeBack) {
  WaitingCall first(served());
  ASSERT_TRUE(gate().WaitForPatch(1));
  WaitingCall second(served());
  Pass(kStall);
  EXPECT_EQ(first.Finish().status.error_code(), grpc::DEADLINE_EXCEEDED);
  gate().Open();
  EXPECT_TRUE(second.Finish().status.ok());
}

class SegmentStallOnOneOfTwo : public SegmentStall {
 protected:
  SegmentStallOnOneOfTwo() : SegmentStall(std::vector<DeviceSettings>{{.name = "left"}, {.name = "right"}}) {}
};

TEST_F(SegmentStallOnOneOfTwo, SendsCallsToTheOther) {
  WaitingCall stuck(served());
  ASSERT_TRUE(gate().WaitForPatch(1));
  ASSERT_EQ(stuck.accepted().device(), "left");
  Pass(kStall);
  EXPECT_EQ(stuck.Finish().status.error_code(), grpc::DEADLINE_EXCEEDED);
  WaitingCall next(served());
  EXPECT_EQ(next.accepted().device(), "right");
  EXPECT_THAT(served().metrics().Text(), HasSubstr(R"(tuckerseg_stages_stalled_total{device="left",stage="infer"} 1)"));
  EXPECT_THAT(served().metrics().Text(), HasSubstr(R"(tuckerseg_stages_stalled_total{device="right",stage="infer"} 0)"));
  gate().Open();
  EXPECT_TRUE(next.Finish().status.ok());
  EXPECT_TRUE(served().BecomesIdle());
  EXPECT_EQ(Segment(served().channel(), SmallCt().Bytes()).accepted.device(), "left") << "its worker has come back";
}

}  // namespace
}  // namespace tuckerseg
