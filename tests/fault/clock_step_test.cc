/// The clock of the day is set while the server works: no length of time goes by it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/fault/wall_clock.h"
#include "tests/server/serve/held_model.h"
#include "tests/server/serve/segment_conversation.h"

namespace tuckerseg {
namespace {

using std::chrono::system_clock;

/// The clock is set by so many hours as long as this lives: it must go before the server, whose end gRPC times by the kernel's clock.
class ClockSetBy {
 public:
  explicit ClockSetBy(int hours) {
    const auto before = system_clock::now();
    WallClock::Set(std::chrono::hours(hours));
    EXPECT_GT(std::chrono::abs(system_clock::now() - before), std::chrono::minutes(59)) << "the program takes the time from the test";
  }
  ~ClockSetBy() { WallClock::Set(std::chrono::seconds(0)); }
  ClockSetBy(const ClockSetBy&) = delete;
  ClockSetBy& operator=(const ClockSetBy&) = delete;
};

class ClockStep : public testing::TestWithParam<int> {
 protected:
  const std::vector<std::byte> ct_ = SmallCt().Bytes();
};

TEST_P(ClockStep, ChangesNoTimeOfACallThatGoesOn) {
  HeldModel held;
  // Of gRPC's own making, in time that only goes on; what the server makes of it must not go by the day.
  SegmentConversation conversation(held.served().channel(), system_clock::now() + std::chrono::minutes(5));
  ASSERT_TRUE(conversation.SendHeader({}));
  ASSERT_TRUE(conversation.SendChunk(std::span(ct_).first(400)));
  ASSERT_TRUE(WaitUntil([&] { return held.served().memory().reserved_bytes() > 0; }));
  const ClockSetBy step(GetParam());
  conversation.SendFile(std::span(ct_).subspan(400));
  ASSERT_TRUE(held.gate().WaitForPatch(1)) << "it is admitted: its deadline has not passed";
  held.gate().Open();
  const Answer answer = conversation.Finish();
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  for (const v1::StageTime& time : answer.summary.stages()) {
    EXPECT_GE(time.seconds(), 0) << time.stage();
    EXPECT_LT(time.seconds(), 300) << time.stage();
  }
  EXPECT_TRUE(held.served().BecomesIdle());
}

TEST_P(ClockStep, ChangesNoLatencyThatWasPromised) {
  HeldModel held;
  v1::SegmentHeader header;
  header.mutable_level()->mutable_automatic()->mutable_max_latency()->set_seconds(300);
  SegmentConversation conversation(held.served().channel());
  ASSERT_TRUE(conversation.SendHeader(header));
  conversation.SendFile(ct_);
  ASSERT_TRUE(held.gate().WaitForPatch(1));
  const ClockSetBy step(GetParam());
  held.gate().Open();
  const Answer answer = conversation.Finish();
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
}

TEST_P(ClockStep, KeepsAnswersForAsLongAsWasSaid) {
  HeldModel held;
  held.gate().Open();
  v1::SegmentHeader header;
  header.set_idempotency_key("k");
  const Answer first = Segment(held.served().channel(), ct_, header);
  ASSERT_TRUE(first.status.ok()) << first.status.error_message();
  const int patches = held.gate().arrived();
  const ClockSetBy step(GetParam());
  EXPECT_EQ(Segment(held.served().channel(), ct_, header).file, first.file);
  EXPECT_EQ(held.gate().arrived(), patches) << "ten minutes have not passed";
}

TEST_P(ClockStep, GivesNoClientMoreRequestsAMinute) {
  ServedOptions options;
  options.config.limits.requests_per_minute = 1;
  ServedModel served(std::move(options));
  ASSERT_TRUE(Segment(served.channel(), ct_).status.ok());
  const ClockSetBy step(GetParam());
  EXPECT_EQ(Segment(served.channel(), ct_).status.error_code(), grpc::RESOURCE_EXHAUSTED);
}

INSTANTIATE_TEST_SUITE_P(AnHour, ClockStep, testing::Values(1, -1), [](const auto& hours) { return std::string(hours.param > 0 ? "forward" : "back"); });

}  // namespace
}  // namespace tuckerseg
