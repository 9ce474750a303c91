/// What Compare holds from one level to the next, what comes in between, and how it ends before its last one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/segment/memory_plan.h"
#include "engine/volume/nifti_reader.h"
#include "tests/server/schedule/held_work.h"
#include "tests/server/serve/compare_conversation.h"
#include "tests/server/serve/held_model.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/status_details.h"
#include "tests/server/variants/tiny_variants.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;
using testing::MatchesRegex;

/// The rank by which a test tells its levels apart: 0 for the original.
int64_t RankOf(const LayerGraph& graph) {
  for (const Layer& layer : graph.layers)
    if (layer.kind == LayerKind::kTuckerConvolution) return layer.rank_out;
  return 0;
}

/// Executors of which those of one rank pass a gate before each patch, and all write down whose patches run.
class WatchedLevels {
 public:
  explicit WatchedLevels(int64_t gated_rank) : gated_rank_(gated_rank) {}

  ExecutorFactory Over(const ExecutorFactory& factory) {
    return [this, factory, gated = gate_.Before(factory)](const LayerGraph& graph, const WeightStore& weights, const std::string& prefix) {
      const int64_t rank = RankOf(graph);
      return std::make_unique<Watched>(*this, rank, rank == gated_rank_ ? gated(graph, weights, prefix) : factory(graph, weights, prefix));
    };
  }

  PatchGate& gate() { return gate_; }
  /// The ranks of the levels that have run, each once for all its patches in a row.
  std::vector<int64_t> ranks() const {
    const std::lock_guard lock(mutex_);
    return ranks_;
  }

 private:
  class Watched final : public Executor {
   public:
    Watched(WatchedLevels& levels, int64_t rank, std::unique_ptr<Executor> inner) : levels_(levels), rank_(rank), inner_(std::move(inner)) {}
    std::span<const float> Run(std::span<const float> patch, const Size3& shape) override {
      levels_.Note(rank_);
      return inner_->Run(patch, shape);
    }

   private:
    WatchedLevels& levels_;
    int64_t rank_;
    std::unique_ptr<Executor> inner_;
  };

  void Note(int64_t rank) {
    const std::lock_guard lock(mutex_);
    if (ranks_.empty() || ranks_.back() != rank) ranks_.push_back(rank);
  }

  const int64_t gated_rank_;
  PatchGate gate_;
  mutable std::mutex mutex_;
  std::vector<int64_t> ranks_;
};

/// The original, `first` of rank 1 and `second` of rank 2. The levels of one rank, kGated, wait before each patch until a test lets them go on.
template <int64_t kGated>
class HeldComparison : public testing::Test {
 protected:
  HeldComparison() : served_(Serving()) {}
  ~HeldComparison() override { gate().Open(); }

  PatchGate& gate() { return levels_.gate(); }
  void Begin(CompareConversation& conversation, const std::vector<std::string>& levels) {
    ASSERT_TRUE(conversation.SendHeader(Comparing(levels)));
    conversation.SendFile(ct_);
    ASSERT_TRUE(gate().WaitForPatch(1));
  }
  int64_t VoxelBytes() const { return static_cast<int64_t>(ReadNifti(ct_).volume.voxels.size()); }
  int64_t LabelBytes() const { return int64_t{2} * 13 * 9 * 11; }
  int64_t PeakBytes(const std::string& level) const {
    const std::shared_ptr<const CatalogueView> view = served_.view();
    for (const ServedLevel& served : view->Find("").levels)
      if (served.name == level) return PredictPeakBytes(*served.model, ReadNifti(ct_).header.geometry, {.threads = 0});
    return 0;
  }
  bool NoStreamIsLeft() {
    return WaitUntil([this] { return served_.parts().streams == 0; });
  }
  /// Nothing is held, and the next call is served.
  void ExpectFree() {
    gate().Open();
    EXPECT_TRUE(served_.BecomesIdle());
    const CompareAnswer answer = Compare(served_.NewChannel(), ct_, Comparing({"original", "first", "second"}));
    EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  }

  ServedOptions Serving() {
    disk_.Add("a", {{"first", 0.3, true, 1}}, 11);
    disk_.Add("b", {{"second", 0.5, true, 2}}, 12);
    ServedOptions options;
    options.models = disk_.models();
    options.executor = levels_.Over(options.executor);
    return options;
  }

  const std::vector<std::byte> ct_ = SmallCt().Bytes();
  const ModelOnDisk disk_{TinyServedBundle()};
  WatchedLevels levels_{kGated};
  ServedModel served_;
};

using HeldAtTheSecond = HeldComparison<2>;  // `second`
using HeldAtTheFirst = HeldComparison<0>;   // `original`

TEST_F(HeldAtTheSecond, HasTheVolumeAndTheFirstLabelMapOnceBesideTheWork) {
  CompareConversation conversation(served_.channel());
  Begin(conversation, {"original", "first", "second"});
  EXPECT_EQ(served_.memory().reserved_bytes(), VoxelBytes() + LabelBytes() + PeakBytes("second"));
  gate().Open();
  EXPECT_TRUE(conversation.Finish().status.ok());
  EXPECT_TRUE(served_.BecomesIdle());
}

TEST_F(HeldAtTheFirst, ReservesNothingForLevelsToCome) {
  CompareConversation conversation(served_.channel());
  Begin(conversation, {"original", "first", "second"});
  EXPECT_EQ(served_.memory().reserved_bytes(), VoxelBytes() + PeakBytes("original"));
  EXPECT_EQ(served_.queue().depth(), 0) << "their places are taken when their turn comes";
  gate().Open();
  EXPECT_TRUE(conversation.Finish().status.ok());
}

TEST_F(HeldAtTheFirst, LetsOthersComeInBetween) {
  CompareConversation conversation(served_.channel());
  Begin(conversation, {"original", "first"});
  SegmentConversation other(served_.channel());
  v1::SegmentHeader header;
  header.mutable_level()->set_name("second");
  ASSERT_TRUE(other.SendHeader(header));
  other.SendFile(ct_);
  ASSERT_TRUE(other.ReadOne());
  EXPECT_EQ(other.answer().accepted.queue_position(), 1U);
  gate().Open();
  EXPECT_TRUE(other.Finish().status.ok());
  EXPECT_TRUE(conversation.Finish().status.ok());
  EXPECT_THAT(levels_.ranks(), ElementsAre(0, 2, 1));
}

TEST_F(HeldAtTheSecond, ResultsOfLevelsBeforeItHaveComeAlready) {
  CompareConversation conversation(served_.channel());
  Begin(conversation, {"original", "second"});
  ASSERT_TRUE(conversation.ReadUntil("r"));
  EXPECT_EQ(conversation.answer().levels.at(0).result.variant(), "original");
  conversation.Cancel();
  EXPECT_EQ(conversation.Finish().status.error_code(), grpc::CANCELLED);
  ExpectFree();
}

TEST_F(HeldAtTheSecond, IsCancelledWithinOnePatch) {
  CompareConversation conversation(served_.channel());
  Begin(conversation, {"original", "second", "first"});
  conversation.Cancel();
  EXPECT_EQ(conversation.Finish().status.error_code(), grpc::CANCELLED);
  ASSERT_TRUE(NoStreamIsLeft()) << "the call does not wait for the patch";
  EXPECT_EQ(served_.queue().running(), 1);
  gate().Open();
  EXPECT_TRUE(served_.BecomesIdle());
  EXPECT_EQ(gate().arrived(), 1) << "the patch that ran was the last";
  EXPECT_THAT(levels_.ranks(), ElementsAre(0, 2)) << "nothing runs for a client that has gone";
  ExpectFree();
}

TEST_F(HeldAtTheFirst, IsCancelledWhileItReceives) {
  CompareConversation conversation(served_.channel());
  ASSERT_TRUE(conversation.SendHeader(Comparing({"original", "first"})));
  ASSERT_TRUE(conversation.SendChunk(std::span(ct_).first(400)));
  ASSERT_TRUE(WaitUntil([this] { return served_.memory().reserved_bytes() > 0; }));
  conversation.Cancel();
  EXPECT_EQ(conversation.Finish().status.error_code(), grpc::CANCELLED);
  EXPECT_TRUE(served_.BecomesIdle());
  EXPECT_EQ(gate().arrived(), 0);
  ExpectFree();
}

TEST_F(HeldAtTheSecond, EndsAtItsDeadline) {
  CompareConversation conversation(served_.channel(), std::chrono::system_clock::now() + std::chrono::seconds(4));
  Begin(conversation, {"original", "second"});
  EXPECT_EQ(conversation.Finish().status.error_code(), grpc::DEADLINE_EXCEEDED);
  EXPECT_TRUE(NoStreamIsLeft());
  ExpectFree();
}

TEST_F(HeldAtTheSecond, AClientThatVanishesFreesEverything) {
  {
    CompareConversation conversation(served_.NewChannel());
    Begin(conversation, {"original", "second"});
  }  // stream, context and channel go without a word
  EXPECT_TRUE(NoStreamIsLeft());
  ExpectFree();
}

TEST_F(HeldAtTheSecond, IsCancelledByAServerThatStops) {
  CompareConversation conversation(served_.channel());
  Begin(conversation, {"original", "second"});
  served_.server().Stop(std::chrono::milliseconds(10));
  EXPECT_FALSE(conversation.Finish().status.ok());
  EXPECT_EQ(served_.parts().streams, 0);
  gate().Open();
  EXPECT_TRUE(served_.BecomesIdle());
}

/// One level's work at a time finds a place in the queue, and others take it between two levels.
class CompareBehindOthers : public testing::Test {
 protected:
  CompareBehindOthers() : served_(Serving()) {}
  ~CompareBehindOthers() override { levels_.gate().Open(); }

  /// Begins to compare, and has the only place in the queue taken as soon as the first level is done.
  void CompareWhileOthersCome() {
    ASSERT_TRUE(conversation_.SendHeader(Comparing({"original", "first"})));
    conversation_.SendFile(ct_);
    ASSERT_TRUE(levels_.gate().WaitForPatch(1));
    const std::lock_guard admission(served_.parts().admission);  // the second level waits here until the others have come
    levels_.gate().Open();
    ASSERT_TRUE(WaitUntil([this] { return served_.queue().running() == 0; }));
    others_.emplace(served_.queue());
  }

  ServedOptions Serving() {
    disk_.Add("a", {{"first", 0.3, true, 1}}, 11);
    ServedOptions options;
    options.models = disk_.models();
    options.config.queue_capacity = 1;
    options.executor = levels_.Over(options.executor);
    return options;
  }

  const std::vector<std::byte> ct_ = SmallCt().Bytes();
  const ModelOnDisk disk_{TinyServedBundle()};
  WatchedLevels levels_{0};
  ServedModel served_;
  CompareConversation conversation_{served_.channel()};
  std::optional<HeldPlace> others_;
};

TEST_F(CompareBehindOthers, WaitsForThemRatherThanLoseWhatIsDone) {
  CompareWhileOthersCome();
  ASSERT_TRUE(conversation_.ReadUntil("rpp")) << "it tells that it waits";
  const v1::Progress& waiting = conversation_.answer().progress.back();
  EXPECT_EQ(waiting.stage(), v1::STAGE_QUEUE);
  EXPECT_EQ(waiting.fraction(), 0.5);
  others_.reset();
  const CompareAnswer answer = conversation_.Finish();
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_THAT(answer.order, MatchesRegex("ap+rp+ap+r"));
  EXPECT_TRUE(served_.BecomesIdle());
}

TEST_F(CompareBehindOthers, DoesNotWaitForEver) {
  served_.parts().patience = std::chrono::milliseconds(100);
  CompareWhileOthersCome();
  const CompareAnswer answer = conversation_.Finish();
  EXPECT_EQ(answer.status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_EQ(answer.status.error_message(), "queue: is full");
  EXPECT_TRUE(DetailOf<google::rpc::RetryInfo>(answer.status));
  others_.reset();
  EXPECT_TRUE(served_.BecomesIdle());
}

TEST_F(CompareBehindOthers, StopsWaitingWhenItIsCancelled) {
  CompareWhileOthersCome();
  ASSERT_TRUE(conversation_.ReadUntil("rp"));
  conversation_.Cancel();
  EXPECT_EQ(conversation_.Finish().status.error_code(), grpc::CANCELLED);
  EXPECT_TRUE(WaitUntil([this] { return served_.parts().streams == 0 && served_.memory().reserved_bytes() == 0; }));
  others_.reset();
  EXPECT_TRUE(served_.BecomesIdle());
}

TEST_F(CompareBehindOthers, IsRefusedAtOnceWhereItsFirstLevelFindsNoPlace) {
  others_.emplace(served_.queue());
  ASSERT_TRUE(WaitUntil([this] { return served_.queue().running() == 1; }));
  conversation_.SendHeader(Comparing({"original", "first"}));
  conversation_.SendFile(ct_);
  const CompareAnswer answer = conversation_.Finish();
  EXPECT_EQ(answer.status.error_message(), "queue: is full");
  EXPECT_EQ(answer.order, "");
  others_.reset();
}

/// Two devices on the host's processors, and the levels that a test asks for.
class CompareOnDevices : public testing::Test {
 protected:
  CompareOnDevices() {
    disk_.Add("narrow", {{"narrow", 0.3, true, 1}}, 11);
    options_.models = disk_.models();
  }
  std::vector<std::string> DevicesOfLevels(ServedModel& served, const std::vector<std::string>& levels) const {
    const CompareAnswer answer = Compare(served.channel(), SmallCt().Bytes(), Comparing(levels));
    EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
    std::vector<std::string> devices;
    for (const AnsweredLevel& level : answer.levels) {
      devices.push_back(level.result.device());
      EXPECT_EQ(level.accepted.device(), level.result.device());
    }
    return devices;
  }
  /// Of a level's work with its weights.
  int64_t BytesOf(const DescribedLevel& level) const {
    return PredictPeakBytes(*level.level.model, ReadNifti(SmallCt().Bytes()).header.geometry, {.threads = 0}) + level.level.weight_bytes;
  }

  const ModelOnDisk disk_{TinyServedBundle()};
  ServedOptions options_;
};

TEST_F(CompareOnDevices, RunsAllLevelsWhereTheFirstOneRan) {
  options_.config.devices = {{.name = "left"}, {.name = "right"}};
  ServedModel served(std::move(options_));
  served.device(0).times().Expect({"tiny", "original"}, 10);
  served.device(1).times().Expect({"tiny", "narrow"}, 10);
  EXPECT_THAT(DevicesOfLevels(served, {"original", "narrow"}), ElementsAre("right", "right")) << "though the second would end sooner on the other";
  EXPECT_THAT(DevicesOfLevels(served, {"narrow", "original"}), ElementsAre("left", "left"));
}

TEST_F(CompareOnDevices, RefusesAtTheVolumesHeaderWhereTheFirstLevelNeverFitsAndLaterWhereAnotherDoesNot) {
  const std::vector<DescribedLevel> levels = DescribeBundle(disk_.bundle(), false).levels;
  ASSERT_EQ(levels.size(), 2U);
  const int64_t original = BytesOf(levels[0]);
  const int64_t narrow = BytesOf(levels[1]);
  ASSERT_NE(original, narrow);
  const auto [smaller, larger] = original < narrow ? std::pair("original", "narrow") : std::pair("narrow", "original");
  options_.config.devices = {{.name = "small", .memory_limit_bytes = std::max(original, narrow) - 1}};
  ServedModel served(std::move(options_));
  const std::vector<std::byte> ct = SmallCt().Bytes();
  CompareConversation conversation(served.channel(), std::chrono::system_clock::now() + kLimit);
  ASSERT_TRUE(conversation.SendHeader(Comparing({larger, smaller})));
  ASSERT_TRUE(conversation.SendChunk(std::span(ct).first(400)));  // and neither the rest nor the half-close
  const CompareAnswer refused = conversation.Finish();
  EXPECT_EQ(refused.status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_FALSE(DetailOf<google::rpc::RetryInfo>(refused.status)) << "waiting does not help";
  EXPECT_EQ(refused.order, "");

  const CompareAnswer later = Compare(served.channel(), ct, Comparing({smaller, larger}));
  EXPECT_EQ(later.status.error_code(), grpc::RESOURCE_EXHAUSTED);
  ASSERT_EQ(later.levels.size(), 1U);
  EXPECT_EQ(later.levels[0].result.variant(), smaller) << "what came before is right";
  EXPECT_TRUE(served.BecomesIdle());
}

TEST_F(CompareOnDevices, RunsALevelElsewhereThatCanNeverRunWhereTheFirstDid) {
  const std::vector<DescribedLevel> levels = DescribeBundle(disk_.bundle(), false).levels;
  ASSERT_EQ(levels.size(), 2U);
  const int64_t original = BytesOf(levels[0]);
  const int64_t narrow = BytesOf(levels[1]);
  ASSERT_NE(original, narrow);
  const auto names = original < narrow ? std::pair("original", "narrow") : std::pair("narrow", "original");
  options_.config.devices = {{.name = "large"}, {.name = "small", .memory_limit_bytes = std::min(original, narrow)}};
  ServedModel served(std::move(options_));
  served.device(0).times().Expect({"tiny", names.first}, 10);
  EXPECT_THAT(DevicesOfLevels(served, {names.first, names.second}), ElementsAre("small", "large"));
}

}  // namespace
}  // namespace tuckerseg
