#include "engine/segment/segmenter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <limits>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "engine/error.h"
#include "engine/execute/plain/plain_executor.h"
#include "tests/engine/segment/noted_gate.h"
#include "tests/engine/segment/threshold_model.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

Segmenter TinySegmenter() { return Segmenter(TinyBundle(TinyUnet(2, 4), {8, 8, 8}, 5), PlainExecutorFactory()); }

TEST(Segmenter, GivesALabelToEveryVoxelOfTheInputsGrid) {
  Segmenter segmenter = TinySegmenter();
  const Segmentation result = segmenter.Segment(RandomVolume({13, 9, 11}, 1), {});
  EXPECT_EQ(result.label_map.shape, (Index3{13, 9, 11}));
  EXPECT_EQ(result.label_map.labels.size(), 13U * 9 * 11);
  std::vector<int> seen(4);
  for (const uint16_t label : result.label_map.labels) {
    ASSERT_LT(label, 4);
    ++seen[label];
  }
  EXPECT_GT(*std::max_element(seen.begin() + 1, seen.end()), 0) << "a random network labels something";
}

TEST(Segmenter, GivesTheSameLabelsWithAnyNumberOfThreads) {
  const Volume volume = RandomVolume({13, 9, 11}, 1);
  EXPECT_EQ(TinySegmenter().Segment(volume, {.threads = 1}).label_map.labels,
            TinySegmenter().Segment(volume, {.threads = 3}).label_map.labels);
}

TEST(Segmenter, CountsPatchesUpToTheirTotalAndEntersEachStage) {
  std::vector<Progress> seen;
  TinySegmenter().Segment(RandomVolume({13, 9, 11}, 1), {}, {}, [&](const Progress& progress) { seen.push_back(progress); });
  EXPECT_EQ(seen.front().stage, Stage::kPreprocess);
  EXPECT_EQ(seen.back().stage, Stage::kPostprocess);
  EXPECT_EQ(seen.back().patches_done, seen.back().patches_total);
  EXPECT_EQ(seen.back().patches_total, 2 * 2 * 3);  // ceil((11-8)/4)+1, ceil((9-8)/4)+1, ceil((13-8)/4)+1
}

TEST(Segmenter, StopsBetweenPatches) {
  std::stop_source stop;
  int patches = 0;
  try {
    TinySegmenter().Segment(RandomVolume({13, 9, 11}, 1), {}, stop.get_token(), [&](const Progress& progress) {
      patches = static_cast<int>(progress.patches_done);
      if (patches == 3) stop.request_stop();
    });
    FAIL() << "went on";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCancelled);
  }
  EXPECT_EQ(patches, 3);
}

TEST(Segmenter, LaterPartsOverwriteEarlierOnesWhereTheyAreNotBackground) {
  // Two parts of the same network; the second one's labels are moved up by 10. Where it says background the first one's stay.
  Bundle bundle = TinyBundle(TinyUnet(2, 4), {8, 8, 8}, 5);
  const Volume volume = RandomVolume({8, 8, 8}, 2);
  const std::vector<uint16_t> alone = Segmenter(bundle, PlainExecutorFactory()).Segment(volume, {}).label_map.labels;
  ModelPart second = bundle.model.parts.front();
  second.name = "second";
  second.channel_labels = {0, 11, 0, 13};
  bundle.model.parts.push_back(second);
  bundle.weights.push_back(bundle.weights.front());
  const std::vector<uint16_t> merged = Segmenter(bundle, PlainExecutorFactory()).Segment(volume, {}).label_map.labels;
  for (size_t i = 0; i < alone.size(); ++i) {
    const int expected = alone[i] == 1 || alone[i] == 3 ? alone[i] + 10 : alone[i];
    ASSERT_EQ(merged[i], expected);
  }
}

TEST(Segmenter, CountsTheVoxelsInWhichALaterPartOverwroteAnEarlierOne) {
  Segmenter segmenter(OverlappingBundle("overlapping", 100, 300), PlainExecutorFactory());
  const Volume volume = Field({20, 9, 9}, {{3, 200}, {10, 500}, {11, 500}});
  const Segmentation result = segmenter.Segment(volume, {});
  EXPECT_EQ(result.label_map.labels[3], 1) << "the liver alone";
  EXPECT_EQ(result.label_map.labels[10], 2);
  EXPECT_EQ(result.label_map.labels[11], 2);
  EXPECT_EQ(result.part_overlap_voxels, 2);
  EXPECT_EQ(segmenter.Segment(volume, {}).part_overlap_voxels, 2) << "of each volume alone";
}

TEST(Segmenter, CountsNoOverlapWhereOnePartRuns) {
  const Volume volume = Field({20, 9, 9}, {{3, 200}, {10, 500}, {11, 500}});
  EXPECT_EQ(Segmenter(ThresholdBundle("bright", {"spot"}, 100), PlainExecutorFactory()).Segment(volume, {}).part_overlap_voxels, 0) << "there is no other";
  Segmenter two(OverlappingBundle("overlapping", 100, 300), PlainExecutorFactory());
  EXPECT_EQ(two.Segment(volume, {.structures = {2}}).part_overlap_voxels, 0) << "the other one knows nothing that was asked for";
}

TEST(Segmenter, CountsAnOverlapInPartsOfASplitOnce) {
  Segmenter segmenter(OverlappingBundle("overlapping", 100, 300), PlainExecutorFactory());
  // Rows are predicted from 0 to 50, 11 to 80 and 41 to 90: row 5 by one part of the split, row 20 by two, row 45 by all three.
  const Volume volume = Field({8, 8, 90}, {{5 * 64, 500}, {20 * 64, 500}, {45 * 64, 500}});
  const Segmentation result = segmenter.Segment(volume, {.split_in_three = true});
  for (const size_t row : {5, 20, 45}) EXPECT_EQ(result.label_map.labels[row * 64], 2);
  EXPECT_EQ(result.part_overlap_voxels, 3);
}

/// Two parts: the first finds labels 1 to 3, the second, with the same weights, 11 and 13.
Bundle TwoParts() {
  Bundle bundle = TinyBundle(TinyUnet(2, 4), {8, 8, 8}, 5);
  ModelPart second = bundle.model.parts.front();
  second.name = "second";
  second.channel_labels = {0, 11, 13, 11};
  bundle.model.parts.push_back(second);
  bundle.weights.push_back(bundle.weights.front());
  return bundle;
}

TEST(Segmenter, RunsOnlyThePartsThatKnowAStructureAskedForAndKeepsNoOther) {
  Segmenter segmenter(TwoParts(), PlainExecutorFactory());
  const Volume volume = RandomVolume({13, 9, 11}, 1);
  int64_t patches = 0;
  const auto count = [&patches](const Progress& progress) { patches = progress.patches_total; };
  const LabelMap second = segmenter.Segment(volume, {.structures = {13}}, {}, count).label_map;
  EXPECT_EQ(patches, 2 * 2 * 3);
  EXPECT_EQ(segmenter.MostPatches(volume.geometry, {.structures = {13}}), 2 * 2 * 3);
  EXPECT_EQ(segmenter.MostPatches(volume.geometry, {}), 2 * 2 * 2 * 3);
  const std::vector<uint16_t> all = segmenter.Segment(volume, {}).label_map.labels;
  ASSERT_GT(std::count(all.begin(), all.end(), 13), 0);
  for (size_t v = 0; v < all.size(); ++v) ASSERT_EQ(second.labels[v], all[v] == 13 ? 13 : 0);
}

/// Tells which executors hold logits, and that no other one does where it runs.
class NotedExecutor final : public Executor {
 public:
  NotedExecutor(std::unique_ptr<Executor> inner, std::set<const Executor*>& holding) : inner_(std::move(inner)), holding_(holding) {}
  std::span<const float> Run(std::span<const float> patch, const Size3& shape) override {
    holding_.insert(this);
    EXPECT_EQ(holding_.size(), 1U) << "of one patch alone";
    return inner_->Run(patch, shape);
  }
  void ReleaseLogits() override {
    inner_->ReleaseLogits();
    holding_.erase(this);
  }

 private:
  std::unique_ptr<Executor> inner_;
  std::set<const Executor*>& holding_;
};

TEST(Segmenter, HoldsTheLogitsOfOnePatchAtATimeAndNoneOnceItsWorkIsDone) {
  std::set<const Executor*> holding;
  Segmenter segmenter(TwoParts(), [&holding](const LayerGraph& graph, const WeightStore& weights, const std::string& prefix) {
    return std::make_unique<NotedExecutor>(PlainExecutorFactory()(graph, weights, prefix), holding);
  });
  segmenter.TimePatch();
  EXPECT_TRUE(holding.empty());
  for (const Accumulation accumulation : {Accumulation::kFloat32, Accumulation::kReference}) {
    segmenter.Segment(RandomVolume({12, 12, 12}, 1), {.accumulation = accumulation});
    EXPECT_TRUE(holding.empty());
  }
}

/// Takes a while for every run.
class SlowExecutor final : public Executor {
 public:
  static constexpr std::chrono::milliseconds kRun{10};
  std::span<const float> Run(std::span<const float>, const Size3&) override {
    std::this_thread::sleep_for(kRun);
    return {};
  }
};

TEST(Segmenter, TimesAPatchWithAllItsFlips) {
  Bundle bundle = TinyBundle(TinyUnet(2, 4), {8, 8, 8}, 5);
  bundle.model.parts.front().mirror_axes = {0, 1, 2};
  Segmenter segmenter(std::move(bundle), [](const LayerGraph&, const WeightStore&, const std::string&) { return std::make_unique<SlowExecutor>(); });
  EXPECT_GE(segmenter.TimePatch(), 7 * std::chrono::duration<double>(SlowExecutor::kRun).count()) << "eight of them";
}

TEST(Segmenter, SplitsInThreeWhenAskedTo) {
  Bundle bundle = TinyBundle(TinyUnet(2, 4), {8, 8, 8}, 5);
  bundle.model.pipeline.totalsegmentator = true;
  Segmenter segmenter(bundle, PlainExecutorFactory());
  const Volume volume = RandomVolume({8, 8, 90}, 1);
  int64_t patches = 0;
  const auto count = [&patches](const Progress& progress) { patches = progress.patches_total; };
  const LabelMap split = segmenter.Segment(volume, {.split_in_three = true}, {}, count).label_map;
  EXPECT_EQ(patches, 12 + 17 + 12) << "50, 69 and 49 rows in steps of 4: ceil((n - 8) / 4) + 1";
  EXPECT_EQ(segmenter.MostPatches(volume.geometry, {.split_in_three = true}), patches);
  // Far from the seams, a case of its own gives what the whole gives.
  const LabelMap whole = segmenter.Segment(volume, {}).label_map;
  const auto row = [](const LabelMap& map, int64_t k) { return std::vector<uint16_t>(map.labels.begin() + k * 64, map.labels.begin() + (k + 1) * 64); };
  EXPECT_EQ(row(split, 0), row(whole, 0));
  EXPECT_EQ(row(split, 89), row(whole, 89));
}

TEST(Segmenter, DropsSmallComponentsWhenAskedTo) {
  Segmenter segmenter(ThresholdBundle("bright", {"spot"}, 100), PlainExecutorFactory());
  const Volume volume = Field({20, 9, 9}, {{3, 500}, {10, 500}, {11, 500}, {12, 500}});
  const auto labelled = [&](double drop_below_mm3) {
    const LabelMap map = segmenter.Segment(volume, {.drop_below_mm3 = drop_below_mm3}).label_map;
    return std::count(map.labels.begin(), map.labels.end(), 1);
  };
  EXPECT_EQ(labelled(0), 4);
  EXPECT_EQ(labelled(1), 3);
  EXPECT_EQ(labelled(3), 0);
}

class SegmenterGateTest : public testing::Test {
 protected:
  Segmenter Make(Bundle bundle) { return Segmenter(std::move(bundle), gate_.Over(PlainExecutorFactory())); }
  Segmenter MakeTiny() { return Make(TinyBundle(TinyUnet(2, 4), {8, 8, 8}, 5)); }

  static constexpr size_t kPatches = 12;  // of the volume
  const Volume volume_ = RandomVolume({13, 9, 11}, 1);
  NotedGate gate_;
};

TEST_F(SegmenterGateTest, IsEnteredBeforeTheFirstPatchAndLeftBehindTheLast) {
  MakeTiny().Segment(volume_, {}, {}, {}, &gate_);
  EXPECT_EQ(gate_.order(), EnteredOnceFor(kPatches));
}

TEST_F(SegmenterGateTest, IsHadOnceForAllParts) {
  Segmenter segmenter = Make(TwoParts());
  segmenter.Segment(volume_, {}, {}, {}, &gate_);
  EXPECT_EQ(gate_.order(), EnteredOnceFor(2 * kPatches)) << "what comes first does not wait in the midst of its networks";
}

TEST_F(SegmenterGateTest, IsHadOnceForAllPartsOfASplit) {
  Bundle bundle = TinyBundle(TinyUnet(2, 4), {8, 8, 8}, 5);
  bundle.model.pipeline.totalsegmentator = true;
  Make(std::move(bundle)).Segment(RandomVolume({8, 8, 90}, 1), {.split_in_three = true}, {}, {}, &gate_);
  EXPECT_EQ(gate_.order(), EnteredOnceFor(12 + 17 + 12));
}

TEST_F(SegmenterGateTest, IsLeftBeforeWhatFollowsTheNetworks) {
  std::string seen;  // by the gate, when the next stage began
  MakeTiny().Segment(volume_, {}, {}, [&](const Progress& progress) {
    if (progress.stage == Stage::kPostprocess && seen.empty()) seen = gate_.order();
  }, &gate_);
  EXPECT_EQ(seen, EnteredOnceFor(kPatches));
}

TEST_F(SegmenterGateTest, IsLeftWhereTheNetworkThrows) {
  gate_.on_patch = [this] {
    if (gate_.order() == "eppp") throw Error(ErrorCode::kResourceExhausted, "the device has no memory left for a patch");
  };
  Segmenter segmenter = MakeTiny();
  ExpectError(ErrorCode::kResourceExhausted, "no memory left", [&] { segmenter.Segment(volume_, {}, {}, {}, &gate_); });
  EXPECT_EQ(gate_.order(), "epppl");
}

TEST_F(SegmenterGateTest, IsLeftWhereTheWorkIsCancelledBetweenPatches) {
  std::stop_source stop;
  gate_.on_patch = [&stop] { stop.request_stop(); };
  Segmenter segmenter = MakeTiny();
  ExpectError(ErrorCode::kCancelled, "cancelled", [&] { segmenter.Segment(volume_, {}, stop.get_token(), {}, &gate_); });
  EXPECT_EQ(gate_.order(), "epl");
}

TEST_F(SegmenterGateTest, IsNotEnteredWhereItDoesNotComeToAPatch) {
  Volume volume;
  volume.geometry = volume_.geometry;
  volume.type = VoxelType::kFloat32;
  volume.voxels.assign(static_cast<size_t>(volume.geometry.VoxelCount()) * sizeof(float), std::byte{0});
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::memcpy(volume.voxels.data(), &nan, sizeof(nan));
  Segmenter segmenter = MakeTiny();
  ExpectError(ErrorCode::kInvalidArgument, "NaN", [&] { segmenter.Segment(volume, {}, {}, {}, &gate_); });
  EXPECT_EQ(gate_.order(), "");
}

TEST_F(SegmenterGateTest, EndsTheWorkWhereItRefuses) {
  gate_.on_enter = [](const std::stop_token&) { throw Error(ErrorCode::kCancelled, "cancelled while it waited"); };
  Segmenter segmenter = MakeTiny();
  ExpectError(ErrorCode::kCancelled, "cancelled while it waited", [&] { segmenter.Segment(volume_, {}, {}, {}, &gate_); });
  EXPECT_EQ(gate_.order(), "e") << "no patch has run";
}

TEST_F(SegmenterGateTest, IsGivenTheTokenThatStopsTheWork) {
  std::stop_source stop;
  bool could_be_stopped = false;
  gate_.on_enter = [&](const std::stop_token& token) {
    stop.request_stop();
    could_be_stopped = token.stop_requested();
  };
  Segmenter segmenter = MakeTiny();
  ExpectError(ErrorCode::kCancelled, "cancelled", [&] { segmenter.Segment(volume_, {}, stop.get_token(), {}, &gate_); });
  EXPECT_TRUE(could_be_stopped);
}

TEST_F(SegmenterGateTest, CountsAWaitForNoStageAndTellsItAsPreprocessing) {
  constexpr std::chrono::milliseconds kWait{100};
  Progress told;
  Progress told_at_the_gate;
  gate_.on_enter = [&](const std::stop_token&) {
    told_at_the_gate = told;
    std::this_thread::sleep_for(kWait);
  };
  Segmenter segmenter = MakeTiny();
  const auto begin = std::chrono::steady_clock::now();
  const StageTimes times = segmenter.Segment(volume_, {}, {}, [&told](const Progress& progress) { told = progress; }, &gate_).times;
  const std::chrono::duration<double> whole = std::chrono::steady_clock::now() - begin;
  EXPECT_LE(times.preprocess_s + times.infer_s + times.postprocess_s, whole.count() - std::chrono::duration<double>(kWait).count());
  EXPECT_EQ(told_at_the_gate.stage, Stage::kPreprocess);
  EXPECT_EQ(told_at_the_gate.patches_done, 0);
  EXPECT_EQ(told_at_the_gate.patches_total, static_cast<int64_t>(kPatches));
}

/// Lets one of those that share the mutex through.
class MutexGate final : public DeviceGate {
 public:
  explicit MutexGate(std::mutex& mutex) : lock_(mutex, std::defer_lock) {}
  void Enter(const std::stop_token&) override { lock_.lock(); }
  void Leave() noexcept override { lock_.unlock(); }

 private:
  std::unique_lock<std::mutex> lock_;
};

TEST(Segmenter, TakesSeveralVolumesAtOnceWhereGatesLetOneOfThemThrough) {
  Segmenter segmenter(TwoParts(), PlainExecutorFactory());
  constexpr size_t kThreads = 4;
  std::array<std::vector<uint16_t>, kThreads> alone;
  const auto volume_of = [](size_t i) { return RandomVolume({13, 9, 11 + static_cast<int64_t>(i)}, static_cast<unsigned>(i)); };
  for (size_t i = 0; i < kThreads; ++i) alone[i] = segmenter.Segment(volume_of(i), {}).label_map.labels;

  std::mutex device;
  std::array<std::vector<uint16_t>, kThreads> together;
  {
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        MutexGate gate(device);
        together[i] = segmenter.Segment(volume_of(i), {}, {}, {}, &gate).label_map.labels;
      });
    }
  }
  EXPECT_EQ(together, alone);
}

TEST(Segmenter, RefusesAModelOfSeveralChannels) {
  Bundle bundle = TinyBundle(TinyUnet(2, 4), {8, 8, 8}, 5);
  bundle.model.parts.front().normalization.resize(2);
  try {
    Segmenter(bundle, PlainExecutorFactory());
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kFailedPrecondition);
    EXPECT_THAT(error.what(), HasSubstr("part network"));
  }
}

TEST(Segmenter, RefusesAPatchThatTheNetworkCannotTake) {
  try {
    Segmenter(TinyBundle(TinyUnet(2, 4), {8, 7, 8}, 5), PlainExecutorFactory());
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("patch_size[1] = 7: must be a multiple of 2"));
  }
}

TEST(Segmenter, RefusesResamplingThatItCannotDoBeforeAnyPatchRuns) {
  Bundle bundle = TinyBundle(TinyUnet(2, 4), {8, 8, 8}, 5);
  bundle.model.parts.front().logits_resampling.order_z = 1;
  ExpectError(ErrorCode::kFailedPrecondition, "order_z = 1: must be 0", [&] { Segmenter(bundle, PlainExecutorFactory()); });
  bundle.model.parts.front().logits_resampling = {.kind = ResamplingKind::kNone, .order = 1, .order_z = 0, .force_separate_z = {}};
  ExpectError(ErrorCode::kFailedPrecondition, "logits_resampling = none", [&] { Segmenter(bundle, PlainExecutorFactory()); });
}

TEST(Segmenter, NeedsMoreMemoryToHoldHalvesOfTheWholeImage) {
  // Long along the first axis: the exact accumulator holds a patch's length of rows, nnU-Net's the whole image.
  const Geometry geometry = RandomVolume({8, 8, 400}, 1).geometry;
  EXPECT_GT(TinySegmenter().PeakBytes(geometry, {.accumulation = Accumulation::kReference}), TinySegmenter().PeakBytes(geometry));
}

TEST(Segmenter, NeedsMoreMemoryForALargerVolume) {
  const Segmenter segmenter = TinySegmenter();
  const int64_t small = segmenter.PeakBytes(RandomVolume({16, 16, 16}, 1).geometry);
  const int64_t large = segmenter.PeakBytes(RandomVolume({32, 32, 32}, 1).geometry);
  EXPECT_GT(small, 0);
  EXPECT_GT(large, small);
}

}  // namespace
}  // namespace tuckerseg
