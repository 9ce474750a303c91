#include "compression/train/augmentation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "compression/train/intensity_transforms.h"
#include "compression/train/patch_cut.h"
#include "compression/train/training_case.h"
#include "engine/half.h"

namespace tuckerseg {
namespace {

constexpr Size3 kShape{12, 10, 8};
constexpr size_t kVoxels = 12 * 10 * 8;

std::vector<float> Noise(uint64_t seed) {
  RandomStream random({seed});
  std::vector<float> image(kVoxels);
  for (float& value : image) value = static_cast<float>(random.Normal());
  return image;
}

/// Every kind of change with certainty.
AugmentationOptions Certain() {
  AugmentationOptions options;
  options.rotation_probability = options.scaling_probability = options.noise_probability = options.blur_probability =
      options.brightness_probability = options.contrast_probability = options.low_resolution_probability =
          options.inverted_gamma_probability = options.gamma_probability = 1;
  return options;
}

/// A box of channel 3 with density 2 in a case of density 0: image and labels say the same everywhere.
TrainingCase BoxCase() {
  TrainingCase box;
  box.shape = {20, 20, 20};
  box.image.assign(8000, HalfFromFloat(0));
  box.channels.assign(8000, 0);
  for (size_t x = 6; x < 14; ++x)
    for (size_t y = 5; y < 13; ++y)
      for (size_t z = 4; z < 16; ++z) {
        box.image[(x * 20 + y) * 20 + z] = HalfFromFloat(2);
        box.channels[(x * 20 + y) * 20 + z] = 3;
      }
  return box;
}

TEST(RandomStream, IsTheSameForTheSamePurposeAndAnotherForAnyOther) {
  RandomStream a({1, 2, 3});
  RandomStream b({1, 2, 3});
  EXPECT_EQ(a.Bits(), b.Bits());
  EXPECT_NE(RandomStream({1, 2, 3}).Bits(), RandomStream({1, 3, 2}).Bits());
  EXPECT_NE(RandomStream({1, 2, 3}).Bits(), RandomStream({2, 2, 3}).Bits());
  EXPECT_NE(RandomStream({0, 0}).Bits(), RandomStream({0, 0, 0}).Bits());
}

TEST(RandomStream, DrawsUniformAndNormalNumbers) {
  RandomStream random({5});
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < 20000; ++i) {
    const double value = random.Normal();
    sum += value;
    squares += value * value;
    const double uniform = random.Uniform(2, 3);
    ASSERT_TRUE(uniform >= 2 && uniform < 3);
    ASSERT_LT(random.Below(7), 7);
  }
  EXPECT_NEAR(sum / 20000, 0, 0.03);
  EXPECT_NEAR(squares / 20000, 1, 0.05);
}

TEST(Augmentation, OfProbabilityZeroChangesNothing) {
  RandomStream random({1});
  const PatchPose pose = DrawPose(AugmentationOptions::None(), kShape, random);
  EXPECT_EQ(pose.linear, PatchPose{}.linear);
  std::vector<float> image = Noise(1);
  AugmentIntensities(AugmentationOptions::None(), random, image, kShape);
  EXPECT_EQ(image, Noise(1));
}

TEST(Augmentation, DependsOnTheStreamAlone) {
  std::vector<float> first = Noise(1);
  std::vector<float> second = Noise(1);
  std::vector<float> other = Noise(1);
  RandomStream a({1, 2});
  RandomStream b({1, 2});
  RandomStream c({1, 3});
  AugmentIntensities(Certain(), a, first, kShape);
  AugmentIntensities(Certain(), b, second, kShape);
  AugmentIntensities(Certain(), c, other, kShape);
  EXPECT_EQ(first, second);
  EXPECT_NE(first, other);
}

TEST(Augmentation, HappensAsOftenAsItsProbability) {
  int rotated = 0;
  int scaled = 0;
  for (uint64_t i = 0; i < 2000; ++i) {
    AugmentationOptions options = AugmentationOptions::None();
    options.rotation_probability = 0.2;
    RandomStream random({9, i});
    rotated += DrawPose(options, {16, 16, 16}, random).linear != PatchPose{}.linear ? 1 : 0;
    options = AugmentationOptions::None();
    options.scaling_probability = 0.2;
    const double scale = DrawPose(options, {16, 16, 16}, random).linear[0][0];
    scaled += scale != 1 ? 1 : 0;
    EXPECT_TRUE(scale >= 0.7 && scale <= 1.4);
  }
  EXPECT_NEAR(rotated, 400, 70);
  EXPECT_NEAR(scaled, 400, 70);
}

TEST(DrawPose, RotationsKeepLengths) {
  AugmentationOptions options = AugmentationOptions::None();
  options.rotation_probability = 1;
  RandomStream random({4});
  const PatchPose pose = DrawPose(options, {16, 16, 16}, random);
  for (size_t i = 0; i < 3; ++i)
    for (size_t j = 0; j < 3; ++j) {
      double product = 0;
      for (size_t k = 0; k < 3; ++k) product += pose.linear[k][i] * pose.linear[k][j];
      EXPECT_NEAR(product, i == j ? 1 : 0, 1e-12);
    }
}

TEST(DrawPose, StaysInThePlaneOfAPatchWithFewSlices) {
  AugmentationOptions options = AugmentationOptions::None();
  options.rotation_probability = options.scaling_probability = 1;
  for (size_t flat = 0; flat < 3; ++flat) {
    Size3 patch{160, 160, 160};
    patch[flat] = 48;
    RandomStream random({flat});
    const PatchPose pose = DrawPose(options, patch, random);
    for (size_t axis = 0; axis < 3; ++axis) {
      EXPECT_EQ(pose.linear[flat][axis], axis == flat ? 1 : 0);
      EXPECT_EQ(pose.linear[axis][flat], axis == flat ? 1 : 0);
    }
    EXPECT_NE(pose.linear[(flat + 1) % 3][(flat + 2) % 3], 0) << "it turns in the plane";
    patch[flat] = 56;  // more than a third
    EXPECT_NE(DrawPose(options, patch, random).linear[flat][flat], 1);
  }
}

TEST(CutPatch, KeepsImageAndLabelsTogetherUnderRotationAndScaling) {
  const TrainingCase box = BoxCase();
  AugmentationOptions options = AugmentationOptions::None();
  options.rotation_probability = options.scaling_probability = options.mirror_probability = 1;
  for (uint64_t seed = 0; seed < 5; ++seed) {
    RandomStream random({seed});
    PatchPose pose = DrawPose(options, {16, 16, 16}, random);
    pose.centre = {9.5, 8.5, 9.5};
    std::vector<float> image(4096);
    std::vector<int64_t> labels(4096);
    CutPatch(box, pose, {16, 16, 16}, image, labels);
    int inside = 0;
    for (size_t i = 0; i < image.size(); ++i) {
      inside += labels[i] == 3 ? 1 : 0;
      // A voxel well inside or outside the box has its own density and its own label; at the surface they may differ.
      if (image[i] > 1.99F) {
        EXPECT_EQ(labels[i], 3) << i;
      }
      if (image[i] < 0.01F) {
        EXPECT_EQ(labels[i], 0) << i;
      }
    }
    EXPECT_GT(inside, 100);
  }
}

TEST(CutPatch, OfAPlainPoseCopiesVoxelsAndPadsWithZero) {
  const TrainingCase box = BoxCase();
  PatchPose pose;
  pose.centre = {1.5, 9.5, 9.5};  // begins at -2 along axis 0
  std::vector<float> image(512);
  std::vector<int64_t> labels(512);
  CutPatch(box, pose, {8, 8, 8}, image, labels);
  EXPECT_TRUE(pose.IsPlainCrop({8, 8, 8}));
  EXPECT_EQ(image[0], 0);
  EXPECT_EQ(labels[7 * 64], 0);  // voxel 5 of axis 0, just before the box
  pose.centre = {2.5, 9.5, 9.5};
  CutPatch(box, pose, {8, 8, 8}, image, labels);
  EXPECT_EQ(labels[7 * 64], 3);
  EXPECT_EQ(image[7 * 64], 2);
}

TEST(CutPatch, GivesTheSameByInterpolationAsByCopy) {
  const TrainingCase box = BoxCase();
  PatchPose plain;
  plain.centre = {5.5, 6.5, 7.5};
  PatchPose turned = plain;
  turned.linear[0][0] = 1 + 1e-12;  // no plain crop any more
  std::vector<float> copied(512);
  std::vector<float> interpolated(512);
  std::vector<int64_t> labels(512);
  std::vector<int64_t> nearest(512);
  CutPatch(box, plain, {8, 8, 8}, copied, labels);
  CutPatch(box, turned, {8, 8, 8}, interpolated, nearest);
  for (size_t i = 0; i < copied.size(); ++i) EXPECT_NEAR(copied[i], interpolated[i], 1e-5);
  EXPECT_EQ(labels, nearest);
}

double Mean(const std::vector<float>& image) { return std::accumulate(image.begin(), image.end(), 0.0) / static_cast<double>(image.size()); }

double Deviation(const std::vector<float>& image) {
  double squares = 0;
  for (const float value : image) squares += (value - Mean(image)) * (value - Mean(image));
  return std::sqrt(squares / static_cast<double>(image.size()));
}

TEST(IntensityTransforms, DoWhatTheirNamesSay) {
  std::vector<float> image(kVoxels, 0.0F);
  RandomStream random({1});
  AddNoise(image, 0.04, random);
  EXPECT_NEAR(Deviation(image), 0.2, 0.02);

  image = Noise(2);
  Blur(image, kShape, 1.0);
  EXPECT_LT(Deviation(image), 0.5 * Deviation(Noise(2)));
  image.assign(kVoxels, 3.0F);
  Blur(image, kShape, 0.7);
  EXPECT_NEAR(*std::max_element(image.begin(), image.end()), 3, 1e-5);

  image = Noise(3);
  ScaleContrast(image, 0.8);
  EXPECT_NEAR(Deviation(image), 0.8 * Deviation(Noise(3)), 1e-4);
  EXPECT_NEAR(Mean(image), Mean(Noise(3)), 1e-4);

  image = Noise(4);
  SimulateLowResolution(image, kShape, 0.5);
  EXPECT_NE(image, Noise(4));
  image = Noise(4);
  SimulateLowResolution(image, kShape, 1.0);
  EXPECT_EQ(image, Noise(4));
}

TEST(IntensityTransforms, GammaKeepsMeanAndDeviationAndOrder) {
  for (const bool inverted : {false, true}) {
    std::vector<float> image = Noise(5);
    CorrectGamma(image, 1.4, inverted);
    EXPECT_NEAR(Mean(image), Mean(Noise(5)), 1e-3);
    EXPECT_NEAR(Deviation(image), Deviation(Noise(5)), 1e-3);
    EXPECT_EQ(std::max_element(image.begin(), image.end()) - image.begin(), [] {
      const std::vector<float> before = Noise(5);
      return std::max_element(before.begin(), before.end()) - before.begin();
    }());
  }
  std::vector<float> flat(kVoxels, 1.0F);
  CorrectGamma(flat, 0.8, false);  // no range: nothing to correct
  EXPECT_EQ(flat.front(), 1.0F);
}

}  // namespace
}  // namespace tuckerseg
