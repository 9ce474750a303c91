#include "compression/evaluate_report/worst_slices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/compression/sphere_cases.h"

namespace tuckerseg {
namespace {

using testing::IsEmpty;

constexpr Index3 kShape{8, 6, 4};
constexpr uint16_t kLiver = 5;

size_t At(int64_t i, int64_t j, int64_t k) { return static_cast<size_t>((k * kShape[1] + j) * kShape[0] + i); }

/// 8 x 6 x 4 voxels of 2 mm; every voxel of plane k has k * 100 HU.
Volume Ct() {
  Volume ct = EmptyVolume(kShape, 2, VoxelType::kInt16);
  std::vector<int16_t> hu(static_cast<size_t>(ct.geometry.VoxelCount()));
  for (int64_t k = 0; k < kShape[2]; ++k)
    for (int64_t j = 0; j < kShape[1]; ++j)
      for (int64_t i = 0; i < kShape[0]; ++i) hu[At(i, j, k)] = static_cast<int16_t>(k * 100);
  std::memcpy(ct.voxels.data(), hu.data(), ct.voxels.size());
  return ct;
}

using LabelValues = std::vector<uint16_t>;

LabelValues Empty() { return LabelValues(static_cast<size_t>(kShape[0] * kShape[1] * kShape[2]), 0); }

/// The left, right, upper and lower end of a picture's only outline.
std::array<double, 4> Ends(const std::vector<Loop>& loops) {
  std::array<double, 4> ends{1e9, -1e9, 1e9, -1e9};
  for (const Point& point : loops.at(0)) ends = {std::min(ends[0], point[0]), std::max(ends[1], point[0]), std::min(ends[2], point[1]), std::max(ends[3], point[1])};
  return ends;
}

TEST(DrawWorstSlice, ShowsThePlaneOfTheLargestDifferenceAsRadiologistsSeeIt) {
  LabelValues expected = Empty();
  for (int64_t k = 0; k < 4; ++k) expected[At(6, 5, k)] = expected[At(7, 5, k)] = kLiver;  // far right and front: x and y grow that way
  LabelValues found = expected;
  found[At(7, 5, 2)] = 0;
  found[At(0, 0, 1)] = 3;  // another structure's error
  const SlicePicture picture = DrawWorstSlice(Ct(), found, expected, kLiver);
  EXPECT_EQ(picture.width, 8);
  EXPECT_EQ(picture.height, 6);
  EXPECT_EQ(picture.pixel_mm, (std::array<double, 2>{2, 2}));
  EXPECT_EQ(picture.grey.front(), 230) << "200 HU of a window from -160 to 240";
  const auto ends = Ends(picture.expected);
  EXPECT_LT(ends[1], 3) << "the patient's right is on the left";
  EXPECT_LT(ends[3], 2) << "the front is on top";
  EXPECT_LT(Ends(picture.found)[1] - Ends(picture.found)[0], ends[1] - ends[0]) << "a voxel is missing";
}

TEST(DrawWorstSlice, FindsTheAxialPlanesOfAnyOrientation) {
  Volume ct = EmptyVolume({4, 8, 6}, 2, VoxelType::kInt16);  // axes of the file: down, left, front
  ct.geometry.affine_ras.linear = {{{0, -2, 0}, {0, 0, 3}, {-5, 0, 0}}};
  LabelValues expected(4 * 8 * 6, 0);
  const auto at = [](int64_t down, int64_t left, int64_t front) { return static_cast<size_t>((front * 8 + left) * 4 + down); };
  expected[at(1, 0, 5)] = expected[at(1, 1, 5)] = kLiver;
  const SlicePicture picture = DrawWorstSlice(ct, LabelValues(expected.size(), 0), expected, kLiver);
  EXPECT_EQ(picture.width, 8);
  EXPECT_EQ(picture.height, 6);
  EXPECT_EQ(picture.pixel_mm, (std::array<double, 2>{2, 3})) << "to the left, to the front";
  EXPECT_TRUE(picture.found.empty());
  const auto ends = Ends(picture.expected);
  EXPECT_LT(ends[1], 3) << "the right";
  EXPECT_LT(ends[3], 2) << "the front";
}

class LookingForTheWorst : public testing::Test {
 protected:
  /// A variant draws `both` of `reference` voxels of the liver and nothing else.
  void Draw(const std::string& variant, const std::string& name, int64_t both, int64_t reference, bool labelled = true) {
    VariantScores scores{.name = variant, .method = "hosvd", .level = {}, .cases = {}};
    ScoredCase scored{.name = name, .labelled = labelled};
    const Comparison comparison{.overlap = {.both = both, .predicted = both, .reference = reference}, .surface = {}};
    scored.structures.push_back({"liver", std::nullopt, comparison});
    if (labelled) scored.structures.back().to_reference = comparison;
    scores.cases.push_back(scored);
    CaseMaps maps{.predicted = found_, .reference = {}, .original = expected_};
    if (labelled) maps.reference = expected_;
    worst_.Look({ct_, maps, scores, 1, 1, 1});
  }
  std::vector<std::string> Shown() const {
    std::vector<std::string> shown;
    for (const WorstCase& one : worst_.Pictures()) shown.push_back(one.variant + " " + one.case_name + " " + one.against);
    return shown;
  }

  const Volume ct_ = Ct();
  const LabelValues expected_ = LabelValues(Empty().size(), kLiver);
  const LabelValues found_ = Empty();
  WorstSlices worst_{{{.value = kLiver, .name = "liver", .rgb = {}, .snomed_code = {}, .snomed_meaning = {}, .snomed_modifier = {}}}, 2, 200};
};

TEST_F(LookingForTheWorst, KeepsTheWorstOfEachVariant) {
  Draw("a", "fair", 150, 200);
  Draw("a", "poor", 50, 200);
  Draw("a", "bad", 100, 200);
  Draw("b", "good", 190, 200);
  EXPECT_THAT(Shown(), testing::ElementsAre("a poor reference", "a bad reference", "b good reference"));
  EXPECT_DOUBLE_EQ(worst_.Pictures()[0].dice, 0.4);
  EXPECT_EQ(worst_.Pictures()[0].picture.width, 8);
}

TEST_F(LookingForTheWorst, ShowsTheLargerOfThoseThatAreMissedAltogether) {
  Draw("a", "small", 0, 200);
  Draw("a", "large", 0, 300);
  Draw("a", "larger", 0, 400);
  EXPECT_THAT(Shown(), testing::ElementsAre("a larger reference", "a large reference"));
}

TEST_F(LookingForTheWorst, PassesOverWhatIsSmallOrRight) {
  Draw("a", "small", 10, 199);
  Draw("a", "right", 200, 200);
  EXPECT_THAT(Shown(), IsEmpty());
}

TEST_F(LookingForTheWorst, LooksAtTheOriginalWhereThereIsNoReference) {
  Draw("a", "unlabelled", 100, 200, /*labelled=*/false);
  EXPECT_THAT(Shown(), testing::ElementsAre("a unlabelled original"));
}

}  // namespace
}  // namespace tuckerseg
