#include "compression/train/training_case.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "compression/cases/case_digest.h"
#include "engine/half.h"
#include "tests/compression/train/training_samples.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

TEST(MakeTrainingCase, BringsImageAndLabelsIntoTheNetworksGridTogether) {
  // At 1.5 mm: halved on the way to 3 mm.
  const SphereCase made = MakeSphereCase({32, 32, 48}, 1.5, {1, 5}, 3);
  const TrainingCase result = MakeTrainingCase("a", made.ct, &made.labels, SphereModel(), 1);
  EXPECT_EQ(result.shape, (Size3{24, 16, 16}));
  EXPECT_EQ(result.ct_digest, CaseDigest(made.ct)) << "as it was before it was resampled";
  int inside = 0;
  int dense = 0;
  for (size_t i = 0; i < result.channels.size(); ++i) {
    if (result.channels[i] != 2) continue;  // liver: 350 HU, normalised to (350 - 200) / 150
    ++inside;
    dense += std::abs(FloatFromHalf(result.image[i]) - 1.0F) < 0.5F ? 1 : 0;
  }
  EXPECT_GT(inside, 15);
  EXPECT_GT(dense, inside * 6 / 10) << "the surface is blurred by resampling";
  EXPECT_TRUE(result.places.contains(1));
  EXPECT_TRUE(result.places.contains(2));
  EXPECT_FALSE(result.places.contains(0));
  for (const uint32_t place : result.places.at(2)) EXPECT_EQ(result.channels[place], 2);
}

TEST(MakeTrainingCase, TakesLabelsOfAFlippedVolumeWhereTheImageIs) {
  SphereCase made = MakeSphereCase({16, 16, 24}, 3, {1, 5}, 3);
  const TrainingCase expected = MakeTrainingCase("a", made.ct, &made.labels, SphereModel(), 1);
  for (Volume* volume : {&made.ct, &made.labels}) {
    // The same voxels in a file whose first axis runs to the left.
    const size_t bytes = BytesPerVoxel(volume->type);
    for (size_t row = 0; row < 16 * 24; ++row)
      for (size_t i = 0; i < 8; ++i)
        std::swap_ranges(volume->voxels.begin() + static_cast<std::ptrdiff_t>((row * 16 + i) * bytes),
                         volume->voxels.begin() + static_cast<std::ptrdiff_t>((row * 16 + i + 1) * bytes),
                         volume->voxels.begin() + static_cast<std::ptrdiff_t>((row * 16 + 15 - i) * bytes));
    volume->geometry.affine_ras.linear[0][0] = -3;
    volume->geometry.affine_ras.translation[0] = 45;
  }
  const TrainingCase flipped = MakeTrainingCase("a", made.ct, &made.labels, SphereModel(), 1);
  EXPECT_EQ(flipped.image, expected.image);
  EXPECT_EQ(flipped.channels, expected.channels);
}

TEST(MakeTrainingCase, PutsLabelsOnTheImagesGridWhereTheirSpacingDiffersByARounding) {
  // 33 voxels of 1.5 mm are 16.5 of 3 mm: rounded up or down as the last digit of the spacing says.
  const SphereCase exact = MakeSphereCase({33, 33, 33}, 1.5, {1, 5}, 3);
  const TrainingCase expected = MakeTrainingCase("a", exact.ct, &exact.labels, SphereModel(), 1);
  for (const double spacing : {1.5 * (1 - 2e-7), 1.5 * (1 + 2e-7)}) {
    Volume labels = exact.labels;
    for (size_t a = 0; a < 3; ++a) {
      labels.geometry.header_spacing_mm[a] = spacing;
      labels.geometry.affine_ras.linear[a][a] *= spacing / 1.5;
    }
    const TrainingCase result = MakeTrainingCase("a", exact.ct, &labels, SphereModel(), 1);
    EXPECT_EQ(result.shape, expected.shape);
    EXPECT_EQ(result.channels, expected.channels) << spacing;
  }
}

TEST(MakeTrainingCase, CutsLabelsWithTheBoxOfTheImage) {
  SphereCase made = MakeSphereCase({16, 16, 24}, 3, {1, 5}, 3);
  const TrainingCase whole = MakeTrainingCase("a", made.ct, &made.labels, SphereModel(), 1);
  // Four empty slices before the image: the crop takes them off again.
  for (Volume* volume : {&made.ct, &made.labels}) {
    volume->voxels.insert(volume->voxels.begin(), 16 * 16 * 4 * BytesPerVoxel(volume->type), std::byte{0});
    volume->geometry.shape[2] += 4;
  }
  const TrainingCase cropped = MakeTrainingCase("a", made.ct, &made.labels, SphereModel(), 1);
  EXPECT_EQ(cropped.shape, whole.shape);
  EXPECT_EQ(cropped.channels, whole.channels);
}

TEST(MakeTrainingCase, RefusesLabelsOfAnotherGrid) {
  SphereCase made = MakeSphereCase({16, 16, 24}, 3, {1, 5}, 3);
  Volume moved = made.labels;
  moved.geometry.affine_ras.translation[1] = 1.5;
  ExpectError(ErrorCode::kInvalidArgument, "case a: labels lie 0.5", [&] { MakeTrainingCase("a", made.ct, &moved, SphereModel(), 1); });
  const SphereCase smaller = MakeSphereCase({16, 16, 23}, 3, {1, 5}, 3);
  ExpectError(ErrorCode::kInvalidArgument, "case a: labels of 16 x 16 x 23 voxels: must be 16 x 16 x 24", [&] { MakeTrainingCase("a", made.ct, &smaller.labels, SphereModel(), 1); });
}

TEST(LabelValues, AreThoseThatOccurWithBackground) {
  const SphereCase made = MakeSphereCase({16, 16, 24}, 3, {1, 5}, 3);
  EXPECT_THAT(LabelValues("a", made.labels, kSphereClasses), testing::ElementsAre(0, 1, 5));
}

TEST(LabelValues, RefuseWhatTheClassesDoNotNameAndWhatIsNoWholeNumber) {
  SphereCase made = MakeSphereCase({16, 16, 24}, 3, {1, 5}, 3);
  ExpectError(ErrorCode::kInvalidArgument, "case a: label 5: must be a value of dataset.labels", [&] { LabelValues("a", made.labels, {{"spleen", 1}}); });
  made.labels.slope = 0.5;
  ExpectError(ErrorCode::kInvalidArgument, "case a: label 0.5", [&] { LabelValues("a", made.labels, kSphereClasses); });
  ExpectError(ErrorCode::kInvalidArgument, "must be a whole number in [0, 65535]", [&] { LabelValues("a", made.labels, kSphereClasses); });
}

}  // namespace
}  // namespace tuckerseg
