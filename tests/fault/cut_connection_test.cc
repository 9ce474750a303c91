/// Connections that are cut: at every chunk, and at bytes all along the way, in both directions.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "client/lib/client.h"
#include "tests/fault/cutting_proxy.h"
#include "tests/fault/one_patch_model.h"
#include "tests/server/serve/held_model.h"

namespace tuckerseg {
namespace {

/// A call's bytes are a few thousand: whoever comes here has forgotten to end.
constexpr int64_t kFarTooMany = int64_t{1} << 20;

/// Sends no call a second time by itself.
std::shared_ptr<grpc::Channel> ChannelThrough(const CuttingProxy& proxy) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  return grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(proxy.port()), grpc::InsecureChannelCredentials(), arguments);
}

class CutConnection : public testing::Test {
 protected:
  CutConnection() { whole_ = Segment(served_.channel(), ct_); }

  void ExpectThatTheNextIsServed() {
    const Answer next = Segment(served_.NewChannel(), ct_);
    EXPECT_TRUE(next.status.ok()) << next.status.error_message();
    EXPECT_EQ(next.file, whole_.file);
  }
  /// A call whose connection is cut; true if it came to its end all the same.
  bool IsServedInSpiteOf(const Cut& cut) {
    const CuttingProxy proxy(served_.server().port(), cut, CuttingProxy::Later::kAreClosed);
    const Answer answer = Segment(ChannelThrough(proxy), ct_, {}, kChunk);
    if (answer.status.ok()) {
      EXPECT_EQ(answer.file, whole_.file);
    }
    EXPECT_TRUE(served_.BecomesIdle());
    return answer.status.ok();
  }

  static constexpr size_t kChunk = 256;
  const std::vector<std::byte> ct_ = SmallCt().Bytes();
  ServedModel served_;
  Answer whole_;
};

TEST_F(CutConnection, AfterAnyChunkOfTheVolumeLeavesNothingBehind) {
  for (size_t chunks = 0; chunks * kChunk < ct_.size(); ++chunks) {
    SCOPED_TRACE(std::to_string(chunks) + " chunks");
    {
      SegmentConversation conversation(served_.NewChannel());
      ASSERT_TRUE(conversation.SendHeader({}));
      for (size_t i = 0; i < chunks; ++i) ASSERT_TRUE(conversation.SendChunk(std::span(ct_).subspan(i * kChunk, kChunk)));
    }  // stream, context and channel go without a word
    ASSERT_TRUE(served_.BecomesIdle());
  }
  ExpectThatTheNextIsServed();
}

TEST_F(CutConnection, AfterAnyMessageOfTheAnswerLeavesNothingBehind) {
  // In several chunks, so that there is a cut between two of them.
  constexpr Index3 kShape{128, 128, 96};
  ServedOptions options;
  options.bundles = {OnePatchBundle({96, 128, 128})};
  ServedModel served(std::move(options));
  const std::vector<std::byte> ct = RandomCt(kShape, 2).Gzip();
  const Answer whole = Segment(served.channel(), ct, Uncompressed());
  ASSERT_TRUE(whole.status.ok()) << whole.status.error_message();
  EXPECT_THAT(whole.order, testing::HasSubstr("ccc"));
  bool ended = false;
  for (int messages = 0; !ended; ++messages) {
    SCOPED_TRACE(std::to_string(messages) + " messages");
    ASSERT_LT(messages, 1000);
    {
      SegmentConversation conversation(served.NarrowChannel());
      ASSERT_TRUE(conversation.SendHeader(Uncompressed()));
      conversation.SendFile(ct);
      for (int i = 0; i < messages && !ended; ++i) ended = !conversation.ReadOne();
    }
    ASSERT_TRUE(served.BecomesIdle());
  }
  EXPECT_EQ(Segment(served.NewChannel(), ct, Uncompressed()).file, whole.file);
}

TEST_F(CutConnection, AtBytesAllAlongTheWayUpLeavesNothingBehind) {
  constexpr int64_t kStep = 61;
  int cuts = 0;
  for (int64_t bytes = 0; !IsServedInSpiteOf({.up = bytes}); bytes += kStep, ++cuts) ASSERT_LT(bytes, kFarTooMany);
  EXPECT_GT(cuts, static_cast<int>(ct_.size()) / kStep) << "before, within and behind the volume";
  ExpectThatTheNextIsServed();
}

TEST_F(CutConnection, AtBytesAllAlongTheWayDownLeavesNothingBehind) {
  constexpr int64_t kStep = 61;
  int cuts = 0;
  for (int64_t bytes = 0; !IsServedInSpiteOf({.down = bytes}); bytes += kStep, ++cuts) ASSERT_LT(bytes, kFarTooMany);
  EXPECT_GT(cuts, static_cast<int>(whole_.file.size()) / kStep);
  ExpectThatTheNextIsServed();
}

/// What one request with a key comes to, whose connection is cut once on the way down.
struct SentAgain {
  std::vector<std::byte> label_map;
  int attempts = 1;
};
SentAgain SegmentWithAKey(const CuttingProxy& proxy, std::span<const std::byte> ct, const std::string& key) {
  Client client("127.0.0.1:" + std::to_string(proxy.port()));
  v1::SegmentHeader header;
  header.set_idempotency_key(key);
  SentAgain result;
  SegmentEvents events;
  events.label_map = [&](std::span<const std::byte> bytes) { result.label_map.insert(result.label_map.end(), bytes.begin(), bytes.end()); };
  events.again = [&](int attempt) {
    result.label_map.clear();
    result.attempts = attempt;
  };
  client.Segment(header, [&](const ByteSink& sink) { sink(ct); }, events);
  return result;
}

TEST(ClientWithAKey, GetsItsLabelMapWhereverItsConnectionIsCut) {
  HeldModel held;
  held.gate().Open();
  const std::vector<std::byte> ct = SmallCt().Bytes();
  const Answer whole = Segment(held.served().channel(), ct);
  ASSERT_TRUE(whole.status.ok());
  // Before the first answer the client cannot tell a cut from a server that is not there.
  constexpr int64_t kFirst = 250;
  constexpr int64_t kStep = 307;
  bool cut = true;
  for (int64_t bytes = kFirst; cut; bytes += kStep) {
    SCOPED_TRACE(std::to_string(bytes) + " bytes");
    ASSERT_LT(bytes, kFarTooMany);
    const int before = held.gate().arrived();
    const CuttingProxy proxy(held.served().server().port(), {.down = bytes}, CuttingProxy::Later::kPass);
    const SentAgain result = SegmentWithAKey(proxy, ct, "k" + std::to_string(bytes));
    EXPECT_EQ(result.label_map, whole.file);
    EXPECT_LE(held.gate().arrived() - before, 2 * 12) << "twelve patches of each attempt at most";
    cut = result.attempts > 1;
    EXPECT_TRUE(held.served().BecomesIdle());
  }
}

}  // namespace
}  // namespace tuckerseg
