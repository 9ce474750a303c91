/// Two requests under way on one device: the next is prepared while networks of the one before run, and never runs its own beside them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "server/serve/current_status.h"
#include "tests/server/serve/held_model.h"
#include "tests/server/serve/segment_conversation.h"

namespace tuckerseg {
namespace {

constexpr int kPatches = 12;  // of RandomCt({13, 9, 11}, seed)

std::vector<std::byte> Ct(unsigned seed) { return RandomCt({13, 9, 11}, seed).Bytes(); }

ServedOptions OnOneDevice(const DeviceSettings& device) {
  ServedOptions options;
  options.config.devices = {device};
  return options;
}

/// What a server says that works at one request at a time.
std::vector<std::byte> LabelsAlone(unsigned seed) {
  ServedModel served;
  return Segment(served.channel(), Ct(seed)).file;
}

/// A call whose volume has been sent; it ends by itself where a test would wait for ever.
class SentCall {
 public:
  SentCall(ServedModel& served, unsigned seed) : conversation_(served.NewChannel(), std::chrono::system_clock::now() + kLimit) {
    conversation_.SendHeader({});
    conversation_.SendFile(Ct(seed));
    EXPECT_TRUE(conversation_.ReadOne()) << "it has its place in the queue";
  }
  /// True once the server has read the image, and so knows how many patches there will be, and tells that it prepares the request.
  bool IsPrepared() {
    const auto& told = conversation_.answer().progress;
    while (told.empty() || told.back().stage() != v1::STAGE_PREPROCESS || told.back().patches_total() != kPatches)
      if (!conversation_.ReadOne()) return false;
    return true;
  }
  const v1::Accepted& accepted() const { return conversation_.answer().accepted; }
  void Cancel() { conversation_.Cancel(); }
  Answer Finish() { return conversation_.Finish(); }

 private:
  SegmentConversation conversation_;
};

void ExpectThatTheSecondIsPreparedWhileTheFirstHasTheDevice(const DeviceSettings& device) {
  HeldModel held(OnOneDevice(device));
  ServedModel& served = held.served();
  SentCall first(served, 1);
  ASSERT_TRUE(held.gate().WaitForPatch(1));
  SentCall second(served, 2);
  EXPECT_EQ(second.accepted().queue_position(), 1U);
  ASSERT_TRUE(second.IsPrepared());
  EXPECT_EQ(held.gate().arrived(), 1) << "the first stands still in its first patch, the second has run none";
  EXPECT_EQ(served.queue().running(), 2);
  EXPECT_EQ(CurrentStatus(served.parts()).devices.front().queue->running, 2);
  held.gate().Open();
  const Answer first_answer = first.Finish();
  const Answer second_answer = second.Finish();
  EXPECT_TRUE(first_answer.status.ok()) << first_answer.status.error_message();
  EXPECT_TRUE(second_answer.status.ok()) << second_answer.status.error_message();
  EXPECT_EQ(held.gate().arrived(), 2 * kPatches);
  EXPECT_EQ(first_answer.file, LabelsAlone(1));
  EXPECT_EQ(second_answer.file, LabelsAlone(2));
  EXPECT_TRUE(served.BecomesIdle());
}

TEST(SegmentOverlap, PreparesTheNextRequestWhileNetworksRunWhereTheDeviceIsNotTheHost) {
  ExpectThatTheSecondIsPreparedWhileTheFirstHasTheDevice({.name = "cuda:0", .device = "cuda:0"});
}

TEST(SegmentOverlap, PreparesTheNextRequestWhileNetworksRunOnTheHostWhereItIsConfigured) {
  ExpectThatTheSecondIsPreparedWhileTheFirstHasTheDevice({.overlap = true});
}

TEST(SegmentOverlap, HasOneRequestAtATimeWhereItIsSwitchedOff) {
  HeldModel held(OnOneDevice({.name = "cuda:0", .device = "cuda:0", .overlap = false}));
  SentCall first(held.served(), 1);
  ASSERT_TRUE(held.gate().WaitForPatch(1));
  SentCall second(held.served(), 2);
  EXPECT_EQ(held.served().queue().running(), 1);
  EXPECT_EQ(held.served().queue().depth(), 1);
  held.gate().Open();
  EXPECT_TRUE(first.Finish().status.ok());
  EXPECT_TRUE(second.Finish().status.ok());
}

/// Executors that tell when two of them have run at the same time.
ExecutorFactory Counting(std::atomic<int>& running, std::atomic<bool>& together) {
  class CountingExecutor final : public Executor {
   public:
    CountingExecutor(std::atomic<int>& count, std::atomic<bool>& seen, std::unique_ptr<Executor> inner) : running_(count), together_(seen), inner_(std::move(inner)) {}
    std::span<const float> Run(std::span<const float> patch, const Size3& shape) override {
      if (++running_ > 1) together_ = true;
      const std::span<const float> logits = inner_->Run(patch, shape);
      --running_;
      return logits;
    }
    void ReleaseLogits() override { inner_->ReleaseLogits(); }

   private:
    std::atomic<int>& running_;
    std::atomic<bool>& together_;
    std::unique_ptr<Executor> inner_;
  };
  return [&](const LayerGraph& graph, const WeightStore& weights, const std::string& prefix) {
    return std::make_unique<CountingExecutor>(running, together, PlainExecutorFactory()(graph, weights, prefix));
  };
}

TEST(SegmentOverlap, NeverRunsPatchesOfTwoRequestsAtTheSameTime) {
  std::atomic<int> running = 0;
  std::atomic<bool> together = false;
  ServedOptions options = OnOneDevice({.overlap = true});
  options.executor = Counting(running, together);
  ServedModel served(std::move(options));
  constexpr unsigned kCalls = 6;
  std::array<Answer, kCalls> answers;
  {
    std::vector<std::jthread> clients;
    for (unsigned i = 0; i < kCalls; ++i) clients.emplace_back([&served, &answers, i] { answers[i] = Segment(served.NewChannel(), Ct(i)); });
  }
  EXPECT_FALSE(together);
  for (unsigned i = 0; i < kCalls; ++i) {
    EXPECT_TRUE(answers[i].status.ok()) << answers[i].status.error_message();
    EXPECT_EQ(answers[i].file, LabelsAlone(i)) << "though all share one level's networks";
  }
  EXPECT_TRUE(served.BecomesIdle());
}

TEST(SegmentOverlap, FreesWhatWaitsForTheDeviceWhenItsClientGoes) {
  HeldModel held(OnOneDevice({.overlap = true}));
  ServedModel& served = held.served();
  SentCall first(served, 1);
  ASSERT_TRUE(held.gate().WaitForPatch(1));
  const int64_t held_by_one = served.memory().reserved_bytes();
  SentCall second(served, 2);
  ASSERT_TRUE(second.IsPrepared());
  EXPECT_EQ(served.memory().reserved_bytes(), 2 * held_by_one) << "each has set aside what it needs";
  second.Cancel();
  EXPECT_EQ(second.Finish().status.error_code(), grpc::CANCELLED);
  EXPECT_TRUE(WaitUntil([&] { return served.queue().running() == 1; })) << "though the first stands still";
  EXPECT_TRUE(WaitUntil([&] { return served.memory().reserved_bytes() == held_by_one; }));

  SentCall third(served, 3);
  ASSERT_TRUE(third.IsPrepared());
  held.gate().Open();
  EXPECT_TRUE(first.Finish().status.ok());
  EXPECT_TRUE(third.Finish().status.ok());
  EXPECT_EQ(held.gate().arrived(), 2 * kPatches) << "none of the second's";
  EXPECT_TRUE(served.BecomesIdle());
}

TEST(SegmentOverlap, GivesTheDeviceToThoseBehindARequestThatIsRefusedInItsPreprocessing) {
  HeldModel held(OnOneDevice({.overlap = true}));
  ServedModel& served = held.served();
  SentCall first(served, 1);
  ASSERT_TRUE(held.gate().WaitForPatch(1));
  NiftiBuilder builder;
  std::vector<float> voxels(8 * 8 * 8, 1.0F);
  voxels[5] = std::numeric_limits<float>::quiet_NaN();
  const Answer refused = Segment(served.NewChannel(), builder.Shape({8, 8, 8}).Voxels(voxels).Spacing({1, 1, 1}).Bytes());
  EXPECT_EQ(refused.status.error_code(), grpc::INVALID_ARGUMENT) << "at once: nothing of it waits for the device";
  EXPECT_THAT(refused.status.error_message(), testing::HasSubstr("voxels: 1 are NaN or infinite"));
  EXPECT_THAT(refused.order, testing::StartsWith("a")) << "it had begun";
  SentCall third(served, 3);
  ASSERT_TRUE(third.IsPrepared());
  held.gate().Open();
  EXPECT_TRUE(first.Finish().status.ok());
  EXPECT_TRUE(third.Finish().status.ok());
  EXPECT_TRUE(served.BecomesIdle());
}

TEST(SegmentOverlap, EndsBothThatAreUnderWayWhereTheServerStops) {
  HeldModel held(OnOneDevice({.overlap = true}));
  ServedModel& served = held.served();
  SentCall first(served, 1);
  ASSERT_TRUE(held.gate().WaitForPatch(1));
  SentCall second(served, 2);
  ASSERT_TRUE(second.IsPrepared());
  served.server().Stop(std::chrono::milliseconds(10));
  EXPECT_FALSE(first.Finish().status.ok());
  EXPECT_FALSE(second.Finish().status.ok());
  EXPECT_TRUE(WaitUntil([&] { return served.queue().running() == 1; })) << "the first still stands in its patch";
  held.gate().Open();
  EXPECT_TRUE(served.BecomesIdle());
  EXPECT_EQ(held.gate().arrived(), 1) << "the patch that ran was the last";
}

}  // namespace
}  // namespace tuckerseg
