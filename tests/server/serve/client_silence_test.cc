/// Clients that stand still, to send or to read, while their connection lives: their calls end, what they held is there for others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "tests/fault/one_patch_model.h"
#include "tests/server/serve/held_model.h"
#include "tests/server/serve/segment_conversation.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

constexpr auto kEnded = R"(tuckerseg_requests_total{code="DEADLINE_EXCEEDED",device="cpu",method="Segment")";

ServedOptions WithSilence(double seconds) {
  ServedOptions options;
  options.config.client_silence_s = seconds;
  return options;
}

TEST(ClientSilence, EndsCallsThatSendNothing) {
  ServedModel served(WithSilence(1));
  const std::vector<std::byte> ct = SmallCt().Bytes();
  std::vector<std::unique_ptr<SegmentConversation>> silent;
  for (int i = 0; i < 6; ++i) {
    silent.push_back(std::make_unique<SegmentConversation>(served.NewChannel()));
    if (i % 3 > 0) {
      ASSERT_TRUE(silent.back()->SendHeader({}));
    }
    if (i % 3 > 1) {
      ASSERT_TRUE(silent.back()->SendChunk(std::span(ct).first(400)));  // the volume's memory is set aside
    }
  }
  for (const auto& conversation : silent) EXPECT_FALSE(conversation->Finish().status.ok());
  EXPECT_TRUE(served.BecomesIdle());
  EXPECT_THAT(served.metrics().Text(), HasSubstr(kEnded));
  EXPECT_TRUE(Segment(served.channel(), ct).status.ok());
}

TEST(ClientSilence, EndsACallThatReadsNothing) {
  ServedOptions options = WithSilence(0.5);
  options.bundles = {OnePatchBundle(kLargePatch)};
  ServedModel served(std::move(options));
  const std::vector<std::byte> ct = LargeCt();  // before the call, which must not be silent meanwhile
  SegmentConversation silent(served.NarrowChannel());
  ASSERT_TRUE(silent.SendHeader(Uncompressed()));
  silent.SendFile(ct);
  while (silent.answer().order.find('h') == std::string::npos) ASSERT_TRUE(silent.ReadOne());
  EXPECT_TRUE(served.BecomesIdle());
  EXPECT_THAT(served.metrics().Text(), HasSubstr(kEnded));
  EXPECT_FALSE(silent.Finish().status.ok());
}

TEST(ClientSilence, IsNotThatOfAClientThatSendsALittleNowAndThen) {
  ServedModel served(WithSilence(2));
  const std::vector<std::byte> ct = SmallCt().Bytes();
  constexpr size_t kPieces = 12;
  const size_t piece = ct.size() / kPieces + 1;
  SegmentConversation slow(served.channel());
  ASSERT_TRUE(slow.SendHeader({}));
  for (size_t at = 0; at < ct.size(); at += piece) {
    ASSERT_TRUE(slow.SendChunk(std::span(ct).subspan(at, std::min(piece, ct.size() - at))));
    std::this_thread::sleep_for(std::chrono::milliseconds(250));  // three seconds in all
  }
  slow.HalfClose();
  const Answer answer = slow.Finish();
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
}

TEST(ClientSilence, IsNotLookedAtWhileTheServerWorks) {
  HeldModel held(WithSilence(0.5));
  SegmentConversation waiting(held.served().channel());
  waiting.SendHeader({});
  waiting.SendFile(SmallCt().Bytes());
  ASSERT_TRUE(held.gate().WaitForPatch(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  held.gate().Open();
  const Answer answer = waiting.Finish();
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
}

TEST(ClientSilence, OfZeroSecondsIsForEver) {
  ServedModel served(WithSilence(0));
  SegmentConversation silent(served.NewChannel());
  ASSERT_TRUE(silent.SendHeader({}));
  ASSERT_TRUE(WaitUntil([&] { return served.parts().streams == 1; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_EQ(served.parts().streams, 1);
}

}  // namespace
}  // namespace tuckerseg
