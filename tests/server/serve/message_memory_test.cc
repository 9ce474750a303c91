#include "server/serve/message_memory.h"

#include <gmock/gmock.h>
#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/server/serve/hostile_messages.h"
#include "tests/server/serve/inference_client.h"
#include "tuckerseg/v1/model.pb.h"
#include "tuckerseg/v1/segmentation.pb.h"

namespace tuckerseg {
namespace {

using google::protobuf::Descriptor;

constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();
constexpr int64_t kMiB = int64_t{1} << 20;

/// In pieces, as gRPC has what has come.
grpc::ByteBuffer InPieces(const std::string& encoded, size_t piece) {
  std::vector<grpc::Slice> slices;
  for (size_t at = 0; at < encoded.size(); at += piece) slices.emplace_back(encoded.substr(at, piece));
  return slices.empty() ? grpc::ByteBuffer(std::vector<grpc::Slice>(1).data(), 1) : grpc::ByteBuffer(slices.data(), slices.size());
}

std::optional<int64_t> MemoryOf(const std::string& encoded, const Descriptor& type, int64_t most = kNoLimit, size_t piece = 1 << 16) {
  grpc::ByteBuffer bytes = InPieces(encoded, piece);
  return MemoryOfMessage(bytes, type, most);
}

/// What protobuf says of the message that it has read; nothing where it reads none.
std::optional<int64_t> TakenBy(const std::string& encoded, const Descriptor& type) {
  const std::unique_ptr<google::protobuf::Message> message(google::protobuf::MessageFactory::generated_factory()->GetPrototype(&type)->New());
  if (!message->ParseFromString(encoded)) return std::nullopt;
  return static_cast<int64_t>(message->SpaceUsedLong());
}

std::vector<const Descriptor*> Types() {
  return {v1::SegmentRequest::descriptor(), v1::CompareRequest::descriptor(), InferRequest::descriptor(), inference::ServerLiveRequest::descriptor(), v1::ListModelsResponse::descriptor()};
}

std::string Repeated(const std::string& text, size_t times) {
  std::string repeated;
  repeated.reserve(text.size() * times);
  for (size_t i = 0; i < times; ++i) repeated += text;
  return repeated;
}

TEST(MemoryOfMessage, IsAtLeastHalfOfWhatAnyMessageTakes) {
  HostileMessages hostile(11);
  int read = 0;
  for (const Descriptor* type : Types())
    for (int i = 0; i < 2000; ++i) {
      const std::string encoded = hostile.OnceIn(2) ? hostile.Message(*type) : hostile.Damaged(hostile.Message(*type));
      const std::optional<int64_t> foretold = MemoryOf(encoded, *type, kNoLimit, 1 + hostile.Below(40));
      const std::optional<int64_t> taken = TakenBy(encoded, *type);
      if (!taken) continue;
      ++read;
      ASSERT_TRUE(foretold) << type->full_name() << ": what protobuf reads can be counted";
      ASSERT_LE(*taken, 2 * *foretold) << type->full_name() << ", " << encoded.size() << " bytes";
    }
  EXPECT_GT(read, 5000);
}

TEST(MemoryOfMessage, IsThatOfManySmallPieces) {
  InferRequest tensors;
  for (int i = 0; i < 1000; ++i) tensors.add_inputs();
  InferRequest contents;
  for (int i = 0; i < 1000; ++i) contents.add_raw_input_contents();
  InferRequest numbers;
  for (int i = 0; i < 5000; ++i) {
    numbers.add_inputs()->mutable_contents()->add_int64_contents(i % 3);
    (*numbers.mutable_parameters())[std::to_string(i)].set_bool_param(true);
  }
  InferRequest packed;
  auto& typed = *packed.add_inputs()->mutable_contents();
  for (int i = 0; i < 100000; ++i) typed.add_int64_contents(i % 100);
  for (const InferRequest* request : {&tensors, &contents, &numbers, &packed}) {
    const std::string encoded = request->SerializeAsString();
    EXPECT_LE(TakenBy(encoded, *InferRequest::descriptor()), 2 * MemoryOf(encoded, *InferRequest::descriptor()).value());
  }
}

TEST(MemoryOfMessage, CountsWhatNobodyKnows) {
  // Field 15, of which these types know nothing: empty texts, zeros, empty groups, groups of texts.
  for (const std::string& field : {std::string("\x7a\0", 2), std::string("\x78\0", 2), std::string("\x7b\x7c"), std::string("\x7b\x0a\0\x0a\0\x7c", 6)}) {
    const std::string encoded = Repeated(field, 100000);
    EXPECT_LE(TakenBy(encoded, *inference::ServerLiveRequest::descriptor()).value(), 2 * MemoryOf(encoded, *inference::ServerLiveRequest::descriptor()).value());
  }
}

TEST(MemoryOfMessage, IsLittleMoreThanTheBytesOfAVolume) {
  v1::SegmentRequest chunk;
  chunk.set_chunk(std::string(kMiB, 'x'));
  EXPECT_LT(MemoryOf(chunk.SerializeAsString(), *v1::SegmentRequest::descriptor()), kMiB + 1024);
  const InferRequest raw = RawRequest({100, 100, 100}, std::vector<int16_t>(1000000));
  EXPECT_LT(MemoryOf(raw.SerializeAsString(), *InferRequest::descriptor()), 2000000 + 8192);
}

TEST(MemoryOfMessage, IsCountedNoFurtherThanAsked) {
  // The end is no message, but nobody has looked.
  EXPECT_GT(MemoryOf(Repeated(std::string("\x7a\0", 2), 1000) + "\xFF", *inference::ServerLiveRequest::descriptor(), 1000), 1000);
  EXPECT_FALSE(MemoryOf(Repeated(std::string("\x7a\0", 2), 1000) + "\xFF", *inference::ServerLiveRequest::descriptor()));
}

TEST(MemoryOfMessage, IsUnknownOfWhatIsNoMessage) {
  const Descriptor& type = *InferRequest::descriptor();
  EXPECT_FALSE(MemoryOf("\xFF\xFF\xFF", type));
  EXPECT_FALSE(MemoryOf("\x2a\x7f", type)) << "a tensor that ends before its length";
  EXPECT_FALSE(MemoryOf(std::string("\x2a\xff\xff\xff\xff\x0f", 6), type)) << "a length of 4 GiB";
  EXPECT_FALSE(MemoryOf("\x7c", type)) << "the end of a group that has not begun";
  EXPECT_FALSE(MemoryOf(std::string("\0", 1), type));
  EXPECT_TRUE(MemoryOf("", type)) << "the empty message is one";
}

}  // namespace
}  // namespace tuckerseg
