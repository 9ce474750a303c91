#include "engine/segment/segmenter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "engine/error.h"
#include "engine/execute/plain/plain_executor.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

Volume RandomVolume(const Index3& shape, unsigned seed) {
  Volume volume;
  volume.geometry.shape = shape;
  volume.geometry.header_spacing_mm = {1, 1, 1};
  for (size_t a = 0; a < 3; ++a) volume.geometry.affine_ras.linear[a][a] = 1;
  std::mt19937 random(seed);
  std::uniform_int_distribution<int16_t> values(-1000, 1000);
  std::vector<int16_t> voxels(static_cast<size_t>(volume.geometry.VoxelCount()));
  for (int16_t& voxel : voxels) voxel = values(random);
  volume.voxels.resize(voxels.size() * sizeof(int16_t));
  std::memcpy(volume.voxels.data(), voxels.data(), volume.voxels.size());
  return volume;
}

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
  EXPECT_GT(TinySegmenter().PeakBytes(geometry, Accumulation::kReference), TinySegmenter().PeakBytes(geometry, Accumulation::kFloat32));
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
