/// Several devices behind one server: which of them serves a request, and that each has its own queue, times and memory.
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "engine/segment/memory_plan.h"
#include "tests/server/serve/held_model.h"
#include "tests/server/serve/segment_conversation.h"
#include "tuckerseg/v1/model.grpc.pb.h"
#include "tuckerseg/v1/server_info.grpc.pb.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

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

TEST(SegmentDevices, HaveEachTheirOwnPartOfTheMemory) {
  ServedOptions options;
  options.config.devices = {{.name = "small", .memory_limit_bytes = 1}, {.name = "large"}};
  ServedModel served(std::move(options));
  EXPECT_EQ(Segment(served.channel(), SmallCt().Bytes()).accepted.device(), "large");

  ServedOptions only_small;
  only_small.config.devices = {{.name = "small", .memory_limit_bytes = 1}};
  ServedModel refusing(std::move(only_small));
  const Answer refused = Segment(refusing.channel(), SmallCt().Bytes());
  EXPECT_EQ(refused.status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_THAT(refused.status.error_message(), HasSubstr("(original on small), more than this server has for a request"));
  EXPECT_TRUE(refusing.BecomesIdle());
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

TEST(SegmentDevices, ThatAreNoHostHoldOnePatchOfTheirOwnMemory) {
  ServedOptions options;
  options.config.device = "cuda:0";
  HeldModel held(std::move(options));
  ServedModel& served = held.served();
  QueuedCall call(served);
  ASSERT_TRUE(held.gate().WaitForPatch(1));
  EXPECT_EQ(served.device().memory().reserved_bytes(), PatchBytes(TinyServedBundle().model));
  held.gate().Open();
  EXPECT_TRUE(call.Finish().status.ok());
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
