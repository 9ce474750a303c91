/// Which requests Segment takes when there are many, and in which order it serves them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/preview/preview.h"
#include "engine/segment/memory_plan.h"
#include "engine/volume/nifti_reader.h"
#include "tests/server/serve/held_model.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/status_details.h"
#include "tests/server/variants/tiny_variants.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

/// A call that has its place in the queue and whose client waits.
class WaitingCall {
 public:
  WaitingCall(ServedModel& served, const std::vector<std::byte>& ct, const v1::SegmentHeader& header = {})
      : conversation_(served.channel()) {
    conversation_.SendHeader(header);
    conversation_.SendFile(ct);
    EXPECT_TRUE(conversation_.ReadOne());
    EXPECT_EQ(conversation_.answer().order, "a");
  }
  const v1::Accepted& accepted() const { return conversation_.answer().accepted; }
  Answer Finish() { return conversation_.Finish(); }

 private:
  SegmentConversation conversation_;
};

const std::vector<std::byte>& Ct() {
  static const std::vector<std::byte> ct = SmallCt().Bytes();
  return ct;
}

TEST(SegmentAdmission, RefusesWhatTheQueueCannotTakeAndSaysWhenToTryAgain) {
  ServedOptions options;
  options.config.queue_capacity = 2;
  HeldModel held(std::move(options));
  WaitingCall running(held.served(), Ct());
  ASSERT_TRUE(held.gate().WaitForPatch(1));
  WaitingCall waiting(held.served(), Ct());
  EXPECT_EQ(running.accepted().queue_position(), 0U);
  EXPECT_EQ(waiting.accepted().queue_position(), 1U);

  const Answer refused = Segment(held.served().channel(), Ct());
  EXPECT_EQ(refused.status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_EQ(refused.status.error_message(), "queue: is full");
  const auto retry = DetailOf<google::rpc::RetryInfo>(refused.status);
  ASSERT_TRUE(retry);
  EXPECT_GT(retry->retry_delay().seconds(), 0);

  held.gate().Open();
  EXPECT_TRUE(running.Finish().status.ok());
  EXPECT_TRUE(waiting.Finish().status.ok());
  EXPECT_TRUE(held.served().BecomesIdle());
  EXPECT_TRUE(Segment(held.served().channel(), Ct()).status.ok());
}

TEST(SegmentAdmission, RefusesMoreStreamsThanItMayKeepAndSaysWhenToTryAgain) {
  ServedOptions options;
  options.config.max_streams = 1;
  HeldModel held(std::move(options));
  WaitingCall running(held.served(), Ct());
  const Answer refused = Segment(held.served().channel(), Ct());
  EXPECT_EQ(refused.status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_THAT(refused.status.error_message(), HasSubstr("streams: 1 are open: must be fewer than 1"));
  EXPECT_TRUE(DetailOf<google::rpc::RetryInfo>(refused.status));
  EXPECT_EQ(held.served().parts().streams, 1) << "a refused call holds none";
  held.gate().Open();
  EXPECT_TRUE(running.Finish().status.ok());
  EXPECT_TRUE(held.served().BecomesIdle());
}

/// Executors that note the first voxel of every patch, in the order in which they run.
ExecutorFactory Noting(std::vector<float>& first_voxels) {
  class NotingExecutor final : public Executor {
   public:
    NotingExecutor(std::vector<float>& noted, std::unique_ptr<Executor> inner)
        : noted_(noted), inner_(std::move(inner)) {}
    std::span<const float> Run(std::span<const float> patch, const Size3& shape) override {
      noted_.push_back(patch.front());
      return inner_->Run(patch, shape);
    }

   private:
    std::vector<float>& noted_;
    std::unique_ptr<Executor> inner_;
  };
  return [&first_voxels](const LayerGraph& graph, const WeightStore& weights, const std::string& prefix) {
    return std::make_unique<NotingExecutor>(first_voxels, PlainExecutorFactory()(graph, weights, prefix));
  };
}

/// One patch whose voxels are all `value` after normalisation (HU / 500).
std::vector<std::byte> UniformCt(float value) {
  const std::vector<int16_t> voxels(8 * 8 * 8, static_cast<int16_t>(500 * value));
  NiftiBuilder builder;
  builder.Shape({8, 8, 8}).Voxels(voxels).Spacing({1, 1, 1});
  return builder.Bytes();
}

TEST(SegmentAdmission, ServesHigherPrioritiesFirstAndEqualOnesInTheOrderOfArrival) {
  std::vector<float> served_voxels;
  ServedOptions options;
  options.executor = Noting(served_voxels);
  HeldModel held(std::move(options));
  WaitingCall running(held.served(), UniformCt(-1));
  ASSERT_TRUE(held.gate().WaitForPatch(1));
  std::vector<std::unique_ptr<WaitingCall>> calls;
  const auto submit = [&](float voxel, int priority) {
    v1::SegmentHeader header;
    header.set_priority(priority);
    calls.push_back(std::make_unique<WaitingCall>(held.served(), UniformCt(voxel), header));
    return calls.back()->accepted().queue_position();
  };
  EXPECT_EQ(submit(0.5F, 0), 1U);
  EXPECT_EQ(submit(1.0F, -5), 2U);
  EXPECT_EQ(submit(1.5F, 10), 1U) << "passes the two that wait";
  EXPECT_EQ(submit(2.0F, 0), 3U);
  held.gate().Open();
  EXPECT_TRUE(running.Finish().status.ok());
  for (const auto& call : calls) EXPECT_TRUE(call->Finish().status.ok());
  EXPECT_TRUE(held.served().BecomesIdle());
  EXPECT_THAT(served_voxels, testing::ElementsAre(-1.0F, 1.5F, 0.5F, 2.0F, 1.0F));
}

int64_t PeakBytes(const ServedModel& served) {
  return PredictPeakBytes(served.view()->Find("").model(), ReadNifti(Ct()).header.geometry, {.threads = 0});
}

int64_t WeightBytes(const ServedModel& served) { return served.view()->Find("").original().weight_bytes; }

/// Rounded up, as refusals name what is needed.
std::string MebibytesUp(int64_t bytes) { return std::to_string((bytes + (1 << 20) - 1) >> 20) + " MiB"; }

int64_t VoxelBytes() { return static_cast<int64_t>(ReadNifti(Ct()).volume.voxels.size()); }

ServedOptions WithMemory(int64_t bytes) {
  ServedOptions options;
  options.config.memory_limit_bytes = bytes;
  return options;
}

/// Programs find the numbers that the message names, and the stage.
void ExpectLimitTold(const grpc::Status& status, int64_t needed_bytes, int64_t limit_bytes, const std::string& stage) {
  EXPECT_EQ(InfoOf(status, "needed_bytes"), std::to_string(needed_bytes));
  EXPECT_EQ(InfoOf(status, "limit_bytes"), std::to_string(limit_bytes));
  EXPECT_EQ(InfoOf(status, "stage"), stage);
}

TEST(SegmentAdmission, NamesTheMemoryThatAVolumeNeedsWhereItNeverFits) {
  ServedModel served(WithMemory(VoxelBytes() - 1));
  const Answer refused = Segment(served.channel(), Ct());
  EXPECT_EQ(refused.status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_THAT(refused.status.error_message(),
              HasSubstr("volume: needs " + std::to_string(VoxelBytes()) + " bytes of memory"));
  EXPECT_FALSE(DetailOf<google::rpc::RetryInfo>(refused.status)) << "waiting does not help";
  ExpectLimitTold(refused.status, VoxelBytes(), VoxelBytes() - 1, "decode");
  EXPECT_TRUE(served.BecomesIdle());
}

TEST(SegmentAdmission, NamesTheMemoryThatTheSegmentationNeedsWhereItNeverFits) {
  ServedModel unlimited;
  const int64_t needed = PeakBytes(unlimited);
  // Voxels, weights and segmentation each fit, but not together: waiting does not help.
  const int64_t enough_bytes = needed + VoxelBytes() + WeightBytes(unlimited);
  ServedModel served(WithMemory(enough_bytes - 1));
  const Answer refused = Segment(served.channel(), Ct());
  EXPECT_EQ(refused.status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_THAT(refused.status.error_message(),
              HasSubstr("volume: would need " + MebibytesUp(needed) + " (original on cpu), more than this server has for a request"));
  EXPECT_FALSE(DetailOf<google::rpc::RetryInfo>(refused.status));
  ExpectLimitTold(refused.status, needed, needed - 1, "decode");
  EXPECT_TRUE(served.BecomesIdle());
  ServedModel enough(WithMemory(enough_bytes));
  EXPECT_TRUE(Segment(enough.channel(), Ct()).status.ok());
}

/// Of Ct(): its header and a little of its voxels.
constexpr size_t kFrontBytes = 400;

/// What is answered to the front of Ct() alone: no more of it comes, and no half-close.
Answer AnswerToFront(ServedModel& served, const v1::SegmentHeader& header = {}) {
  SegmentConversation conversation(served.channel(), std::chrono::system_clock::now() + kLimit);
  EXPECT_TRUE(conversation.SendHeader(header));
  EXPECT_TRUE(conversation.SendChunk(std::span(Ct()).first(kFrontBytes)));
  return conversation.Finish();
}

TEST(SegmentAdmission, RefusesAVolumeThatNeverFitsAsSoonAsItsHeaderIsThere) {
  ServedModel unlimited;
  const int64_t needed = PeakBytes(unlimited);
  ServedModel served(WithMemory(needed + VoxelBytes() + WeightBytes(unlimited) - 1));
  const Answer refused = AnswerToFront(served);
  EXPECT_EQ(refused.status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_THAT(refused.status.error_message(),
              HasSubstr("volume: would need " + MebibytesUp(needed) + " (original on cpu), more than this server has for a request"));
  EXPECT_FALSE(DetailOf<google::rpc::RetryInfo>(refused.status)) << "waiting does not help";
  EXPECT_EQ(refused.order, "");
  EXPECT_TRUE(served.BecomesIdle());
}

TEST(SegmentAdmission, CountsAtTheHeaderWhatTheAnswerWillTake) {
  ServedModel served(WithMemory(kPreviewPeakBytes));
  v1::SegmentHeader header;
  header.mutable_output()->set_preview(true);
  EXPECT_EQ(AnswerToFront(served, header).status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(served.BecomesIdle());
  EXPECT_TRUE(Segment(served.channel(), Ct(), {}, kFrontBytes).status.ok());
}

TEST(SegmentAdmission, KeepsAtTheHeaderToTheMemoryThatTheClientAllows) {
  ServedModel served;
  v1::SegmentHeader header;
  header.mutable_level()->mutable_automatic()->set_max_memory_bytes(1);
  const Answer refused = AnswerToFront(served, header);
  EXPECT_EQ(refused.status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_THAT(refused.status.error_message(), HasSubstr("max_memory_bytes = 0 MiB: must be at least "));
  EXPECT_TRUE(served.BecomesIdle());
}

TEST(SegmentAdmission, TakesTheRestOfAVolumeThatFitsAtOneOfItsLevels) {
  const ModelOnDisk disk(TinyBundle(TinyUnet(16, 4), {8, 8, 8}, 5));
  disk.Add("narrow", {{"narrow", 0.1, true, 1}}, 6, TinyCard("narrow", 0.93, 0.91));
  const Geometry geometry = ReadNifti(Ct()).header.geometry;
  const std::vector<DescribedLevel> levels = DescribeBundle(disk.bundle(), false).levels;
  ASSERT_EQ(levels.size(), 2U);
  // What each takes, its weights included.
  const auto bytes = [&](size_t place) { return PredictPeakBytes(*levels[place].level.model, geometry, {.threads = 0}) + levels[place].level.weight_bytes; };
  ASSERT_NE(bytes(0), bytes(1));
  ServedOptions options = WithMemory(std::max(bytes(0), bytes(1)) + VoxelBytes() - 1);
  options.models = disk.models();
  options.config.allow_phantom_quality = true;
  ServedModel served(std::move(options));
  const Answer answer = Segment(served.channel(), Ct(), {}, kFrontBytes);
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.summary.variant(), levels[bytes(0) < bytes(1) ? 0 : 1].level.name);
}

TEST(SegmentAdmission, TakesTheRestOfAVolumeThatOthersLeaveNoPlaceYet) {
  ServedOptions options;
  options.config.queue_capacity = 1;
  HeldModel held(std::move(options));
  ServedModel& served = held.served();
  WaitingCall running(served, Ct());
  ASSERT_TRUE(held.gate().WaitForPatch(1));
  const int64_t reserved = served.memory().reserved_bytes();
  SegmentConversation coming(served.channel());
  coming.SendHeader({});
  coming.SendChunk(std::span(Ct()).first(kFrontBytes));
  ASSERT_TRUE(WaitUntil([&] { return served.memory().reserved_bytes() == reserved + VoxelBytes(); })) << "its header has come";
  held.gate().Open();
  EXPECT_TRUE(running.Finish().status.ok());
  ASSERT_TRUE(WaitUntil([&] { return served.queue().running() == 0; }));
  coming.SendFile(std::span(Ct()).subspan(kFrontBytes));
  const Answer answer = coming.Finish();
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_TRUE(served.BecomesIdle());
}

TEST(SegmentAdmission, KeepsToTheMemoryThatTheClientAllows) {
  ServedModel served;
  const int64_t needed = PeakBytes(served);
  v1::SegmentHeader header;
  header.mutable_level()->mutable_automatic()->set_max_memory_bytes(static_cast<uint64_t>(needed - 1));
  const Answer refused = Segment(served.channel(), Ct(), header);
  EXPECT_EQ(refused.status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_THAT(refused.status.error_message(), HasSubstr("max_memory_bytes = " + std::to_string((needed - 1) >> 20) + " MiB: must be at least " + MebibytesUp(needed) + " (original on cpu)"));
  ExpectLimitTold(refused.status, needed, needed - 1, "decode");
  EXPECT_TRUE(served.BecomesIdle());
  header.mutable_level()->mutable_automatic()->set_max_memory_bytes(static_cast<uint64_t>(needed));
  EXPECT_TRUE(Segment(served.channel(), Ct(), header).status.ok());
}

TEST(SegmentAdmission, EndsACallThatTakesLongerThanTheClientAllows) {
  HeldModel held;
  v1::SegmentHeader header;
  header.mutable_level()->mutable_automatic()->mutable_max_latency()->set_nanos(100'000'000);
  const Answer late = Segment(held.served().channel(), Ct(), header);
  EXPECT_EQ(late.status.error_code(), grpc::DEADLINE_EXCEEDED);
  EXPECT_THAT(late.status.error_message(), HasSubstr("max_latency = 0.1"));
  EXPECT_THAT(InfoOf(late.status, "stage"), testing::AnyOf("queue", "preprocess", "infer")) << "where it stood";
  held.gate().Open();
  EXPECT_TRUE(held.served().BecomesIdle());
}

TEST(SegmentAdmission, SaysWhenToTryAgainWhereOthersHoldTheMemory) {
  ServedModel unlimited;
  HeldModel held(WithMemory(WeightBytes(unlimited) + PeakBytes(unlimited) + 2 * VoxelBytes()));
  WaitingCall running(held.served(), Ct());
  const Answer refused = Segment(held.served().channel(), Ct());
  EXPECT_EQ(refused.status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(DetailOf<google::rpc::RetryInfo>(refused.status));
  EXPECT_EQ(InfoOf(refused.status, "needed_bytes"), std::to_string(PeakBytes(held.served())));
  EXPECT_EQ(InfoOf(refused.status, "limit_bytes"), std::to_string(PeakBytes(held.served()) + VoxelBytes())) << "enough, once the other one has gone";
  held.gate().Open();
  EXPECT_TRUE(running.Finish().status.ok());
  EXPECT_TRUE(held.served().BecomesIdle());
  EXPECT_TRUE(Segment(held.served().channel(), Ct()).status.ok());
}

}  // namespace
}  // namespace tuckerseg
