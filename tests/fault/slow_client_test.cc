/// Clients that take their time, to send or to read: the worker is not theirs meanwhile, nor is more memory than they need.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "tests/fault/one_patch_model.h"
#include "tests/server/serve/served_model.h"

namespace tuckerseg {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsOf(const v1::Summary& summary, v1::Stage stage) {
  for (const v1::StageTime& time : summary.stages())
    if (time.stage() == stage) return time.seconds();
  ADD_FAILURE() << "the summary has no such stage";
  return 0;
}

TEST(SlowWriter, HoldsItsVolumeAloneWhileOthersAreServed) {
  ServedModel served;
  const std::vector<std::byte> ct = SmallCt().Bytes();
  const Answer whole = Segment(served.channel(), ct);
  ASSERT_TRUE(whole.status.ok()) << whole.status.error_message();
  ASSERT_TRUE(served.BecomesIdle());

  SegmentConversation slow(served.NewChannel());
  ASSERT_TRUE(slow.SendHeader({}));
  constexpr size_t kBegun = 400;  // past the header: the server knows how large the volume will be
  ASSERT_TRUE(slow.SendChunk(std::span(ct).first(kBegun)));
  ASSERT_TRUE(WaitUntil([&] { return served.memory().reserved_bytes() > 0; }));
  EXPECT_EQ(served.memory().reserved_bytes(), 13 * 9 * 11 * 2);
  EXPECT_EQ(served.queue().depth(), 0);
  EXPECT_EQ(served.queue().running(), 0);

  const auto begin = Clock::now();
  EXPECT_EQ(Segment(served.NewChannel(), ct).file, whole.file) << "others are served";
  const double waited_s = std::chrono::duration<double>(Clock::now() - begin).count();
  for (size_t at = kBegun; at < ct.size(); ++at) ASSERT_TRUE(slow.SendChunk(std::span(ct).subspan(at, 1)));  // byte by byte
  slow.HalfClose();
  const Answer answer = slow.Finish();
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.file, whole.file);
  EXPECT_GE(SecondsOf(answer.summary, v1::STAGE_RECEIVE), waited_s) << "the time that it took is its own";
  EXPECT_TRUE(served.BecomesIdle());
}

TEST(SlowReader, HoldsItsLabelMapsFileAloneWhileOthersAreServed) {
  ServedOptions options;
  options.bundles = {OnePatchBundle(kLargePatch)};
  ServedModel served(std::move(options));
  const std::vector<std::byte> ct = LargeCt();

  SegmentConversation slow(served.NarrowChannel());
  ASSERT_TRUE(slow.SendHeader(Uncompressed()));
  slow.SendFile(ct);
  while (slow.answer().order.find('h') == std::string::npos) ASSERT_TRUE(slow.ReadOne());
  // It has read the label map's header, and reads no further.
  EXPECT_TRUE(WaitUntil([&] { return served.queue().running() == 0; }));
  constexpr int64_t kFront = int64_t{128} << 10;  // room for header and table of labels
  EXPECT_GE(served.memory().reserved_bytes(), Voxels(kLargeShape));
  EXPECT_LE(served.memory().reserved_bytes(), Voxels(kLargeShape) + kFront) << "neither the volume nor what segmenting it took, nor the labels at 16 bits";

  const Answer other = Segment(served.NewChannel(), ct, Uncompressed());
  ASSERT_TRUE(other.status.ok()) << other.status.error_message();
  EXPECT_EQ(served.parts().streams, 1) << "the slow one's: what was sent ahead is no whole label map";

  const Answer answer = slow.Finish();
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.file, other.file);
  EXPECT_GT(SecondsOf(answer.summary, v1::STAGE_SEND), 0);
  EXPECT_TRUE(served.BecomesIdle());
}

}  // namespace
}  // namespace tuckerseg
