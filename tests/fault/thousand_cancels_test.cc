/// A thousand calls of each kind that are cancelled at any moment, from several clients at once. Under ThreadSanitizer this is the server's proof against races of cancelling.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <random>
#include <span>
#include <thread>
#include <vector>

#include "tests/server/serve/compare_conversation.h"
#include "tests/server/serve/inference_client.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/served_model.h"
#include "tests/server/variants/tiny_variants.h"

namespace tuckerseg {
namespace {

constexpr int kClients = 4;
constexpr int kCallsOfEach = 250;
/// Calls that the server may still be at: a client that cancels does not wait for it.
constexpr int64_t kMostAtOnce = 24;

size_t Below(size_t count, std::mt19937& random) { return std::uniform_int_distribution<size_t>(0, count - 1)(random); }

/// Sends a part of a call, reads a part of what comes back, and gives up.
template <typename Conversation, typename Header>
grpc::StatusCode CancelSomewhere(Conversation&& conversation, const Header& header, std::span<const std::byte> ct, std::mt19937& random) {
  constexpr size_t kChunk = 256;
  const size_t chunks = (ct.size() + kChunk - 1) / kChunk;
  switch (Below(4, random)) {
    case 0: break;  // not even a header
    case 1:
      conversation.SendHeader(header);
      for (size_t i = 0, sent = Below(chunks, random); i < sent; ++i) conversation.SendChunk(ct.subspan(i * kChunk, kChunk));
      break;
    default:
      if (conversation.SendHeader(header)) conversation.SendFile(ct, kChunk);
      for (size_t i = 0, read = Below(4, random); i < read && conversation.ReadOne(); ++i) {
      }
  }
  conversation.Cancel();
  return conversation.Finish().status.error_code();
}

/// Gives up after a part of the time that a whole call takes.
grpc::StatusCode CancelInference(const std::shared_ptr<grpc::Channel>& channel, const InferRequest& request, std::chrono::microseconds whole, std::mt19937& random) {
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  grpc::Status status;
  inference::ModelInferResponse response;
  const auto stub = inference::GRPCInferenceService::NewStub(channel);
  const auto reader = stub->AsyncModelInfer(&context, request, &queue);
  reader->Finish(&response, &status, nullptr);
  std::this_thread::sleep_for(std::chrono::microseconds(Below(static_cast<size_t>(whole.count()) + 1, random)));
  context.TryCancel();
  void* tag = nullptr;
  bool ok = false;
  EXPECT_TRUE(queue.Next(&tag, &ok));
  return status.error_code();
}

class AThousandCancels : public testing::Test {
 protected:
  using CancelOne = std::function<grpc::StatusCode(const std::shared_ptr<grpc::Channel>& channel, std::mt19937& random)>;

  AThousandCancels() {
    EXPECT_TRUE(whole_.status.ok()) << whole_.status.error_message();
  }

  ServedOptions Options() const {
    disk_.Add("quick", {{"quick", 0.3, true, 1}}, 11, TinyCard("quick", 0.93, 0.91));
    ServedOptions options;
    options.models = disk_.models();
    options.config.max_streams = 2 * kMostAtOnce;
    options.config.queue_capacity = 2 * kMostAtOnce;
    return options;
  }

  void ExpectThatTheyLeaveNothingBehind(const CancelOne& cancel_one) {
    std::atomic<int> cancelled = 0;
    std::atomic<int> ended_before = 0;
    {
      std::vector<std::jthread> clients;
      for (unsigned client = 0; client < kClients; ++client) {
        clients.emplace_back([&, client] {
          std::mt19937 random(client);
          const auto channel = served_.NewChannel();
          for (int i = 0; i < kCallsOfEach; ++i) {
            if (!WaitUntil([&] { return served_.parts().streams < kMostAtOnce; })) return;
            const grpc::StatusCode code = cancel_one(channel, random);
            if (code == grpc::CANCELLED) ++cancelled;
            if (code == grpc::OK) ++ended_before;
          }
        });
      }
    }
    EXPECT_EQ(cancelled + ended_before, kClients * kCallsOfEach) << "a cancelled call is that, and nothing else";
    EXPECT_GT(cancelled.load(), kClients * kCallsOfEach / 4) << "or little was cancelled";
    EXPECT_TRUE(served_.BecomesIdle());
    const Answer next = Segment(served_.channel(), ct_);
    EXPECT_TRUE(next.status.ok()) << next.status.error_message();
    EXPECT_EQ(next.file, whole_.file);
  }

  const ModelOnDisk disk_{TinyServedBundle()};
  ServedModel served_{Options()};
  const std::vector<std::byte> ct_ = SmallCt().Bytes();
  const Answer whole_ = Segment(served_.channel(), ct_);
};

TEST_F(AThousandCancels, LeaveNothingBehind) {
  ExpectThatTheyLeaveNothingBehind([this](const auto& channel, std::mt19937& random) { return CancelSomewhere(SegmentConversation(channel), v1::SegmentHeader(), ct_, random); });
}

TEST_F(AThousandCancels, OfComparisonsLeaveNothingBehind) {
  ExpectThatTheyLeaveNothingBehind([this](const auto& channel, std::mt19937& random) { return CancelSomewhere(CompareConversation(channel), Comparing({"original", "quick"}), ct_, random); });
}

TEST_F(AThousandCancels, OfModelInferLeaveNothingBehind) {
  const InferRequest request = RawRequest(kDhw, RandomVoxels<int16_t>());
  ASSERT_TRUE(Infer(served_.channel(), request).status.ok());  // connected
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(Infer(served_.channel(), request).status.ok());
  const auto whole = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin);
  ExpectThatTheyLeaveNothingBehind([&](const auto& channel, std::mt19937& random) { return CancelInference(channel, request, whole, random); });
}

}  // namespace
}  // namespace tuckerseg
