/// How many places in the queue and how many streams one client may hold at once, through a real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/server/schedule/held_work.h"
#include "tests/server/security/served_securely.h"
#include "tests/server/serve/compare_conversation.h"
#include "tests/server/serve/held_model.h"
#include "tests/server/serve/inference_client.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/status_details.h"
#include "tests/server/variants/tiny_variants.h"
#include "tests/server/wait_until.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

constexpr auto kNever = std::chrono::system_clock::time_point::max();

void ExpectRefusal(const grpc::Status& status, const std::string& message) {
  EXPECT_EQ(status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_EQ(status.error_message(), message);
  const auto retry = DetailOf<google::rpc::RetryInfo>(status);
  ASSERT_TRUE(retry) << "it passes by waiting";
  EXPECT_GT(retry->retry_delay().seconds(), 0);
}

/// A client of the server at `channel`, who shows its token.
class Client {
 public:
  Client(const std::shared_ptr<grpc::Channel>& channel, const std::string& token) : channel_(channel), metadata_{{"authorization", "Bearer " + token}} {}

  Answer Segment(const v1::SegmentHeader& header = {}) const {
    SegmentConversation conversation(channel_, kNever, metadata_);
    if (conversation.SendHeader(header)) conversation.SendFile(ct_);
    return conversation.Finish();
  }
  Inference Infer() const { return tuckerseg::Infer(channel_, RawRequest(kDhw, RandomVoxels<int16_t>()), metadata_); }

  /// A call whose header is sent, and nothing else.
  std::unique_ptr<SegmentConversation> Open() const {
    auto conversation = std::make_unique<SegmentConversation>(channel_, kNever, metadata_);
    EXPECT_TRUE(conversation->SendHeader({}));
    return conversation;
  }
  /// A call that has its place in the queue.
  std::unique_ptr<SegmentConversation> Queue(const v1::SegmentHeader& header = {}) const {
    auto conversation = std::make_unique<SegmentConversation>(channel_, kNever, metadata_);
    EXPECT_TRUE(conversation->SendHeader(header));
    conversation->SendFile(ct_);
    EXPECT_TRUE(conversation->ReadOne());
    EXPECT_EQ(conversation->answer().order, "a");
    return conversation;
  }
  std::unique_ptr<CompareConversation> Compare(const std::vector<std::string>& levels) const {
    auto conversation = std::make_unique<CompareConversation>(channel_, kNever, metadata_);
    EXPECT_TRUE(conversation->SendHeader(Comparing(levels)));
    conversation->SendFile(ct_);
    return conversation;
  }

 private:
  const std::shared_ptr<grpc::Channel> channel_;
  const std::multimap<std::string, std::string> metadata_;
  const std::vector<std::byte> ct_ = SmallCt().Bytes();
};

/// A server of an original and the level `quick`, whose worker waits before each patch; clients a, b and c with tokens.
class ClientPlaces : public testing::Test {
 protected:
  ClientPlaces() : options_(files_.Options(/*tls=*/false, /*client_certificates=*/false, {{"a", "token.a", "\"segment\""}, {"b", "token.b", "\"segment\""}, {"c", "token.c", "\"segment\""}})) {
    disk_.Add("quick", {{"quick", 0.3, true, 1}}, 11, TinyCard("quick", 0.93, 0.91));
    options_.models = disk_.models();
    options_.config.allow_phantom_quality = true;
  }

  void Start() { held_.emplace(std::move(options_)); }
  ServedModel& served() { return held_->served(); }
  PatchGate& gate() { return held_->gate(); }
  Client ClientOf(const std::string& token) { return {served().channel(), token}; }

  const SecurityFiles files_;
  const ModelOnDisk disk_{TinyServedBundle()};
  ServedOptions options_;
  std::optional<HeldModel> held_;
};

TEST_F(ClientPlaces, OfAQueueAreItsShareAndTheRestIsOthers) {
  options_.config.queue_capacity = 4;
  Start();
  const Client a = ClientOf("token.a");
  const Client b = ClientOf("token.b");
  const auto running = a.Queue();
  ASSERT_TRUE(gate().WaitForPatch(1));
  const auto waiting = a.Queue();
  const Answer refused = a.Segment();
  ExpectRefusal(refused.status, "queue: this client holds 2 of its 2 places: must be fewer; try again later");
  EXPECT_EQ(refused.order, "") << "nothing is accepted";
  ExpectRefusal(a.Infer().status, "queue: this client holds 2 of its 2 places: must be fewer; try again later");
  EXPECT_THAT(served().metrics().Text(), HasSubstr(R"(tuckerseg_rejected_total{reason="RESOURCE_EXHAUSTED"} 2)"));
  const auto of_another = b.Queue();
  gate().Open();
  EXPECT_TRUE(running->Finish().status.ok());
  EXPECT_TRUE(waiting->Finish().status.ok()) << "what was accepted stays";
  EXPECT_TRUE(of_another->Finish().status.ok());
  EXPECT_TRUE(served().BecomesIdle());
  EXPECT_TRUE(a.Segment().status.ok());
}

TEST_F(ClientPlaces, AreAllOfAQueueWhereTheOperatorSaysSo) {
  options_.config.queue_capacity = 2;
  options_.config.limits.client_share = 1;
  Start();
  const Client a = ClientOf("token.a");
  const auto running = a.Queue();
  const auto waiting = a.Queue();
  ExpectRefusal(a.Segment().status, "queue: is full");
  gate().Open();
  EXPECT_TRUE(running->Finish().status.ok());
  EXPECT_TRUE(waiting->Finish().status.ok());
}

TEST_F(ClientPlaces, AreOnEachDevice) {
  options_.config.devices = {{.name = "left", .queue_capacity = 2}, {.name = "right", .queue_capacity = 2}};
  Start();
  const Client a = ClientOf("token.a");
  const auto first = a.Queue();
  const auto second = a.Queue();
  EXPECT_NE(first->answer().accepted.device(), second->answer().accepted.device());
  ExpectRefusal(a.Segment().status, "queue: this client holds 1 of its 1 places: must be fewer; try again later");
  gate().Open();
  EXPECT_TRUE(first->Finish().status.ok());
  EXPECT_TRUE(second->Finish().status.ok());
}

TEST_F(ClientPlaces, AreNothingThatOthersStepDownFor) {
  options_.config.queue_capacity = 4;
  options_.config.limits.client_share = 0.25;
  Start();
  served().times().Expect({"tiny", "original"}, 10);
  const Client a = ClientOf("token.a");
  const auto running = a.Queue();
  ASSERT_TRUE(gate().WaitForPatch(1));
  const auto first = ClientOf("token.b").Queue();
  const auto second = ClientOf("token.c").Queue();
  v1::SegmentHeader urgent;
  urgent.set_priority(10);
  ExpectRefusal(a.Segment(urgent).status, "queue: this client holds 1 of its 1 places: must be fewer; try again later");
  gate().Open();
  EXPECT_TRUE(running->Finish().status.ok());
  EXPECT_EQ(first->Finish().summary.variant(), "original") << "though another waits, and one that is more urgent was turned away";
  EXPECT_EQ(second->Finish().summary.variant(), "original");
}

TEST_F(ClientPlaces, CountForAFurtherLevelOfAComparisonWhichWaitsForOne) {
  options_.config.queue_capacity = 2;
  Start();
  const Client a = ClientOf("token.a");
  const auto comparison = a.Compare({"original", "quick"});
  ASSERT_TRUE(gate().WaitForPatch(1));
  std::optional<HeldPlace> own;
  {
    const std::lock_guard admission(served().parts().admission);  // the second level waits here until its client's only place is taken
    gate().Open();
    ASSERT_TRUE(WaitUntil([&] { return served().queue().running() == 0; }));
    own.emplace(served().queue(), "a");
  }
  ASSERT_TRUE(comparison->ReadUntil("rpp")) << "it tells that it waits";
  EXPECT_EQ(comparison->answer().progress.back().stage(), v1::STAGE_QUEUE);
  own.reset();
  const CompareAnswer answer = comparison->Finish();
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_THAT(answer.order, MatchesRegex("ap+rp+ap+r"));
  EXPECT_TRUE(served().BecomesIdle());
}

TEST_F(ClientPlaces, OfStreamsAreItsShareAndTheRestIsOthers) {
  options_.config.max_streams = 4;
  Start();
  gate().Open();
  const Client a = ClientOf("token.a");
  const Client b = ClientOf("token.b");
  const auto first = a.Open();
  const auto second = a.Open();
  ASSERT_TRUE(WaitUntil([&] { return served().parts().streams == 2; }));
  ExpectRefusal(a.Segment().status, "streams: this client holds 2 of its 2 places: must be fewer; try again later");
  ExpectRefusal(a.Infer().status, "streams: this client holds 2 of its 2 places: must be fewer; try again later");
  EXPECT_EQ(served().parts().streams, 2) << "a refused call holds none";
  EXPECT_TRUE(b.Segment().status.ok());
  second->Cancel();
  EXPECT_EQ(second->Finish().status.error_code(), grpc::CANCELLED);
  ASSERT_TRUE(WaitUntil([&] { return served().parts().streams == 1; }));
  EXPECT_TRUE(a.Segment().status.ok());
}

TEST(ClientPlacesByCertificate, GoByItsNameWhateverItMayDo) {
  const SecurityFiles files;
  ServedOptions options = files.Options(/*tls=*/true, /*client_certificates=*/true);
  options.config.max_streams = 2;
  ServedModel served(std::move(options));
  const auto channel_of = [&](const std::string& name) { return served.NewChannel(TlsCredentials(files.authority(), files.authority().Issue({.common_name = name, .names = ""}))); };
  const auto channel = channel_of("a");
  SegmentConversation open(channel);
  ASSERT_TRUE(open.SendHeader({}));
  ASSERT_TRUE(WaitUntil([&] { return served.parts().streams == 1; }));
  const std::vector<std::byte> ct = SmallCt().Bytes();
  ExpectRefusal(Segment(channel, ct).status, "streams: this client holds 1 of its 1 places: must be fewer; try again later");
  EXPECT_TRUE(Segment(channel_of("b"), ct).status.ok());
  open.Cancel();
  open.Finish();
}

TEST(ClientPlacesOfAnyone, AreAllThereAreAsNobodyIsKnown) {
  ServedOptions options;
  options.config.max_streams = 2;
  options.config.limits.client_share = 0.5;
  ServedModel served(std::move(options));
  SegmentConversation first(served.channel());
  SegmentConversation second(served.channel());
  ASSERT_TRUE(first.SendHeader({}));
  ASSERT_TRUE(second.SendHeader({}));
  ASSERT_TRUE(WaitUntil([&] { return served.parts().streams == 2; }));
  ExpectRefusal(Segment(served.channel(), SmallCt().Bytes()).status, "streams: 2 are open: must be fewer than 2; try again later");
  first.Cancel();
  second.Cancel();
  first.Finish();
  second.Finish();
}

}  // namespace
}  // namespace tuckerseg
