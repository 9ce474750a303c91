/// Client::Compare against a real server in this process, and against servers that break their promises.
#include "client/lib/comparison.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/volume/nifti_reader.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/engine/volume/nifti_builder.h"
#include "tests/server/serve/served_model.h"
#include "tests/server/variants/tiny_variants.h"
#include "tuckerseg/v1/segmentation.grpc.pb.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;

v1::CompareHeader HeaderFor(const std::vector<std::string>& levels, bool label_maps = false) {
  v1::CompareHeader header;
  for (const std::string& level : levels) header.add_levels(level);
  header.set_label_maps(label_maps);
  return header;
}

ByteProducer ProducerFor(const std::vector<std::byte>& file) {
  return [&file](const ByteSink& sink) { sink(file); };
}

class ClientCompareTest : public testing::Test {
 protected:
  static ServedOptions Serving(const ModelOnDisk& disk) {
    disk.Add("coarse", {{"tucker-0.3", 0.3, true, 1}}, 11);
    ServedOptions options;
    options.models = disk.models();
    return options;
  }

  const ModelOnDisk disk_{TinyServedBundle()};
  ServedModel server_{Serving(disk_)};
  Client client_{server_.address()};
  const std::vector<std::byte> ct_ = NiftiBuilder().Shape({8, 8, 8}).Spacing({1, 1, 1}).Gzip();
};

TEST_F(ClientCompareTest, TellsWhatHappensLevelByLevel) {
  std::vector<std::string> told;
  const auto tell = [&told](const std::string& what) {
    if (told.empty() || told.back() != what) told.push_back(what);
  };
  std::map<std::string, std::vector<std::byte>> files;
  std::vector<std::byte> file;
  CompareEvents events;
  events.sent = [&](int64_t) { tell("sent"); };
  events.accepted = [&](const v1::Accepted& accepted) { tell("accepted " + accepted.variant()); };
  events.progress = [&](const v1::Progress&) { tell("progress"); };
  events.result = [&](const v1::LevelResult& result) { tell("result " + result.variant()); };
  events.label_map_header = [&](const v1::LabelMapHeader&) { tell("label map header"); };
  events.label_map = [&](std::span<const std::byte> bytes) {
    file.insert(file.end(), bytes.begin(), bytes.end());
    tell("label map");
  };
  events.label_map_end = [&](const v1::LevelResult& result) {
    files[result.variant()] = std::exchange(file, {});
    tell("label map end");
  };
  const std::vector<v1::LevelResult> results = client_.Compare(HeaderFor({"original", "0.3"}, true), ProducerFor(ct_), events);
  EXPECT_THAT(told, ElementsAre("sent", "accepted original", "progress", "result original", "label map header", "label map", "label map end",
                                "accepted tucker-0.3", "progress", "result tucker-0.3", "label map header", "label map", "label map end"));
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results[0].equal_share(), 1);
  EXPECT_EQ(results[1].variant(), "tucker-0.3");
  ASSERT_EQ(files.size(), 2U);
  for (const auto& [level, label_map] : files) EXPECT_EQ(ReadNifti(label_map).volume.geometry.shape, (Index3{8, 8, 8})) << level;
}

TEST_F(ClientCompareTest, NeedsNobodyWhoListens) {
  EXPECT_EQ(client_.Compare(HeaderFor({"original", "tucker-0.3"}), ProducerFor(ct_), {}).size(), 2U);
  EXPECT_EQ(client_.Compare(HeaderFor({"original", "tucker-0.3"}, true), ProducerFor(ct_), {}).size(), 2U);
}

TEST_F(ClientCompareTest, ThrowsWhatTheServerThrew) {
  ExpectError(ErrorCode::kInvalidArgument, "header.levels = 1", [&] { client_.Compare(HeaderFor({"original"}), ProducerFor(ct_), {}); });
  ExpectError(ErrorCode::kNotFound, "level = 0.9: must be one of original", [&] { client_.Compare(HeaderFor({"original", "0.9"}), ProducerFor(ct_), {}); });
  EXPECT_TRUE(server_.BecomesIdle());
}

TEST_F(ClientCompareTest, CancelsTheCallWhenAListenerThrows) {
  CompareEvents events;
  events.result = [](const v1::LevelResult&) { throw Error(ErrorCode::kInternal, "disk: full"); };
  ExpectError(ErrorCode::kInternal, "disk: full", [&] { client_.Compare(HeaderFor({"original", "0.3"}), ProducerFor(ct_), events); });
  EXPECT_TRUE(server_.BecomesIdle());
}

TEST_F(ClientCompareTest, KeepsTheDeadlineAndStops) {
  const std::vector<std::byte> large = NiftiBuilder().Shape({128, 128, 128}).Spacing({1, 1, 1}).Gzip();
  ExpectError(ErrorCode::kDeadlineExceeded, "", [&] {
    client_.Compare(HeaderFor({"original", "0.3"}), ProducerFor(large), {}, {.deadline = std::chrono::milliseconds(300), .stop = {}});
  });
  std::stop_source stop;
  CompareEvents events;
  events.accepted = [&](const v1::Accepted&) { stop.request_stop(); };
  ExpectError(ErrorCode::kCancelled, "", [&] {
    client_.Compare(HeaderFor({"original", "0.3"}), ProducerFor(large), events, {.deadline = {}, .stop = stop.get_token()});
  });
  EXPECT_TRUE(server_.BecomesIdle());
}

/// Answers every call of Compare with the same messages.
class ScriptedComparison final : public v1::SegmentationService::Service {
 public:
  explicit ScriptedComparison(std::vector<v1::CompareResponse> responses) : responses_(std::move(responses)) {}
  grpc::Status Compare(grpc::ServerContext*, grpc::ServerReaderWriter<v1::CompareResponse, v1::CompareRequest>* stream) override {
    v1::CompareRequest request;
    while (stream->Read(&request)) {
    }
    for (const auto& response : responses_) stream->Write(response);
    return grpc::Status::OK;
  }

 private:
  std::vector<v1::CompareResponse> responses_;
};

v1::CompareResponse ResultOf(const std::string& level) {
  v1::CompareResponse response;
  response.mutable_result()->set_variant(level);
  return response;
}

/// Of three bytes, "abc".
v1::CompareResponse AnnouncedAbc() {
  v1::CompareResponse response;
  response.mutable_label_map_header()->set_bytes(3);
  response.mutable_label_map_header()->set_sha256("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  return response;
}

v1::CompareResponse ChunkOf(const std::string& bytes) {
  v1::CompareResponse response;
  response.set_chunk(bytes);
  return response;
}

/// A server that answers so, and what a client makes of it.
void ExpectBroken(ErrorCode code, const std::string& message, const std::vector<v1::CompareResponse>& responses, bool label_maps) {
  ScriptedComparison service(responses);
  grpc::ServerBuilder builder;
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  Client client(server->InProcessChannel({}));
  const std::vector<std::byte> ct = NiftiBuilder().Bytes();
  ExpectError(code, message, [&] { client.Compare(HeaderFor({"a", "b"}, label_maps), ProducerFor(ct), {}); });
}

TEST(ClientCompareAgainstABrokenServer, RefusesAnswersThatLackALevel) {
  ExpectBroken(ErrorCode::kDataLoss, "results: 0 levels came; must be 2", {}, false);
  ExpectBroken(ErrorCode::kDataLoss, "results: 1 levels came; must be 2", {ResultOf("a")}, false);
}

TEST(ClientCompareAgainstABrokenServer, RefusesLabelMapsThatAreCutOrChangedOrMissing) {
  ExpectBroken(ErrorCode::kDataLoss, "label map: none came", {ResultOf("a"), ResultOf("b")}, true);
  ExpectBroken(ErrorCode::kDataLoss, "2 bytes came; must be 3", {ResultOf("a"), AnnouncedAbc(), ChunkOf("ab"), ResultOf("b")}, true);
  ExpectBroken(ErrorCode::kDataLoss, "another checksum", {ResultOf("a"), AnnouncedAbc(), ChunkOf("abd")}, true);
  for (const auto& too_much : {std::vector{ChunkOf("abc"), ChunkOf("d")}, std::vector{ChunkOf("ab"), ChunkOf("cd")}}) {
    std::vector<v1::CompareResponse> responses{ResultOf("a"), AnnouncedAbc()};
    responses.insert(responses.end(), too_much.begin(), too_much.end());
    ExpectBroken(ErrorCode::kDataLoss, "label map: more bytes came than the server announced", responses, true);
  }
  ExpectBroken(ErrorCode::kDataLoss, "label map: bytes came before the server announced it", {ResultOf("a"), ChunkOf("abc"), AnnouncedAbc()}, true);
  ExpectBroken(ErrorCode::kDataLoss, "label map: none came", {ResultOf("a"), AnnouncedAbc(), ChunkOf("ab"), ChunkOf("c"), ResultOf("b")}, true);
  ExpectBroken(ErrorCode::kInternal, "announced a label map that nobody has asked for", {ResultOf("a"), AnnouncedAbc()}, false);
}

}  // namespace
}  // namespace tuckerseg
