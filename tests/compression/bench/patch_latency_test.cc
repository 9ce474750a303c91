#include "compression/bench/patch_latency.h"

#include <gmock/gmock.h>

#include "engine/error.h"
#include "engine/execute/plain/plain_executor.h"
#include "engine/model/cost.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;

/// Answers with 100, 200, ... in the order of asking.
class CountingPeak : public PeakMemory {
 public:
  void Begin() override { ++begun; }
  std::optional<int64_t> Bytes() override { return 100 * begun; }
  int64_t begun = 0;
};

VariantNetworks Tiny(const std::string& name, size_t networks = 1) {
  VariantNetworks variant{name, {}};
  const LayerGraph graph = TinyUnet(4, 3);
  for (size_t i = 0; i < networks; ++i) variant.networks.push_back({graph, RandomWeights(graph, "fold_0.", 1), "fold_0.", {4, 4, 4}});
  return variant;
}

/// The plain executor, with a note of each run.
class NotingExecutor : public Executor {
 public:
  NotingExecutor(std::unique_ptr<Executor> executor, std::string name, std::vector<std::string>& notes)
      : executor_(std::move(executor)), name_(std::move(name)), notes_(notes) {}
  std::span<const float> Run(std::span<const float> patch, const Size3& shape) override {
    notes_.push_back(name_);
    return executor_->Run(patch, shape);
  }
  void ReleaseLogits() override { notes_.push_back("released"); }

 private:
  std::unique_ptr<Executor> executor_;
  std::string name_;
  std::vector<std::string>& notes_;
};

ExecutorFactory Noting(std::vector<std::string>& notes) {
  return [&notes](const LayerGraph& graph, const WeightStore& weights, const std::string& prefix) -> std::unique_ptr<Executor> {
    return std::make_unique<NotingExecutor>(PlainExecutorFactory()(graph, weights, prefix), std::to_string(graph.OutChannels()), notes);
  };
}

TEST(MeasurePatches, GivesTimesAndMemoryOfEveryVariant) {
  CountingPeak memory;
  const auto latencies = MeasurePatches({Tiny("a"), Tiny("b")}, PlainExecutorFactory(), memory, 3);
  ASSERT_EQ(latencies.size(), 2U);
  for (const PatchTime& latency : latencies) {
    EXPECT_GT(latency.min_s, 0);
    EXPECT_GE(latency.median_s, latency.min_s);
  }
  EXPECT_EQ(latencies[0].peak_bytes, 100);
  EXPECT_EQ(latencies[1].peak_bytes, 200);
}

TEST(MeasurePatches, RunsTheVariantsInTurnsAfterOneUntimedRunOfEach) {
  const auto with_classes = [](int64_t classes) {
    const LayerGraph graph = TinyUnet(4, classes);
    return VariantNetworks{std::to_string(classes), {{graph, RandomWeights(graph, "", 1), "", {4, 4, 4}}}};
  };
  CountingPeak memory;
  std::vector<std::string> notes;
  MeasurePatches({with_classes(2), with_classes(3)}, Noting(notes), memory, 2);
  std::erase(notes, "released");
  // The second took more memory: it runs once more before the first timed round.
  EXPECT_THAT(notes, ElementsAre("2", "3", "3", "2", "3", "2", "3"));
}

TEST(MeasurePatches, ReleasesTheLogitsAfterEachRun) {
  CountingPeak memory;
  std::vector<std::string> notes;
  MeasurePatches({Tiny("a")}, Noting(notes), memory, 1);
  EXPECT_THAT(notes, ElementsAre("3", "released", "3", "released", "3", "released"));
}

TEST(MeasurePatches, TellsAfterEachRun) {
  CountingPeak memory;
  std::vector<std::string> told;
  MeasurePatches({Tiny("a"), Tiny("b")}, PlainExecutorFactory(), memory, 1,
                 [&](const std::string& variant, int64_t done, int64_t total) {
                   told.push_back(variant + std::to_string(done) + "/" + std::to_string(total));
                 });
  EXPECT_THAT(told, ElementsAre("a1/4", "b2/4", "a3/4", "b4/4"));
}

TEST(MeasurePatches, RefusesWhatCannotBeMeasured) {
  CountingPeak memory;
  const auto measure = [&](const std::vector<VariantNetworks>& variants, int repeat) {
    MeasurePatches(variants, PlainExecutorFactory(), memory, repeat);
  };
  ExpectError(ErrorCode::kInvalidArgument, "repeat = 0: must be at least 1", [&] { measure({Tiny("a")}, 0); });
  ExpectError(ErrorCode::kInvalidArgument, "variants: must be one or more", [&] { measure({}, 1); });
  ExpectError(ErrorCode::kInvalidArgument, "variant a: must have a network", [&] { measure({Tiny("a", 0)}, 1); });
}

TEST(VariantNetworks, SumsTheMultiplyAddsOfItsNetworks) {
  EXPECT_EQ(Tiny("a", 2).MultiplyAdds(), 2 * TotalMultiplyAdds(TinyUnet(4, 3), {4, 4, 4}));
}

TEST(Median, IsTheMiddleOrTheMeanOfTheTwoInTheMiddle) {
  EXPECT_EQ(Median({3, 1, 2}), 2);
  EXPECT_EQ(Median({4, 1, 2, 3}), 2.5);
  ExpectError(ErrorCode::kInvalidArgument, "median", [] { Median({}); });
}

}  // namespace
}  // namespace tuckerseg
