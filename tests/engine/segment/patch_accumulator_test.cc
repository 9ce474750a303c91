#include "engine/segment/patch_accumulator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "engine/error.h"
#include "engine/segment/half.h"

namespace tuckerseg {
namespace {

using testing::Each;
using testing::FloatNear;

void AddAllPatches(const PatchGrid& grid, const std::function<void(const ArrayShape&)>& add,
                   const std::function<void(int64_t)>& finish) {
  for (size_t i = 0; i < grid.origins[0].size(); ++i) {
    for (const int64_t y : grid.origins[1])
      for (const int64_t z : grid.origins[2]) add({grid.origins[0][i], y, z});
    finish(i + 1 < grid.origins[0].size() ? grid.origins[0][i + 1] : grid.padded[0]);
  }
}

TEST(PatchAccumulator, AMeanOfEqualLogitsIsThatLogitEverywhere) {
  const PatchGrid grid = MakePatchGrid({11, 3, 9}, {4, 4, 4}, 0.5);
  std::vector<float> values;
  std::vector<int64_t> rows;
  const LogitsRowSink sink = [&](int64_t row, std::span<const float> logits) {
    rows.push_back(row);
    values.insert(values.end(), logits.begin(), logits.end());
  };
  PatchAccumulator accumulator(grid, 2, 1, sink, 2);
  const std::vector<float> patch(2 * 64, 3.5F);
  AddAllPatches(
      grid, [&](const ArrayShape& origin) { accumulator.Add(patch, origin, 0); },
      [&](int64_t row) { accumulator.FinishBefore(row); });
  ASSERT_EQ(values.size(), 2U * 11 * 3 * 9);
  EXPECT_THAT(values, Each(FloatNear(3.5F, 1e-5F)));
  for (size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i], static_cast<int64_t>(i));
}

TEST(PatchAccumulator, GivesTheSameBitsWithAnyNumberOfThreads) {
  const PatchGrid grid = MakePatchGrid({9, 7, 6}, {4, 4, 4}, 0.5);
  const auto run = [&grid](int threads) {
    std::vector<float> values;
    const LogitsRowSink sink = [&](int64_t, std::span<const float> logits) {
      values.insert(values.end(), logits.begin(), logits.end());
    };
    PatchAccumulator accumulator(grid, 3, 2, sink, threads);
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    std::vector<float> patch(3 * 64);
    AddAllPatches(
        grid,
        [&](const ArrayShape& origin) {
          for (int fold = 0; fold < 2; ++fold) {
            for (float& value : patch) value = normal(random);
            accumulator.Add(patch, origin, fold);
          }
        },
        [&](int64_t row) { accumulator.FinishBefore(row); });
    return values;
  };
  EXPECT_EQ(run(1), run(3));
}

TEST(PatchAccumulator, RefusesLogitsThatAreNotFinite) {
  const PatchGrid grid = MakePatchGrid({4, 4, 4}, {4, 4, 4}, 0.5);
  const LogitsRowSink sink = [](int64_t, std::span<const float>) {};
  PatchAccumulator accumulator(grid, 1, 1, sink, 1);
  std::vector<float> patch(64, 0);
  patch[5] = std::numeric_limits<float>::infinity();
  accumulator.Add(patch, {0, 0, 0}, 0);
  try {
    accumulator.FinishBefore(4);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInternal);
  }
}

TEST(HalfPatchAccumulator, StaysWithinHalfPrecisionOfTheFloatSum) {
  const PatchGrid grid = MakePatchGrid({6, 4, 4}, {4, 4, 4}, 0.5);
  HalfPatchAccumulator accumulator(grid, 1, 1);
  const std::vector<float> patch(64, 3.5F);
  AddAllPatches(
      grid, [&](const ArrayShape& origin) { accumulator.Add(patch, origin); }, [](int64_t) {});
  for (const uint16_t half : std::move(accumulator).Finish()) EXPECT_NEAR(FloatFromHalf(half), 3.5F, 0.5F);
}

}  // namespace
}  // namespace tuckerseg
