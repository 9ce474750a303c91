#include "engine/segment/patch_accumulator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <malloc.h>

#include <limits>
#include <random>
#include <tuple>

#include "engine/half.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using testing::Each;
using testing::FloatNear;

void AddAllPatches(const PatchGrid& grid, const std::function<void(const ArrayShape&)>& add,
                   const std::function<void(const std::array<int64_t, 2>&)>& finish) {
  const auto next = [&grid](size_t axis, size_t i) {
    return i + 1 < grid.origins[axis].size() ? grid.origins[axis][i + 1] : grid.padded[axis];
  };
  for (size_t i = 0; i < grid.origins[0].size(); ++i)
    for (size_t j = 0; j < grid.origins[1].size(); ++j) {
      for (const int64_t z : grid.origins[2]) add({grid.origins[0][i], grid.origins[1][j], z});
      finish({next(0, i), next(1, j)});
    }
}

/// Folds that add to the same channels, or have channels of their own.
enum class FoldChannels { kSame, kOwn };

/// Calls `add(patch, origin, fold)` with random values for `channels` channels of every fold and patch: the same ones each time.
template <typename Add, typename Finish>
void AddRandomPatches(const PatchGrid& grid, int64_t channels, int folds, const Add& add, const Finish& finish) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> patch(static_cast<size_t>(channels * grid.patch[0] * grid.patch[1] * grid.patch[2]));
  AddAllPatches(
      grid,
      [&](const ArrayShape& origin) {
        for (int fold = 0; fold < folds; ++fold) {
          for (float& value : patch) value = normal(random);
          add(patch, origin, fold);
        }
      },
      finish);
}

/// All logits [channel][image], from random patches, as a sink puts them together.
std::vector<float> Accumulate(const PatchGrid& grid, int64_t channels, int folds, Finishing finishing, int threads,
                              FoldChannels fold_channels = FoldChannels::kSame) {
  const ArrayShape& image = grid.image;
  const bool own = fold_channels == FoldChannels::kOwn;
  const int64_t all_channels = own ? channels * folds : channels;
  std::vector<float> whole(static_cast<size_t>(all_channels * image[0] * image[1] * image[2]), -1.0F);
  const LogitsSink sink = [&](const LogitsBlock& block) {
    for (int64_t c = 0; c < all_channels; ++c)
      for (int64_t y = block.line_begin; y < block.line_end; ++y) {
        const float* source = block.logits.data() + c * block.channel_stride + (y - block.line_begin) * image[2];
        float* target = whole.data() + ((c * image[0] + block.row) * image[1] + y) * image[2];
        EXPECT_EQ(*target, -1.0F) << "a line is given once";
        std::copy_n(source, image[2], target);
      }
  };
  PatchAccumulator accumulator(grid, all_channels, own ? 1 : folds, finishing, sink, threads);
  AddRandomPatches(
      grid, channels, folds,
      [&](const std::vector<float>& patch, const ArrayShape& origin, int fold) {
        accumulator.Add(patch, origin, fold == 0, own ? fold * channels : 0);
      },
      [&](const auto& next) { accumulator.FinishBefore(next); });
  return whole;
}

/// The same by its definition: for each voxel the sum of weight times value over the sum of weights.
std::vector<float> WeightedMeans(const PatchGrid& grid, int64_t channels, int folds, FoldChannels fold_channels) {
  const bool own = fold_channels == FoldChannels::kOwn;
  const int64_t all_channels = own ? channels * folds : channels;
  const auto voxels = static_cast<size_t>(grid.image[0] * grid.image[1] * grid.image[2]);
  std::vector<double> sums(static_cast<size_t>(all_channels) * voxels);
  std::vector<double> weights(sums.size());
  const std::vector<double> importance = GaussianWeights(grid.patch);
  AddRandomPatches(
      grid, channels, folds,
      [&](const std::vector<float>& patch, const ArrayShape& origin, int fold) {
        size_t at = 0;
        for (int64_t c = 0; c < channels; ++c)
          for (int64_t x = 0; x < grid.patch[0]; ++x)
            for (int64_t y = 0; y < grid.patch[1]; ++y)
              for (int64_t z = 0; z < grid.patch[2]; ++z, ++at) {
                const ArrayShape place{origin[0] + x - grid.padding[0], origin[1] + y - grid.padding[1], origin[2] + z - grid.padding[2]};
                bool inside = true;
                for (size_t a = 0; a < 3; ++a) inside = inside && place[a] >= 0 && place[a] < grid.image[a];
                if (!inside) continue;
                const int64_t channel = own ? fold * channels + c : c;
                const auto voxel = static_cast<size_t>(((channel * grid.image[0] + place[0]) * grid.image[1] + place[1]) * grid.image[2] + place[2]);
                const double weight = importance[at % importance.size()];
                sums[voxel] += weight * static_cast<double>(patch[at]);
                weights[voxel] += weight;
              }
      },
      [](const auto&) {});
  std::vector<float> means(sums.size());
  for (size_t i = 0; i < sums.size(); ++i) means[i] = static_cast<float>(sums[i] / weights[i]);
  return means;
}

TEST(PatchAccumulator, GivesTheWeightedMeanOfAllPatchesThatCoverAVoxel) {
  mallopt(M_PERTURB, 0x80);  // memory is not zero when it comes: what is read before it is written shows
  const std::vector<std::tuple<ArrayShape, Size3, double>> cases{
      {{9, 21, 6}, {4, 4, 4}, 0.5},    // a band of lines, and patches beside one another along every axis
      {{9, 40, 6}, {4, 4, 4}, 0.25},   // rows that are carried several times
      {{6, 5, 11}, {4, 4, 4}, 0.25},   // whole rows, many patches over one voxel
      {{12, 4, 12}, {4, 4, 4}, 1.0},   // patches that only touch
      {{3, 9, 5}, {4, 4, 4}, 0.5},     // padded along axis 0, 1, 2, all
      {{9, 3, 5}, {4, 4, 4}, 0.5},
      {{9, 9, 3}, {4, 4, 4}, 0.5},
      {{1, 2, 3}, {4, 4, 4}, 0.5},
      {{5, 4, 700}, {4, 4, 8}, 0.5},   // lines longer than what is averaged at once
  };
  for (const auto& [image, patch, step] : cases)
    for (const FoldChannels fold_channels : {FoldChannels::kSame, FoldChannels::kOwn})
      for (const Finishing finishing : {Finishing::kLines, Finishing::kWholeRows}) {
        const PatchGrid grid = MakePatchGrid(image, patch, step);
        EXPECT_THAT(Accumulate(grid, 2, 2, finishing, 2, fold_channels),
                    // Sums of up to 2 x 64 floats below 5, each rounded to 24 bits; nothing else differs.
                    testing::Pointwise(FloatNear(1e-5F), WeightedMeans(grid, 2, 2, fold_channels)))
            << image[0] << " x " << image[1] << " x " << image[2];
      }
}

TEST(PatchAccumulator, AMeanOfEqualLogitsIsThatLogitEverywhere) {
  const PatchGrid grid = MakePatchGrid({11, 3, 9}, {4, 4, 4}, 0.5);
  std::vector<float> values;
  std::vector<int64_t> rows;
  const LogitsSink sink = [&](const LogitsBlock& block) {
    rows.push_back(block.row);
    values.insert(values.end(), block.logits.begin(), block.logits.end());
  };
  PatchAccumulator accumulator(grid, 2, 1, Finishing::kWholeRows, sink, 2);
  const std::vector<float> patch(2 * 64, 3.5F);
  AddAllPatches(
      grid, [&](const ArrayShape& origin) { accumulator.Add(patch, origin, true); },
      [&](const auto& next) { accumulator.FinishBefore(next); });
  ASSERT_EQ(values.size(), 2U * 11 * 3 * 9);
  EXPECT_THAT(values, Each(FloatNear(3.5F, 1e-5F)));
  for (size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i], static_cast<int64_t>(i));
}

TEST(PatchAccumulator, GivesTheSameBitsWithAnyNumberOfThreads) {
  const PatchGrid grid = MakePatchGrid({9, 7, 6}, {4, 4, 4}, 0.5);
  EXPECT_EQ(Accumulate(grid, 3, 2, Finishing::kWholeRows, 1), Accumulate(grid, 3, 2, Finishing::kWholeRows, 3));
  EXPECT_EQ(Accumulate(grid, 3, 2, Finishing::kLines, 1), Accumulate(grid, 3, 2, Finishing::kLines, 3));
  const PatchGrid wide = MakePatchGrid({2, 300, 300}, {2, 100, 100}, 1.0);  // rows that are worth two threads
  EXPECT_EQ(Accumulate(wide, 3, 1, Finishing::kWholeRows, 1), Accumulate(wide, 3, 1, Finishing::kWholeRows, 3));
}

TEST(PatchAccumulator, GivesTheSameBitsWhetherItHoldsWholeRowsOrABandOfLines) {
  mallopt(M_PERTURB, 0x80);  // as above
  const std::vector<std::tuple<ArrayShape, Size3, double>> cases{
      {{9, 21, 6}, {4, 4, 4}, 0.5},  // overlap of half a patch: each line is in two bands
      {{30, 40, 6}, {8, 8, 4}, 0.8},
      {{4, 40, 6}, {4, 4, 4}, 0.25},  // one origin along axis 0: nothing is carried
      {{17, 33, 3}, {4, 8, 4}, 1.0},
      {{3, 26, 9}, {8, 4, 4}, 0.5},  // padded along axis 0
  };
  for (const auto& [image, patch, step] : cases) {
    const PatchGrid grid = MakePatchGrid(image, patch, step);
    EXPECT_LT(PatchAccumulator::Bytes(grid, 2, Finishing::kLines, 1), PatchAccumulator::Bytes(grid, 2, Finishing::kWholeRows, 1));
    EXPECT_EQ(Accumulate(grid, 2, 1, Finishing::kLines, 1), Accumulate(grid, 2, 1, Finishing::kWholeRows, 1));
  }
}

TEST(PatchAccumulator, HoldsWholeRowsWhereABandWouldTakeMore) {
  const PatchGrid grid = MakePatchGrid({40, 5, 6}, {4, 4, 4}, 0.25);
  EXPECT_EQ(PatchAccumulator::Bytes(grid, 2, Finishing::kLines, 1), PatchAccumulator::Bytes(grid, 2, Finishing::kWholeRows, 1));
  EXPECT_EQ(Accumulate(grid, 2, 1, Finishing::kLines, 1), Accumulate(grid, 2, 1, Finishing::kWholeRows, 1));
}

TEST(PatchAccumulator, RefusesValuesAboveTheLargestThatMayBe) {
  const PatchGrid grid = MakePatchGrid({4, 4, 4}, {4, 4, 4}, 0.5);
  const LogitsSink sink = [](const LogitsBlock&) {};
  PatchAccumulator accumulator(grid, 1, 1, Finishing::kLines, sink, 1, /*most=*/2.0F);
  std::vector<float> patch(64, 1.5F);
  patch[40] = -3.0F;
  accumulator.Add(patch, {0, 0, 0}, true);
  ExpectError(ErrorCode::kInternal, "not finite", [&] { accumulator.FinishBefore({4, 4}); });
}

TEST(PatchAccumulator, RefusesLogitsThatAreNotFinite) {
  const PatchGrid grid = MakePatchGrid({4, 4, 4}, {4, 4, 4}, 0.5);
  const LogitsSink sink = [](const LogitsBlock&) {};
  PatchAccumulator accumulator(grid, 1, 1, Finishing::kLines, sink, 1);
  std::vector<float> patch(64, 0);
  patch[5] = std::numeric_limits<float>::infinity();
  accumulator.Add(patch, {0, 0, 0}, true);
  ExpectError(ErrorCode::kInternal, "not finite", [&] { accumulator.FinishBefore({4, 4}); });
}

TEST(PatchAccumulator, RefusesThemWhicheverThreadFindsThem) {
  const PatchGrid grid = MakePatchGrid({64, 64, 64}, {64, 64, 64}, 0.5);
  for (const size_t voxel : {size_t{0}, size_t{64 * 64 * 64 - 1}}) {
    const LogitsSink sink = [](const LogitsBlock&) {};
    PatchAccumulator accumulator(grid, 1, 1, Finishing::kLines, sink, 4);
    std::vector<float> patch(64 * 64 * 64, 0);
    patch[voxel] = std::numeric_limits<float>::quiet_NaN();
    accumulator.Add(patch, {0, 0, 0}, true);
    ExpectError(ErrorCode::kInternal, "not finite", [&] { accumulator.FinishBefore({64, 64}); });
  }
}

TEST(HalfPatchAccumulator, StaysWithinHalfPrecisionOfTheFloatSum) {
  const PatchGrid grid = MakePatchGrid({6, 4, 4}, {4, 4, 4}, 0.5);
  HalfPatchAccumulator accumulator(grid, 1, 1);
  const std::vector<float> patch(64, 3.5F);
  AddAllPatches(
      grid, [&](const ArrayShape& origin) { accumulator.Add(patch, origin); }, [](const auto&) {});
  for (const uint16_t half : std::move(accumulator).Finish()) EXPECT_NEAR(FloatFromHalf(half), 3.5F, 0.5F);
}

}  // namespace
}  // namespace tuckerseg
