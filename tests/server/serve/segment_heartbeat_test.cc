/// Progress of calls of which there is nothing new to tell: proxies cut streams that are silent.
#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <span>
#include <vector>

#include "tests/server/serve/held_model.h"
#include "tests/server/serve/segment_conversation.h"

namespace tuckerseg {
namespace {

using google::protobuf::util::MessageDifferencer;
using Clock = std::chrono::steady_clock;

/// Two of them have to come within it.
constexpr double kTwoHeartbeatsSeconds = 7;

double SecondsSince(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

/// A call that waits for no heartbeat for ever.
class TimedCall : public SegmentConversation {
 public:
  explicit TimedCall(const ServedModel& served) : SegmentConversation(served.NewChannel(), std::chrono::system_clock::now() + kLimit) {}

  /// Sends a whole request; true once it has its place in the queue.
  bool Begin(std::span<const std::byte> ct) {
    if (!SendHeader({})) return false;
    SendFile(ct);
    return ReadOne() && answer().order == "a";
  }
  /// Reads on until two messages have told what the one before them told. False where the call ends before.
  bool ReadTwoHeartbeats() {
    const std::vector<v1::Progress>& told = answer().progress;
    for (int beats = 0; beats < 2;) {
      const size_t before = told.size();
      if (!ReadOne()) return false;
      if (before > 0 && told.size() > before && MessageDifferencer::Equals(told[before], told[before - 1])) ++beats;
    }
    return true;
  }
};

TEST(SegmentHeartbeat, ComesTwiceInFiveSecondsFromAPatchThatTakesLongAndFromTheQueueBehindIt) {
  const std::vector<std::byte> ct = SmallCt().Bytes();
  HeldModel held;
  TimedCall running(held.served());
  ASSERT_TRUE(running.Begin(ct));
  ASSERT_TRUE(held.gate().WaitForPatch(1));
  TimedCall queued(held.served());
  ASSERT_TRUE(queued.Begin(ct));
  ASSERT_EQ(held.served().queue().depth(), 1);

  const auto begin = Clock::now();
  EXPECT_TRUE(running.ReadTwoHeartbeats());
  EXPECT_LT(SecondsSince(begin), kTwoHeartbeatsSeconds);
  EXPECT_EQ(running.answer().progress.back().stage(), v1::STAGE_INFER);
  EXPECT_TRUE(queued.ReadTwoHeartbeats());
  EXPECT_LT(SecondsSince(begin), kTwoHeartbeatsSeconds);
  EXPECT_EQ(queued.answer().progress.back().stage(), v1::STAGE_QUEUE);

  held.gate().Open();
  EXPECT_TRUE(running.Finish().status.ok());
  EXPECT_TRUE(queued.Finish().status.ok());
}

TEST(SegmentHeartbeat, TellsThatTheAnswerIsMade) {
  const ServedModel served;
  v1::SegmentHeader header;
  header.mutable_output()->set_preview(true);
  const Answer answer = Segment(served.channel(), SmallCt().Bytes(), header);
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  const v1::Progress& last = answer.progress.back();
  EXPECT_EQ(last.stage(), v1::STAGE_ENCODE);
  EXPECT_EQ(last.fraction(), 1);
  EXPECT_EQ(last.patches_done(), 12U);
  EXPECT_EQ(last.patches_total(), 12U);
}

}  // namespace
}  // namespace tuckerseg
