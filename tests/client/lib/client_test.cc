/// The client against a real server in this process, and against servers that break their promises.
#include "client/lib/client.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/sha256.h"
#include "engine/volume/nifti_reader.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/engine/volume/nifti_builder.h"
#include "tests/server/serve/served_model.h"
#include "tuckerseg/v1/segmentation.grpc.pb.h"

namespace tuckerseg {
namespace {

std::vector<std::byte> SmallCt() { return NiftiBuilder().Shape({8, 8, 8}).Spacing({1, 1, 1}).Gzip(); }

ByteProducer ProducerOf(const std::vector<std::byte>& file) {
  return [&file](const ByteSink& sink) { sink(file); };
}

class ClientTest : public testing::Test {
 protected:
  ClientTest() : client_(server_.address()) {}

  ServedModel server_;
  Client client_;
};

TEST_F(ClientTest, TellsWhatHappensInTheOrderInWhichItDoes) {
  std::vector<std::string> told;
  const auto tell = [&told](const std::string& what) {
    if (told.empty() || told.back() != what) told.push_back(what);
  };
  const std::vector<std::byte> file = SmallCt();
  std::vector<std::byte> label_map;
  SegmentEvents events;
  events.sent = [&](int64_t bytes) {
    EXPECT_LE(bytes, static_cast<int64_t>(file.size()));
    tell("sent");
  };
  events.accepted = [&](const v1::Accepted& accepted) {
    EXPECT_EQ(accepted.variant(), "original");
    tell("accepted");
  };
  events.progress = [&](const v1::Progress&) { tell("progress"); };
  events.label_map_header = [&](const v1::LabelMapHeader&) { tell("label map header"); };
  events.label_map = [&](std::span<const std::byte> bytes) {
    label_map.insert(label_map.end(), bytes.begin(), bytes.end());
    tell("label map");
  };

  const v1::Summary summary = client_.Segment({}, ProducerOf(file), events);

  EXPECT_THAT(told, testing::ElementsAre("sent", "accepted", "progress", "label map header", "label map"));
  EXPECT_EQ(summary.variant(), "original");
  EXPECT_EQ(ReadNifti(label_map).volume.geometry.shape, (Index3{8, 8, 8}));
}

TEST_F(ClientTest, TellsOfThePreviewAndOfStatisticsThatWereAskedFor) {
  v1::SegmentHeader header;
  header.mutable_output()->set_preview(true);
  header.mutable_output()->set_statistics(true);
  std::string png;
  SegmentEvents events;
  events.preview = [&](const v1::Preview& preview) { png = preview.png(); };
  const std::vector<std::byte> file = SmallCt();
  EXPECT_EQ(client_.Segment(header, ProducerOf(file), events).statistics_size(), 3);
  EXPECT_EQ(png.substr(1, 3), "PNG");
}

TEST_F(ClientTest, AcceptsPiecesOfAnySize) {
  const std::vector<std::byte> file = NiftiBuilder().Shape({64, 64, 160}).Spacing({1, 1, 1}).Bytes();  // 1.3 MB: several chunks
  v1::SegmentHeader header;
  Sha256 digest;
  digest.Update(file);
  header.set_sha256(digest.Digest());
  const auto in_pieces = [&file](size_t piece) {
    return [&file, piece](const ByteSink& sink) {
      for (size_t at = 0; at < file.size(); at += piece) sink(std::span(file).subspan(at, std::min(piece, file.size() - at)));
    };
  };
  for (const size_t piece : {size_t{997}, file.size()}) EXPECT_NO_THROW(client_.Segment(header, in_pieces(piece), {})) << piece;
}

TEST_F(ClientTest, ThrowsWhatTheServerThrew) {
  v1::SegmentHeader header;
  header.set_task("brain");
  ExpectError(ErrorCode::kNotFound, "task = brain: must be one of tiny", [&] { client_.Segment(header, ProducerOf(SmallCt()), {}); });
  const std::vector<std::byte> bad = NiftiBuilder().Pixdim(1, -1).SformCode(0).Bytes();
  ExpectError(ErrorCode::kInvalidArgument, "pixdim[1]", [&] { client_.Segment({}, ProducerOf(bad), {}); });
  const std::vector<std::byte> whole = SmallCt();
  const std::vector<std::byte> cut(whole.begin(), whole.end() - 10);
  ExpectError(ErrorCode::kDataLoss, "", [&] { client_.Segment({}, ProducerOf(cut), {}); });
  EXPECT_TRUE(server_.BecomesIdle());
}

TEST_F(ClientTest, StopsSendingOnceTheServerHasRefused) {
  const std::vector<std::byte> piece(size_t{1} << 20, std::byte{7});
  int64_t pieces = 0;
  const ByteProducer endless = [&](const ByteSink& sink) {
    for (;;) {
      sink(piece);
      ++pieces;
    }
  };
  ExpectError(ErrorCode::kInvalidArgument, "sizeof_hdr", [&] { client_.Segment({}, endless, {}); });
  EXPECT_LT(pieces, 10000);
}

TEST_F(ClientTest, CancelsTheCallWhenTheProducerThrows) {
  const std::vector<std::byte> file = SmallCt();
  const ByteProducer failing = [&](const ByteSink& sink) {
    sink(std::span(file).first(100));
    throw Error(ErrorCode::kDataLoss, "disk: gone");
  };
  ExpectError(ErrorCode::kDataLoss, "disk: gone", [&] { client_.Segment({}, failing, {}); });
  EXPECT_TRUE(server_.BecomesIdle());
}

TEST_F(ClientTest, CancelsOnTheServerWhenAskedToStop) {
  const std::vector<std::byte> file = NiftiBuilder().Shape({64, 64, 64}).Spacing({1, 1, 1}).Gzip();
  std::stop_source stop;
  SegmentEvents events;
  events.accepted = [&](const v1::Accepted&) { stop.request_stop(); };
  ExpectError(ErrorCode::kCancelled, "", [&] { client_.Segment({}, ProducerOf(file), events, {.deadline = {}, .stop = stop.get_token()}); });
  EXPECT_TRUE(server_.BecomesIdle());
}

TEST_F(ClientTest, KeepsTheDeadline) {
  const std::vector<std::byte> file = NiftiBuilder().Shape({128, 128, 128}).Spacing({1, 1, 1}).Gzip();
  const auto begin = std::chrono::steady_clock::now();
  ExpectError(ErrorCode::kDeadlineExceeded, "", [&] {
    client_.Segment({}, ProducerOf(file), {}, {.deadline = std::chrono::milliseconds(300), .stop = {}});
  });
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
  EXPECT_TRUE(server_.BecomesIdle());
}

TEST_F(ClientTest, TellsWhatTheServerOffers) {
  ASSERT_EQ(client_.ListModels().models_size(), 1);
  EXPECT_EQ(client_.GetModel("tiny").model().labels_size(), 3);
  ASSERT_EQ(client_.ListVariants("").variants_size(), 1);
  EXPECT_EQ(client_.ListVariants("tiny").variants(0).name(), "original");
  EXPECT_EQ(client_.GetServerInfo().version(), TUCKERSEG_VERSION);
  EXPECT_TRUE(client_.IsServing(""));
  EXPECT_TRUE(client_.IsServing("tuckerseg.v1.SegmentationService"));
  ExpectError(ErrorCode::kNotFound, "", [&] { client_.IsServing("no.such.Service"); });
}

TEST(Client, SaysThatThereIsNoServer) {
  Client client("127.0.0.1:1");
  ExpectError(ErrorCode::kUnavailable, "", [&] { client.ListModels(); });
  ExpectError(ErrorCode::kUnavailable, "", [&] { client.Segment({}, ProducerOf(SmallCt()), {}); });
}

/// Answers every call with the same messages.
class ScriptedService final : public v1::SegmentationService::Service {
 public:
  explicit ScriptedService(std::vector<v1::SegmentResponse> responses) : responses_(std::move(responses)) {}
  grpc::Status Segment(grpc::ServerContext*, grpc::ServerReaderWriter<v1::SegmentResponse, v1::SegmentRequest>* stream) override {
    v1::SegmentRequest request;
    while (stream->Read(&request)) {
    }
    for (const auto& response : responses_) stream->Write(response);
    return grpc::Status::OK;
  }

 private:
  std::vector<v1::SegmentResponse> responses_;
};

void ExpectDataLoss(const std::vector<v1::SegmentResponse>& responses, const std::string& message, const v1::SegmentHeader& header = {}) {
  ScriptedService service(responses);
  grpc::ServerBuilder builder;
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  Client client(server->InProcessChannel({}));
  ExpectError(ErrorCode::kDataLoss, message, [&] { client.Segment(header, ProducerOf(SmallCt()), {}); });
}

v1::SegmentResponse Announcement(uint64_t bytes, const std::string& sha256) {
  v1::SegmentResponse response;
  response.mutable_label_map_header()->set_bytes(bytes);
  response.mutable_label_map_header()->set_sha256(sha256);
  return response;
}

v1::SegmentResponse Chunk(const std::string& bytes) {
  v1::SegmentResponse response;
  response.set_chunk(bytes);
  return response;
}

TEST(ClientAgainstABrokenServer, RefusesALabelMapThatIsCutOrChangedOrMissing) {
  const std::string abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  ExpectDataLoss({}, "label map: none came");
  ExpectDataLoss({Announcement(3, abc), Chunk("ab")}, "2 bytes came; must be 3");
  ExpectDataLoss({Announcement(3, abc), Chunk("abd")}, "another checksum");
  ExpectDataLoss({Announcement(3, abc), Chunk("ab"), Chunk("c")}, "summary: none came");
  ExpectDataLoss({Chunk("abc"), Announcement(3, abc)}, "label map: bytes came before the server announced it");
  ExpectDataLoss({Announcement(3, abc), Chunk("abcd")}, "label map: more bytes came than the server announced");
}

/// Sends `first`, and chunks behind it for as long as they are taken.
class EndlessService final : public v1::SegmentationService::Service {
 public:
  static constexpr int kMost = 10000;

  explicit EndlessService(v1::SegmentResponse first) : first_(std::move(first)) {}
  grpc::Status Segment(grpc::ServerContext*, grpc::ServerReaderWriter<v1::SegmentResponse, v1::SegmentRequest>* stream) override {
    v1::SegmentRequest request;
    while (stream->Read(&request)) {
    }
    stream->Write(first_);
    const v1::SegmentResponse chunk = Chunk(std::string(100'000, 'x'));
    while (sent_ < kMost && stream->Write(chunk)) ++sent_;
    return grpc::Status::OK;
  }
  int sent() const { return sent_; }

 private:
  const v1::SegmentResponse first_;
  std::atomic<int> sent_ = 0;
};

TEST(ClientAgainstABrokenServer, TakesNoMoreOfALabelMapWithoutEndThanWasAnnounced) {
  for (const uint64_t announced : {0, 250'000}) {
    EndlessService service(announced == 0 ? Chunk("x") : Announcement(announced, ""));
    grpc::ServerBuilder builder;
    builder.RegisterService(&service);
    const auto server = builder.BuildAndStart();
    Client client(server->InProcessChannel({}));
    uint64_t taken = 0;
    SegmentEvents events;
    events.label_map = [&taken](std::span<const std::byte> bytes) { taken += bytes.size(); };
    ExpectError(ErrorCode::kDataLoss, "label map: ", [&] { client.Segment({}, ProducerOf(SmallCt()), events); });
    server->Shutdown();  // once the call has ended there, too
    EXPECT_LE(taken, announced);
    EXPECT_LT(service.sent(), EndlessService::kMost) << "it is cancelled at once, not when the server is done";
  }
}

TEST(ClientAgainstABrokenServer, RefusesAnAnswerWithoutThePreviewOrTheStatisticsAskedFor) {
  v1::SegmentResponse announcement = Announcement(0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  announcement.mutable_label_map_header()->add_labels();
  v1::SegmentResponse summary;
  summary.mutable_summary();
  v1::SegmentHeader preview;
  preview.mutable_output()->set_preview(true);
  ExpectDataLoss({announcement, summary}, "preview: none came", preview);
  v1::SegmentHeader statistics;
  statistics.mutable_output()->set_statistics(true);
  ExpectDataLoss({announcement, summary}, "statistics: 0 structures came; must be 1", statistics);
}

TEST_F(ClientTest, HasLevelsLoadedAndUnloaded) {
  EXPECT_EQ(client_.UnloadVariant("", "original", "").state(), v1::VARIANT_STATE_AVAILABLE);
  const v1::Variant loaded = client_.LoadVariant("tiny", "original", "cpu");
  EXPECT_EQ(loaded.state(), v1::VARIANT_STATE_LOADED);
  EXPECT_TRUE(loaded.devices(0).pinned());
  ExpectError(ErrorCode::kNotFound, "level = third: must be one of original", [this] { client_.LoadVariant("", "third", ""); });
}

TEST_F(ClientTest, WatchesLevelsUntilItIsStopped) {
  std::stop_source stop;
  std::vector<v1::VariantState> states;
  ExpectError(ErrorCode::kCancelled, "", [&] {
    client_.WatchVariants([&](const v1::Variant& variant) {
      states.push_back(variant.state());
      if (states.size() == 1) client_.UnloadVariant("", "original", "");
      if (variant.state() == v1::VARIANT_STATE_AVAILABLE) stop.request_stop();
    }, {.stop = stop.get_token()});
  });
  EXPECT_THAT(states, testing::ElementsAre(v1::VARIANT_STATE_LOADED, v1::VARIANT_STATE_AVAILABLE));
}

TEST_F(ClientTest, PassesOnWhatAWatcherThrows) {
  EXPECT_THROW(client_.WatchVariants([](const v1::Variant&) { throw std::runtime_error("enough"); }), std::runtime_error);
}

}  // namespace
}  // namespace tuckerseg
