/// Calls of Segment that break off: which are sent again, when, and that the answer is right in the end.
#include "client/lib/send_again.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/sha256.h"
#include "server/serve/status_of.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/server/serve/held_model.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/variants/tiny_variants.h"

namespace tuckerseg {
namespace {

using std::chrono::milliseconds;

TEST(HasBrokenOff, IsSoWhereServerOrConnectionHasGone) {
  struct Case {
    const char* name;
    grpc::Status status;
    bool expected;
  };
  const std::vector<Case> cases{
      {"no server", {grpc::UNAVAILABLE, "connection refused"}, true},
      {"the server is stopping", {grpc::UNAVAILABLE, "the server is stopping", "details"}, true},
      {"the stream was reset", {grpc::CANCELLED, "RST_STREAM"}, true},
      {"the server has cancelled", {grpc::CANCELLED, "cancelled", "details"}, false},
      {"the stream is no more", {grpc::UNKNOWN, "Stream removed"}, true},
      {"refused", {grpc::INVALID_ARGUMENT, "pixdim[1] = 0"}, false},
      {"too many", {grpc::RESOURCE_EXHAUSTED, "queue: is full"}, false},
      {"too late", {grpc::DEADLINE_EXCEEDED, ""}, false},
      {"a fault", {grpc::INTERNAL, "internal error 1"}, false},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(HasBrokenOff(one.status, false), one.expected) << one.name;
    EXPECT_FALSE(HasBrokenOff(one.status, true)) << one.name << ", but the caller has asked for it";
  }
}

TEST(PauseAfter, GrowsFromATenthOfASecondToOne) {
  EXPECT_EQ(PauseAfter(1, 0), milliseconds(100));
  EXPECT_EQ(PauseAfter(1, 1), milliseconds(200));
  EXPECT_EQ(PauseAfter(2, 0), milliseconds(200));
  EXPECT_EQ(PauseAfter(3, 0.5), milliseconds(600));
  EXPECT_EQ(PauseAfter(4, 1), milliseconds(1000));
  EXPECT_EQ(PauseAfter(1000, 1), milliseconds(1000));
}

v1::SegmentHeader Named(const std::string& key) {
  v1::SegmentHeader header;
  header.set_idempotency_key(key);
  return header;
}

ByteProducer ProducerOf(const std::vector<std::byte>& file) {
  return [&file](const ByteSink& sink) { sink(file); };
}

/// Breaks off its first calls after what the test wants, and answers the next ones.
class FailingService final : public v1::SegmentationService::Service {
 public:
  FailingService(int failures, bool in_the_label_map) : failures_(failures), in_the_label_map_(in_the_label_map) {}
  grpc::Status Segment(grpc::ServerContext*, grpc::ServerReaderWriter<v1::SegmentResponse, v1::SegmentRequest>* stream) override {
    const int call = ++calls_;
    v1::SegmentRequest request;
    while (stream->Read(&request)) {
      const std::lock_guard lock(mutex_);
      if (!request.has_header()) continue;
      keys_ += request.header().idempotency_key() + " ";
      resumed_levels_.push_back(request.header().resume_level());
    }
    if (const std::string accepted_at = variant(); !accepted_at.empty()) {
      v1::SegmentResponse response;
      response.mutable_accepted()->set_variant(accepted_at);
      stream->Write(response);
    }
    const bool fails = call <= failures_;
    if (!fails || in_the_label_map_) {
      v1::SegmentResponse response;
      response.mutable_label_map_header()->set_bytes(3);
      response.mutable_label_map_header()->set_sha256("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // of abc
      stream->Write(response);
      response.set_chunk("ab");
      stream->Write(response);
      if (fails) return {grpc::UNAVAILABLE, "gone"};
      response.set_chunk("c");
      stream->Write(response);
      response.mutable_summary();
      stream->Write(response);
    }
    return fails ? grpc::Status(grpc::UNAVAILABLE, "gone") : grpc::Status::OK;
  }
  int calls() const { return calls_; }
  std::string keys() const {
    const std::lock_guard lock(mutex_);
    return keys_;
  }
  /// Of each call.
  std::vector<std::string> resumed_levels() const {
    const std::lock_guard lock(mutex_);
    return resumed_levels_;
  }
  /// From now on calls are accepted at this level before anything else happens to them.
  void AcceptAt(const std::string& variant) {
    const std::lock_guard lock(mutex_);
    variant_ = variant;
  }

 private:
  std::string variant() const {
    const std::lock_guard lock(mutex_);
    return variant_;
  }

  const int failures_;
  const bool in_the_label_map_;
  std::atomic<int> calls_ = 0;
  mutable std::mutex mutex_;
  std::string keys_;
  std::string variant_;
  std::vector<std::string> resumed_levels_;
};

class ClientOfAFailingService : public testing::Test {
 protected:
  void Start(int failures, bool in_the_label_map = false) {
    service_.emplace(failures, in_the_label_map);
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&*service_);
    server_ = builder.BuildAndStart();
    client_.emplace("127.0.0.1:" + std::to_string(port));
    events_.label_map = [this](std::span<const std::byte> bytes) {
      for (const std::byte byte : bytes) label_map_ += static_cast<char>(byte);
    };
    events_.again = [this](int attempt) {
      label_map_.clear();
      attempts_.push_back(attempt);
    };
  }
  void Segment(const v1::SegmentHeader& header, const CallLimits& limits = {}) { client_->Segment(header, ProducerOf(file_), events_, limits); }

  const std::vector<std::byte> file_ = BytesOf("a volume");
  std::optional<FailingService> service_;
  std::unique_ptr<grpc::Server> server_;
  std::optional<Client> client_;
  SegmentEvents events_;
  std::string label_map_;
  std::vector<int> attempts_;
};

TEST_F(ClientOfAFailingService, SendsACallWithAKeyAgainUnderThatKey) {
  Start(2);
  Segment(Named("k"));
  EXPECT_EQ(service_->calls(), 3);
  EXPECT_EQ(service_->keys(), "k k k ");
  EXPECT_THAT(attempts_, testing::ElementsAre(2, 3));
  EXPECT_EQ(label_map_, "abc");
}

TEST_F(ClientOfAFailingService, AsksAgainForTheLevelThatItWasAcceptedAt) {
  Start(2);
  service_->AcceptAt("quick");
  Segment(Named("k"));
  EXPECT_THAT(service_->resumed_levels(), testing::ElementsAre("", "quick", "quick"));
}

TEST_F(ClientOfAFailingService, AsksAgainForTheLevelThatItWasToldLast) {
  Start(2);
  service_->AcceptAt("quick");
  events_.again = [this](int) {
    label_map_.clear();
    service_->AcceptAt("original");
  };
  Segment(Named("k"));
  EXPECT_THAT(service_->resumed_levels(), testing::ElementsAre("", "quick", "original"));
}

TEST_F(ClientOfAFailingService, AsksForNoLevelBeforeItWasAcceptedAtOne) {
  Start(1);
  Segment(Named("k"));
  EXPECT_THAT(service_->resumed_levels(), testing::ElementsAre("", ""));
}

TEST_F(ClientOfAFailingService, KeepsTheLevelThatItsCallerResumes) {
  Start(1);
  v1::SegmentHeader header = Named("k");
  header.set_resume_level("quick");
  Segment(header);
  EXPECT_THAT(service_->resumed_levels(), testing::ElementsAre("quick", "quick"));
}

TEST_F(ClientOfAFailingService, NeverSendsACallWithoutAKeyAgain) {
  Start(1);
  ExpectError(ErrorCode::kUnavailable, "gone", [&] { Segment({}); });
  EXPECT_EQ(service_->calls(), 1);
}

TEST_F(ClientOfAFailingService, GivesUpAfterFourAttempts) {
  Start(100);
  ExpectError(ErrorCode::kUnavailable, "gone", [&] { Segment(Named("k")); });
  EXPECT_EQ(service_->calls(), 4);
}

TEST_F(ClientOfAFailingService, TriesOnceWhereTheVolumeCanBeGivenOnce) {
  Start(1);
  ExpectError(ErrorCode::kUnavailable, "gone", [&] { Segment(Named("k"), {.most_attempts = 1}); });
  EXPECT_EQ(service_->calls(), 1);
}

TEST_F(ClientOfAFailingService, TellsThatPiecesOfALabelMapAreVoid) {
  Start(1, /*in_the_label_map=*/true);
  Segment(Named("k"));
  EXPECT_EQ(label_map_, "abc") << "and not ababc";
}

TEST_F(ClientOfAFailingService, DoesNotSendAgainOnceALabelMapHasBegunThatNobodyWouldDrop) {
  Start(1, /*in_the_label_map=*/true);
  events_.again = nullptr;
  ExpectError(ErrorCode::kUnavailable, "gone", [&] { Segment(Named("k")); });
  EXPECT_EQ(service_->calls(), 1);
}

TEST_F(ClientOfAFailingService, KeepsOneDeadlineForAllAttempts) {
  Start(100);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THROW(Segment(Named("k"), {.deadline = milliseconds(150)}), Error);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
  EXPECT_LE(service_->calls(), 2);
}

TEST_F(ClientOfAFailingService, StopsWhenAskedToInsteadOfSendingAgain) {
  Start(100);
  std::stop_source stop;
  events_.sent = [&](int64_t) { stop.request_stop(); };
  EXPECT_THROW(Segment(Named("k"), {.stop = stop.get_token()}), Error);
  EXPECT_LE(service_->calls(), 1);
}

TEST(ClientOfNoServer, IsToldSoWithinSeconds) {
  Client client("127.0.0.1:1");
  const std::vector<std::byte> file = BytesOf("a volume");
  const auto begin = std::chrono::steady_clock::now();
  ExpectError(ErrorCode::kUnavailable, "server: not there", [&] { client.Segment(Named("k"), ProducerOf(file), {}); });
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10)) << "a server that never was there is not waited for";
}

TEST(SendAgain, GivesEachServerThatWasThereItsTimeToComeBack) {
  const auto channel = MakeChannel({.server = "127.0.0.1:1"});
  const CallLimits limits;
  SendAgain again(*channel, limits, std::nullopt, /*returns=*/milliseconds(600));
  SegmentAttempt gone;
  gone.status = grpc::Status(grpc::UNAVAILABLE, "gone");
  gone.server_was_there = true;
  for (int attempt = 1; attempt < limits.most_attempts; ++attempt) {
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_TRUE(again.Wait(gone));
    EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(600)) << "attempt " << attempt;
  }
}

TEST(SendAgain, GivesAServerThatWasThereBeforeTheCallItsTimeToComeBack) {
  const auto channel = MakeChannel({.server = "127.0.0.1:1"});
  const CallLimits limits;
  SendAgain again(*channel, limits, std::nullopt, /*returns=*/milliseconds(600), /*was_there=*/true);
  SegmentAttempt nobody;
  nobody.status = grpc::Status(grpc::UNAVAILABLE, "connection refused");
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(again.Wait(nobody));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(600));
}

std::string Sha256Of(std::span<const std::byte> bytes) {
  Sha256 digest;
  digest.Update(bytes);
  return digest.Digest();
}

/// What a client gets of one call whose server stops while it works, another one taking its port. `prepare`: for the first one alone.
std::vector<std::byte> LabelMapAcrossAStop(const std::vector<std::byte>& ct, const v1::SegmentHeader& header, const ServedOptions& options = {},
                                           const std::function<void(ServedModel&)>& prepare = {}) {
  std::optional<HeldModel> first;
  first.emplace(options);
  if (prepare) prepare(first->served());
  ServedOptions same_port = options;
  same_port.listen = first->served().address();
  Client client(same_port.listen);

  std::vector<std::byte> label_map;
  SegmentEvents events;
  events.label_map = [&](std::span<const std::byte> bytes) { label_map.insert(label_map.end(), bytes.begin(), bytes.end()); };
  events.again = [&](int) { label_map.clear(); };
  std::atomic<bool> accepted = false;
  events.accepted = [&](const v1::Accepted&) { accepted = true; };
  std::exception_ptr failure;
  std::jthread call([&] {
    try {
      client.Segment(header, ProducerOf(ct), events);
    } catch (...) {
      failure = std::current_exception();
    }
  });
  EXPECT_TRUE(first->gate().WaitForPatch(1)) << "in the middle of its work";
  EXPECT_TRUE(WaitUntil([&] { return accepted.load(); })) << "and its client knows at which level";
  first->served().server().Stop(std::chrono::seconds(0));
  first.reset();
  const ServedModel second(std::move(same_port));
  call.join();
  if (failure) std::rethrow_exception(failure);
  return label_map;
}

TEST(ClientOfAServerThatIsStopped, GetsTheRightLabelMapFromTheNextOne) {
  const std::vector<std::byte> ct = SmallCt().Bytes();
  const ServedModel undisturbed;
  const Answer expected = Segment(undisturbed.channel(), ct);
  EXPECT_EQ(Sha256Of(LabelMapAcrossAStop(ct, Named("k"))), expected.header.sha256());
}

TEST(ClientOfAServerThatIsStopped, GetsTheSameLabelMapFromTheNextOneThoughThatWouldChooseAnotherLevel) {
  const std::vector<std::byte> ct = SmallCt().Bytes();
  const ModelOnDisk disk(TinyServedBundle());
  disk.Add("quick", {{"quick", 0.3, true, 1}}, 11, TinyCard("quick", 0.93, 0.91));
  ServedOptions options;
  options.models = disk.models();
  options.config.allow_phantom_quality = true;
  v1::SegmentHeader header = Named("k");
  header.mutable_level()->mutable_automatic()->mutable_max_latency()->set_seconds(60);
  // Two minutes on the first server: it chooses the other level.
  const std::vector<std::byte> label_map = LabelMapAcrossAStop(ct, header, options, [](ServedModel& first) { first.times().Expect({"tiny", "original"}, 10); });
  const ServedModel undisturbed(options);
  const Answer chosen = Segment(undisturbed.channel(), ct, header);
  EXPECT_EQ(chosen.summary.variant(), "original");
  v1::SegmentHeader quick;
  quick.mutable_level()->set_name("quick");
  EXPECT_EQ(Sha256Of(label_map), Segment(undisturbed.channel(), ct, quick).header.sha256());
  EXPECT_NE(Sha256Of(label_map), chosen.header.sha256());
}

TEST(ClientOfAServerThatIsStopped, FindsTheNextOneSoonAfterItIsThere) {
  // Ten seconds later: gRPC's own pauses between attempts would be six seconds and more by then.
  std::optional<ServedModel> first(std::in_place);
  ServedOptions same_port;
  same_port.listen = first->address();
  const auto channel = MakeChannel({.server = same_port.listen});
  ASSERT_TRUE(channel->WaitForConnected(std::chrono::system_clock::now() + kLimit));
  first.reset();
  const auto back_at = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < back_at) {
    channel->GetState(/*try_to_connect=*/true);
    std::this_thread::sleep_for(milliseconds(50));
  }
  const ServedModel second(std::move(same_port));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(WaitUntil([&] { return channel->GetState(/*try_to_connect=*/true) == GRPC_CHANNEL_READY; }));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(4));
}

TEST(ClientOfAServerThatStarts, WaitsUntilItsModelsAreLoadedWithoutLosingAnAttempt) {
  const std::vector<std::byte> ct = SmallCt().Bytes();
  ServedModel served;
  served.parts().starting = true;
  const std::jthread loading([&served] {
    std::this_thread::sleep_for(std::chrono::seconds(3));
    served.parts().starting = false;
  });
  Client client(served.address());
  std::vector<int> attempts;
  SegmentEvents events;
  events.again = [&attempts](int attempt) { attempts.push_back(attempt); };
  CallLimits limits;
  limits.most_attempts = 2;
  EXPECT_NO_THROW(client.Segment(Named("k"), ProducerOf(ct), events, limits));
  EXPECT_THAT(attempts, testing::ElementsAre(2, 3)) << "it is asked every two seconds";
}

TEST(SendAgain, WaitsForAServerThatStartsAsLongAsItIsGivenAndNoLonger) {
  const ServedModel served;
  CallLimits limits;
  limits.most_attempts = 2;
  SegmentAttempt refused;
  refused.server_was_there = true;
  refused.status = StatusOf([] { throw Error(ErrorCode::kUnavailable, "the server is starting").RetryAfter(0.2); });
  SendAgain again(*served.channel(), limits, {}, milliseconds(1000));
  int waits = 0;
  while (again.Wait(refused)) ++waits;
  EXPECT_GE(waits, 3);
  EXPECT_LE(waits, 6);
  limits.most_attempts = 1;
  EXPECT_FALSE(SendAgain(*served.channel(), limits, {}, milliseconds(1000)).Wait(refused)) << "a volume that can be given only once";
}

TEST(SendAgain, NoticesSoonThatTheServerIsBack) {
  std::optional<ServedModel> first(std::in_place);
  ServedOptions same_port;
  same_port.listen = first->address();
  const auto channel = MakeChannel({.server = same_port.listen});
  ASSERT_TRUE(channel->WaitForConnected(std::chrono::system_clock::now() + kLimit));
  first.reset();
  SegmentAttempt broken;
  broken.server_was_there = true;
  broken.status = grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone");
  const CallLimits limits;
  SendAgain again(*channel, limits, {});
  auto waits = std::async(std::launch::async, [&] { return again.Wait(broken); });
  std::this_thread::sleep_for(std::chrono::seconds(1));
  const ServedModel second(std::move(same_port));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(waits.get());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5)) << "it tries every two seconds at least";
}

TEST(ClientOfAServerThatDrains, IsServedByTheNextOneWhileTheFirstFinishesTheCallOfAnother) {
  const std::vector<std::byte> ct = SmallCt().Bytes();
  HeldModel first;
  SegmentConversation running(first.served().channel());
  running.SendHeader({});
  running.SendFile(ct);
  ASSERT_TRUE(first.gate().WaitForPatch(1));
  Client client(first.served().address());
  client.GetServerInfo();  // it has a connection
  std::jthread stopping([&] { first.served().server().Stop(kLimit); });
  ASSERT_TRUE(WaitUntil([&] { return first.served().parts().draining.load(); }));

  std::vector<std::byte> label_map;
  SegmentEvents events;
  events.label_map = [&](std::span<const std::byte> bytes) { label_map.insert(label_map.end(), bytes.begin(), bytes.end()); };
  events.again = [&](int) { label_map.clear(); };
  auto call = std::async(std::launch::async, [&] { client.Segment(Named("k"), ProducerOf(ct), events); });
  EXPECT_EQ(call.wait_for(std::chrono::seconds(3)), std::future_status::timeout) << "all its attempts, if each found nobody or was refused at once";
  ServedOptions same_port;
  same_port.listen = first.served().address();
  const ServedModel second(std::move(same_port));
  EXPECT_NO_THROW(call.get());
  first.gate().Open();
  const Answer answer = running.Finish();
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(label_map, answer.file) << "as the first one would have served it";
}

TEST(ClientOfAServerThatIsStopped, IsToldSoWithoutAKey) {
  const std::vector<std::byte> ct = SmallCt().Bytes();
  EXPECT_THROW(LabelMapAcrossAStop(ct, {}), Error);
}

}  // namespace
}  // namespace tuckerseg
