/// Levels that are on disk when a request needs them, through a real server: they are loaded for it, and others go where memory is needed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "engine/error.h"
#include "engine/segment/memory_plan.h"
#include "server/policy/asked_level.h"
#include "server/serve/status_of.h"
#include "tests/server/serve/held_model.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/status_details.h"
#include "tests/server/variants/tiny_variants.h"
#include "tests/server/wait_until.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

/// An original and the level `quick`, neither of which is loaded at the start.
class SegmentByNeed : public testing::Test {
 protected:
  SegmentByNeed() {
    disk_.Add("quick", {{"quick", 0.3, true, 1}}, 11, TinyCard("quick", 0.93, 0.91));
    options_.models = disk_.models();
    options_.load_at_start = false;
    options_.config.allow_phantom_quality = true;
  }

  HeldModel& Start(bool open = true) {
    held_.emplace(std::move(options_));
    if (open) held_->gate().Open();
    return *held_;
  }
  ServedModel& served() { return held_->served(); }

  int64_t VoxelBytes() const { return static_cast<int64_t>(ReadNifti(ct_).volume.voxels.size()); }
  ServedLevel Described(const std::string& level) const {
    for (const DescribedLevel& described : DescribeBundle(disk_.bundle(), false).levels)
      if (described.level.name == level) return described.level;
    throw Error(ErrorCode::kNotFound, level);
  }
  /// Of a request with this level, its weights included.
  int64_t WorkBytes(const std::string& level) const {
    const ServedLevel described = Described(level);
    return described.weight_bytes + PredictPeakBytes(*described.model, ReadNifti(ct_).header.geometry, {.threads = 0});
  }
  /// Memory for a request with either level, and none besides.
  int64_t RoomForOneLevel() const { return VoxelBytes() + std::max(WorkBytes("original"), WorkBytes("quick")); }

  Answer Ask(const std::string& level) {
    v1::SegmentHeader header;
    header.mutable_level()->set_name(level);
    return Segment(served().channel(), ct_, header);
  }
  LevelState State(const std::string& level) { return StateOf(FindMeantLevel(level, served().view()->Find("").levels)); }

  const ModelOnDisk disk_{TinyServedBundle()};
  const std::vector<std::byte> ct_ = SmallCt().Bytes();
  ServedOptions options_;
  std::optional<HeldModel> held_;
};

TEST_F(SegmentByNeed, LoadsTheLevelThatIsAskedForAndNoOther) {
  Start();
  const Answer answer = Ask("quick");
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.summary.variant(), "quick");
  EXPECT_EQ(State("quick"), LevelState::kLoaded);
  EXPECT_EQ(State("original"), LevelState::kAvailable);
  Segmenter engine(BundleOf(disk_.model(), LoadVariant(disk_.variant("quick"), disk_.model()), 0), PlainExecutorFactory());
  EXPECT_EQ(DecodedLabels(answer.file), engine.Segment(ReadNifti(ct_).volume, {}).label_map.labels);
}

TEST_F(SegmentByNeed, ChoosesALevelThatIsOnDiskWhereItAloneKeepsThePromises) {
  Start();
  served().times().Expect({"tiny", "original"}, 10);
  served().times().Expect({"tiny", "quick"}, 1e-6);
  v1::SegmentHeader header;
  header.mutable_level()->mutable_automatic()->mutable_max_latency()->set_seconds(60);
  const Answer answer = Segment(served().channel(), ct_, header);
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.accepted.variant(), "quick");
  EXPECT_EQ(State("quick"), LevelState::kLoaded);
}

/// The card of a level, with a time of one of its patches on a machine that is another one.
std::string CardWithTime(const std::string& level, double patch_s) {
  Card card = ParseCard(TinyCard(level, 0.93, 0.91));
  CardLatency& latency = card.latency.emplace_back();
  latency.device = "cpu Another";
  latency.executor = "torch";
  latency.precision = "fp32";
  latency.threads = 1;
  latency.patch = {8, 8, 8};
  latency.min_s = patch_s;
  latency.median_s = patch_s;
  return EncodeCard(card);
}

TEST_F(SegmentByNeed, TakesACardsWordForALevelThatWasNeverLoaded) {
  std::ofstream(disk_.bundle() / "card.json") << CardWithTime("original", 1);
  disk_.Write("quick", "card.json", CardWithTime("quick", 0.25));
  Start();
  served().times().Expect({"tiny", "original"}, 10);  // of this machine: twelve patches take 120 s, and the quick level a quarter of that
  v1::SegmentHeader header;
  header.mutable_level()->mutable_automatic()->mutable_max_latency()->set_seconds(60);
  const Answer answer = Segment(served().channel(), ct_, header);
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.accepted.variant(), "quick");
  EXPECT_GE(answer.accepted.estimated_latency().seconds(), 30);
}

TEST_F(SegmentByNeed, ALevelThatMayRunInsteadIsNotKeptInTheWayOfTheOneThatRuns) {
  options_.config.memory_limit_bytes = RoomForOneLevel();
  Start();
  EXPECT_TRUE(Ask("quick").status.ok());
  const Answer answer = Ask("auto");
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.summary.variant(), "original");
}

TEST_F(SegmentByNeed, ServesLevelsInTurnThatDoNotFitTogether) {
  options_.config.memory_limit_bytes = RoomForOneLevel();
  Start();
  for (int turn = 0; turn < 3; ++turn) {
    for (const char* level : {"original", "quick"}) {
      const Answer answer = Ask(level);
      EXPECT_TRUE(answer.status.ok()) << level << ": " << answer.status.error_message();
      EXPECT_EQ(State(level), LevelState::kLoaded) << level;
    }
  }
  EXPECT_TRUE(served().BecomesIdle());
  EXPECT_LE(served().memory().weight_bytes(), served().memory().limit_bytes());
}

TEST_F(SegmentByNeed, RefusesALevelForWhichARunningRequestLeavesNoRoomAndSaysWhenToTryAgain) {
  options_.config.memory_limit_bytes = RoomForOneLevel();
  Start(false);
  v1::SegmentHeader header;
  header.mutable_level()->set_name("original");
  SegmentConversation running(served().channel());
  running.SendHeader(header);
  running.SendFile(ct_);
  ASSERT_TRUE(held_->gate().WaitForPatch(1));
  const Answer refused = Ask("quick");
  EXPECT_EQ(refused.status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(DetailOf<google::rpc::RetryInfo>(refused.status));
  EXPECT_EQ(State("original"), LevelState::kLoaded);
  held_->gate().Open();
  EXPECT_TRUE(running.Finish().status.ok());
  EXPECT_TRUE(served().BecomesIdle());
  EXPECT_TRUE(Ask("quick").status.ok());
}

TEST_F(SegmentByNeed, RefusesALevelForWhichAPinnedOneLeavesNoRoom) {
  options_.config.memory_limit_bytes = VoxelBytes() + Described("original").weight_bytes + WorkBytes("quick") - 1;
  Start();
  {
    const auto view = served().view();
    served().catalogue().Load(view->Find("").original(), {});
  }
  const Answer refused = Ask("quick");
  EXPECT_EQ(refused.status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_FALSE(DetailOf<google::rpc::RetryInfo>(refused.status)) << "waiting does not help";
  {
    const auto view = served().view();
    served().catalogue().Unload(view->Find("").original(), {});
  }
  EXPECT_TRUE(Ask("quick").status.ok());
}

TEST_F(SegmentByNeed, RefusesAVolumeForWhichAPinnedLevelLeavesNoRoom) {
  options_.config.memory_limit_bytes = Described("original").weight_bytes + VoxelBytes() - 1;
  Start();
  {
    const auto view = served().view();
    served().catalogue().Load(view->Find("").original(), {});
  }
  const Answer refused = Ask("original");
  EXPECT_EQ(refused.status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_THAT(refused.status.error_message(), HasSubstr("volume: needs"));
  EXPECT_EQ(InfoOf(refused.status, "limit_bytes"), std::to_string(VoxelBytes() - 1)) << "what is left beside weights that stay";
  EXPECT_FALSE(DetailOf<google::rpc::RetryInfo>(refused.status)) << "waiting does not help";
}

TEST_F(SegmentByNeed, GivesAKeptAnswerThoughAPinnedLevelLeavesNoRoomForItsVolumeAnyMore) {
  options_.config.memory_limit_bytes = VoxelBytes() + Described("quick").weight_bytes + WorkBytes("original") - 1;
  Start();
  v1::SegmentHeader header;
  header.mutable_level()->set_name("original");
  header.set_idempotency_key("k");
  ASSERT_TRUE(Segment(served().channel(), ct_, header).status.ok());
  ASSERT_TRUE(served().BecomesIdle());
  {
    const auto view = served().view();
    served().catalogue().Load(FindMeantLevel("quick", view->Find("").levels), {});
  }
  const Answer again = Segment(served().channel(), ct_, header);
  EXPECT_TRUE(again.status.ok()) << again.status.error_message();
  header.set_idempotency_key("another");
  EXPECT_EQ(Segment(served().channel(), ct_, header).status.error_code(), grpc::RESOURCE_EXHAUSTED);
}

TEST_F(SegmentByNeed, TellsARequestThatNeedsADamagedLevelAndRefusesTheNextAtItsHeader) {
  disk_.SpoilWeights("quick");
  Start();
  const Answer first = Ask("quick");
  EXPECT_EQ(NameOf(first.status.error_code()), "FAILED_PRECONDITION");
  EXPECT_THAT(first.status.error_message(), HasSubstr("level = quick: could not be loaded: "));
  EXPECT_THAT(first.status.error_message(), HasSubstr("pass the end of the file"));
  const Answer second = Ask("quick");
  EXPECT_EQ(NameOf(second.status.error_code()), "FAILED_PRECONDITION");
  EXPECT_EQ(second.order, "");
  EXPECT_TRUE(Ask("original").status.ok());
  EXPECT_TRUE(served().BecomesIdle());
}

TEST_F(SegmentByNeed, LoadsALevelOnceNoRequestBeforeHasTheDevice) {
  const auto patches_at_load = std::make_shared<std::atomic<int>>(0);  // that had begun when a network was made last
  options_.config.devices = {{.overlap = true}};
  options_.executor = [this, patches_at_load](const LayerGraph& graph, const WeightStore& weights, const std::string& prefix) {
    *patches_at_load = held_->gate().arrived();
    return PlainExecutorFactory()(graph, weights, prefix);
  };
  Start(false);
  v1::SegmentHeader header;
  header.mutable_level()->set_name("original");
  SegmentConversation running(served().channel());
  running.SendHeader(header);
  running.SendFile(ct_);
  ASSERT_TRUE(held_->gate().WaitForPatch(1));
  header.mutable_level()->set_name("quick");
  SegmentConversation next(served().channel());
  next.SendHeader(header);
  next.SendFile(ct_);
  ASSERT_TRUE(WaitUntil([&] { return served().queue().running() == 2; }));
  EXPECT_EQ(State("quick"), LevelState::kAvailable);
  held_->gate().Open();
  EXPECT_TRUE(running.Finish().status.ok());
  EXPECT_TRUE(next.Finish().status.ok());
  EXPECT_EQ(*patches_at_load, 12) << "all of the request before: the patch that warms a level up is timed on a device that is nobody else's";
}

TEST_F(SegmentByNeed, LeavesNothingBehindWhereTheClientGoesBeforeTheLevelIsLoaded) {
  Start(false);
  v1::SegmentHeader header;
  header.mutable_level()->set_name("original");
  SegmentConversation running(served().channel());
  running.SendHeader(header);
  running.SendFile(ct_);
  ASSERT_TRUE(held_->gate().WaitForPatch(1));
  header.mutable_level()->set_name("quick");
  SegmentConversation waiting(served().channel());
  waiting.SendHeader(header);
  waiting.SendFile(ct_);
  ASSERT_TRUE(waiting.ReadOne());
  waiting.Cancel();
  waiting.Finish();
  ASSERT_TRUE(WaitUntil([&] { return served().device().queue().depth() == 0; })) << "the server looks twenty times a second";
  held_->gate().Open();
  EXPECT_TRUE(running.Finish().status.ok());
  EXPECT_TRUE(served().BecomesIdle());
  EXPECT_EQ(State("quick"), LevelState::kAvailable);
  const MemoryReservation all = served().memory().Reserve(served().memory().limit_bytes(), "volume");
  EXPECT_EQ(served().memory().weight_bytes(), 0) << "whatever is left makes room";
}

}  // namespace
}  // namespace tuckerseg
