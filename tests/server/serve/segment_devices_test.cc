/// Several devices behind one server: which of them serves a request, and that each has its own queue, times and memory.
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cmath>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/model/cost.h"
#include "engine/segment/memory_plan.h"
#include "engine/volume/nifti_reader.h"
#include "server/serve/stage_clock.h"
#include "tests/server/serve/held_model.h"
#include "tests/server/serve/segment_conversation.h"
#include "tuckerseg/v1/model.grpc.pb.h"
#include "tuckerseg/v1/server_info.grpc.pb.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

/// Two devices on the host's processors.
ServedOptions LeftAndRight() {
  ServedOptions options;
  options.config.devices = {{.name = "left", .queue_capacity = 3}, {.name = "right", .queue_capacity = 4}};
  return options;
}

v1::SegmentHeader AskingFor(const std::string& level) {
  v1::SegmentHeader header;
  header.mutable_level()->set_name(level);
  return header;
}

const LevelKey kOriginalOfTiny{"tiny", "original"};

/// A call that has its place in a queue and whose client waits.
class QueuedCall {
 public:
  explicit QueuedCall(ServedModel& served, const v1::SegmentHeader& header = {}) : conversation_(served.channel()) {
    conversation_.SendHeader(header);
    conversation_.SendFile(SmallCt().Bytes());
    EXPECT_TRUE(conversation_.ReadOne());
  }
  const v1::Accepted& accepted() const { return conversation_.answer().accepted; }
  Answer Finish() { return conversation_.Finish(); }

 private:
  SegmentConversation conversation_;
};

TEST(SegmentDevices, WorkAtTheSameTime) {
  ServedOptions options = LeftAndRight();
  options.patch_s = 10;
  HeldModel held(std::move(options));
  QueuedCall first(held.served());
  ASSERT_TRUE(held.gate().WaitForPatch(1));
  QueuedCall second(held.served());
  EXPECT_TRUE(held.gate().WaitForPatch(2)) << "while the first stands still";
  EXPECT_EQ(first.accepted().device(), "left") << "by its name, as both are as good";
  EXPECT_EQ(second.accepted().device(), "right");
  EXPECT_EQ(second.accepted().queue_position(), 0U);
  held.gate().Open();
  EXPECT_TRUE(first.Finish().status.ok());
  EXPECT_TRUE(second.Finish().status.ok());
  EXPECT_TRUE(held.served().BecomesIdle());
}

TEST(SegmentDevices, AreChosenForTheTimeThatTheyTake) {
  ServedModel served(LeftAndRight());
  served.device(0).times().Expect(kOriginalOfTiny, 10);
  EXPECT_EQ(Segment(served.channel(), SmallCt().Bytes()).accepted.device(), "right");
  EXPECT_EQ(Segment(served.channel(), SmallCt().Bytes(), AskingFor("original")).accepted.device(), "right") << "whose level the client has chosen, too";
}

TEST(SegmentDevices, AreLearntOfEachByItself) {
  ServedOptions options = LeftAndRight();
  options.patch_s = 10;
  ServedModel served(std::move(options));
  EXPECT_EQ(Segment(served.channel(), SmallCt().Bytes()).accepted.device(), "left");
  EXPECT_LT(served.device(0).times().KnownPatchSeconds(kOriginalOfTiny).value(), 10) << "it was measured";
  EXPECT_EQ(served.device(1).times().KnownPatchSeconds(kOriginalOfTiny), 10) << "it was not";
}

TEST(SegmentDevices, AreLearntOfWithTheMakingOfTheAnswer) {
  ServedModel served;
  const Answer answer = Segment(served.channel(), SmallCt().Bytes());
  ASSERT_TRUE(answer.status.ok());
  const auto seconds = [&answer](CallStage stage) { return answer.summary.stages(static_cast<int>(stage)).seconds(); };
  const double segmenting_s = seconds(CallStage::kPreprocess) + seconds(CallStage::kInfer) + seconds(CallStage::kPostprocess) - answer.summary.network_seconds();
  // So small a volume counts as one of so many voxels.
  const double around_s = served.times().Foretell(kOriginalOfTiny, {.patches = 0, .voxels = std::llround(ServiceTimes::kPriorVoxels)});
  EXPECT_GT(around_s, segmenting_s + seconds(CallStage::kEncode) / 2);
}

TEST(SegmentDevices, HaveEachTheirOwnPartOfTheMemory) {
  ServedOptions options;
  options.config.devices = {{.name = "small", .memory_limit_bytes = 1}, {.name = "large"}};
  ServedModel served(std::move(options));
  EXPECT_EQ(Segment(served.channel(), SmallCt().Bytes()).accepted.device(), "large");

  ServedOptions only_small;
  only_small.config.devices = {{.name = "small", .memory_limit_bytes = Float32WeightBytes(TinyServedBundle().model)}};  // and nothing for work
  ServedModel refusing(std::move(only_small));
  const Answer refused = Segment(refusing.channel(), SmallCt().Bytes());
  EXPECT_EQ(refused.status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_THAT(refused.status.error_message(), HasSubstr("(original on small), more than this server has for a request"));
  EXPECT_TRUE(refusing.BecomesIdle());
}

TEST(SegmentDevices, SayInWhatTheirNetworksCompute) {
  ServedOptions options;
  options.config.devices = {{.name = "half", .precision = Precision::kBFloat16}};
  ServedModel half(std::move(options));
  EXPECT_EQ(Segment(half.channel(), SmallCt().Bytes()).summary.precision(), "bf16");
  ServedModel full;
  EXPECT_EQ(Segment(full.channel(), SmallCt().Bytes()).summary.precision(), "fp32");
}

TEST(SegmentDevices, HoldMemoryOfTheirOwnAndOfTheHostWhileTheyWork) {
  HeldModel held(LeftAndRight());
  ServedModel& served = held.served();
  QueuedCall call(served);
  ASSERT_TRUE(held.gate().WaitForPatch(1));
  EXPECT_GT(served.device(0).memory().reserved_bytes(), 0);
  EXPECT_GT(served.memory().reserved_bytes(), served.device(0).memory().reserved_bytes()) << "the volume, too";
  EXPECT_EQ(served.device(1).memory().reserved_bytes(), 0);
  held.gate().Open();
  EXPECT_TRUE(call.Finish().status.ok());
  EXPECT_TRUE(served.BecomesIdle());
}

int64_t BytesOnGpu(const SegmentOptions& options) { return DeviceBytes(TinyServedBundle().model, ReadNifti(SmallCt().Bytes()).header.geometry, options); }

/// The volume, and what is the host's beside a GPU that runs its patches.
int64_t BytesBesideGpu(const SegmentOptions& options) {
  const NiftiVolume ct = ReadNifti(SmallCt().Bytes());
  return static_cast<int64_t>(ct.volume.voxels.size()) + PredictPeakBytes(TinyServedBundle().model, ct.header.geometry, options, NetworkMemory::kDevice);
}

TEST(SegmentDevices, ThatAreNoHostHoldOnePatchAndTheSumsInTheirOwnMemory) {
  ServedOptions options;
  options.config.device = "cuda:0";
  HeldModel held(std::move(options));
  ServedModel& served = held.served();
  QueuedCall call(served);
  ASSERT_TRUE(held.gate().WaitForPatch(1));
  EXPECT_EQ(served.device().memory().reserved_bytes(), BytesOnGpu({}));
  EXPECT_EQ(served.memory().reserved_bytes(), BytesBesideGpu({.threads = 0})) << "without sums";
  held.gate().Open();
  EXPECT_TRUE(call.Finish().status.ok());
}

TEST(SegmentDevices, ThatAreNoHostRunOnePatchAtATimeWhereSeveralNeverFit) {
  const int64_t weights = Float32WeightBytes(TinyServedBundle().model);
  ASSERT_GT(BytesOnGpu({.patches_at_once = 2}), BytesOnGpu({}));
  ServedOptions options;
  options.config.devices = {{.name = "gpu", .device = "cuda:0", .memory_limit_bytes = weights + BytesOnGpu({.patches_at_once = 2}) - 1, .patches_at_once = 2}};
  HeldModel held(std::move(options));
  QueuedCall call(held.served());
  ASSERT_TRUE(held.gate().WaitForPatch(1));
  EXPECT_EQ(held.served().device().memory().reserved_bytes(), BytesOnGpu({}));
  held.gate().Open();
  EXPECT_TRUE(call.Finish().status.ok());
}

TEST(SegmentDevices, ThatAreNoHostLeaveTheSumsToTheHostWhereTheyNeverFit) {
  const int64_t weights = Float32WeightBytes(TinyServedBundle().model);
  ASSERT_GT(BytesOnGpu({}), BytesOnGpu({.sum_on_device = false}));
  ServedOptions options;
  options.config.devices = {{.name = "gpu", .device = "cuda:0", .memory_limit_bytes = weights + BytesOnGpu({}) - 1}};
  HeldModel held(std::move(options));
  QueuedCall call(held.served());
  ASSERT_TRUE(held.gate().WaitForPatch(1));
  EXPECT_EQ(held.served().device().memory().reserved_bytes(), BytesOnGpu({.sum_on_device = false}));
  ASSERT_GT(BytesBesideGpu({.threads = 0, .sum_on_device = false}), BytesBesideGpu({.threads = 0}));
  EXPECT_EQ(held.served().memory().reserved_bytes(), BytesBesideGpu({.threads = 0, .sum_on_device = false})) << "with sums";
  held.gate().Open();
  EXPECT_TRUE(call.Finish().status.ok());
}

TEST(SegmentDevices, ThatAreNoHostAreNotedWhereOthersFillTheirMemory) {
  std::atomic<int64_t> free_bytes = int64_t{8} << 30;
  ServedOptions options;
  options.config.device = "cuda:0";
  options.device_memory = [&free_bytes] { return DeviceMemory{.total = int64_t{16} << 30, .free = free_bytes.load(), .weights = {}, .reserved = {}}; };
  ServedModel served(std::move(options));
  EXPECT_TRUE(Segment(served.channel(), SmallCt().Bytes()).status.ok());
  free_bytes = 0;
  const Answer refused = Segment(served.channel(), SmallCt().Bytes());
  EXPECT_EQ(refused.status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_THAT(refused.status.error_message(), HasSubstr("are needed (original on cuda:0), 0 MiB are free"));
  free_bytes = int64_t{8} << 30;
  EXPECT_TRUE(Segment(served.channel(), SmallCt().Bytes()).status.ok());
  EXPECT_TRUE(served.BecomesIdle());
}

TEST(SegmentDevices, KeepToTheMemoryThatTheClientAllowsOfTheHostWhereTheirOwnIsShort) {
  const Model model = TinyServedBundle().model;
  const int64_t host_bytes = PredictPeakBytes(model, ReadNifti(SmallCt().Bytes()).header.geometry, {.threads = 0});
  ServedOptions options;
  options.config.devices = {{.name = "gpu", .device = "cuda:0", .memory_limit_bytes = PatchBytes(model) + Float32WeightBytes(model)}};
  ServedModel served(std::move(options));
  v1::SegmentHeader header;
  header.mutable_level()->mutable_automatic()->set_max_memory_bytes(static_cast<uint64_t>(host_bytes - 1));
  const Answer refused = Segment(served.channel(), SmallCt().Bytes(), header);
  EXPECT_EQ(refused.status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_THAT(refused.status.error_message(), HasSubstr("max_memory_bytes = "));
  header.mutable_level()->mutable_automatic()->set_max_memory_bytes(static_cast<uint64_t>(host_bytes));
  EXPECT_TRUE(Segment(served.channel(), SmallCt().Bytes(), header).status.ok());
}

TEST(SegmentDevices, GiveTheirPlacesToCallsThatComeAtTheSameMomentOneByOne) {
  ServedOptions options;
  options.config.devices = {{.name = "left", .queue_capacity = 1}, {.name = "right", .queue_capacity = 1}};
  HeldModel held(std::move(options));
  std::array<std::unique_ptr<SegmentConversation>, 16> calls;
  for (auto& call : calls) {
    call = std::make_unique<SegmentConversation>(held.served().channel());
    call->SendHeader({});
    call->SendChunk(SmallCt().Bytes());
  }
  std::array<Answer, 16> answers;
  std::latch begin(static_cast<std::ptrdiff_t>(calls.size()));
  std::atomic<size_t> ended = 0;
  std::vector<std::jthread> clients;
  for (size_t i = 0; i < calls.size(); ++i) {
    clients.emplace_back([&, i] {
      begin.arrive_and_wait();
      calls[i]->HalfClose();
      answers[i] = calls[i]->Finish();
      ++ended;
    });
  }
  EXPECT_TRUE(WaitUntil([&] { return ended == calls.size() - 2; })) << "all but one on each device are refused";
  held.gate().Open();
  clients.clear();
  std::vector<std::string> devices;
  for (const Answer& answer : answers) {
    if (answer.status.ok()) {
      devices.push_back(answer.accepted.device());
    } else {
      EXPECT_EQ(answer.status.error_message(), "queue: is full");
    }
  }
  EXPECT_THAT(devices, UnorderedElementsAre("left", "right"));
}

TEST(SegmentDevices, RefuseOnceAllTheirQueuesAreFull) {
  ServedOptions options;
  options.config.devices = {{.name = "left", .queue_capacity = 1}, {.name = "right", .queue_capacity = 1}};
  HeldModel held(std::move(options));
  QueuedCall first(held.served());
  QueuedCall second(held.served());
  ASSERT_TRUE(held.gate().WaitForPatch(2));
  EXPECT_EQ(Segment(held.served().channel(), SmallCt().Bytes()).status.error_message(), "queue: is full");
  held.gate().Open();
  EXPECT_TRUE(first.Finish().status.ok());
  EXPECT_TRUE(second.Finish().status.ok());
}

TEST(SegmentDevices, AreToldApartByMetricsAndLists) {
  ServedModel served(LeftAndRight());
  served.device(0).times().Expect(kOriginalOfTiny, 10);
  ASSERT_TRUE(Segment(served.channel(), SmallCt().Bytes()).status.ok());
  ASSERT_TRUE(served.BecomesIdle());
  const std::string page = served.metrics().Text();
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_requests_total{code="OK",device="right",method="Segment",task="tiny",variant="original"} 1)"));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_patch_duration_seconds_count{device="right",variant="original"} 12)"));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_queue_capacity{device="left",priority="all"} 3)"));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_queue_capacity{device="right",priority="all"} 4)"));

  grpc::ClientContext info_context;
  v1::GetServerInfoResponse info;
  ASSERT_TRUE(v1::ServerService::NewStub(served.channel())->GetServerInfo(&info_context, {}, &info).ok());
  EXPECT_THAT(info.devices(), ElementsAre("left", "right"));
  EXPECT_EQ(info.queue_capacity(), 7U);
  grpc::ClientContext list_context;
  v1::ListVariantsResponse variants;
  ASSERT_TRUE(v1::ModelService::NewStub(served.channel())->ListVariants(&list_context, {}, &variants).ok());
  EXPECT_EQ(variants.variants(0).device(), "left, right");
}

}  // namespace
}  // namespace tuckerseg
