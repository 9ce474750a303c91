#include "engine/segment/preprocess.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "engine/error.h"
#include "tests/engine/segment/case_image.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

Volume FloatVolume(const Index3& shape, const Spacing3& spacing, const std::vector<float>& values) {
  Volume volume;
  volume.geometry.shape = shape;
  volume.geometry.header_spacing_mm = spacing;
  for (size_t a = 0; a < 3; ++a) volume.geometry.affine_ras.linear[a][a] = spacing[a];
  volume.type = VoxelType::kFloat32;
  volume.voxels.resize(values.size() * sizeof(float));
  std::memcpy(volume.voxels.data(), values.data(), volume.voxels.size());
  return volume;
}

Model TinyModel() { return TinyBundle(TinyUnet(2, 3), {4, 4, 4}, 1).model; }

TEST(ReadImage, ReadsTheFileAsNnunetsDefaultReaderDoes) {
  const Volume volume = FloatVolume({3, 2, 1}, {1, 2, 3}, {1, 2, 3, 4, 5, 6});
  const CaseImage image = MakeCase(volume, TinyModel(), 1);
  EXPECT_EQ(image.shape, (ArrayShape{1, 2, 3}));
  EXPECT_THAT(image.spacing_mm, ElementsAre(3, 2, 1));
  EXPECT_THAT(image.image, ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(CropToNonzero, KeepsTheBoxOfVoxelsThatAreNotZero) {
  const Volume volume = FloatVolume({3, 1, 2}, {1, 1, 1}, {0, 0, 0, 0, 7, 0});
  const CaseImage image = MakeCase(volume, TinyModel(), 1);
  EXPECT_EQ(image.box, (Box{{1, 0, 1}, {2, 1, 2}}));
  EXPECT_THAT(image.image, ElementsAre(7));
}

TEST(ReadImage, RefusesVoxelsThatAreNotFiniteWhetherItResamplesOrNot) {
  Model resampled = TinyModel();
  resampled.pipeline = {.totalsegmentator = true, .spacing_mm = Spacing3d{2, 1, 1}, .resampling_order = 3, .tile_step = 0.8};
  for (const Model& model : {TinyModel(), resampled})
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      const Volume volume = FloatVolume({4, 1, 1}, {1, 1, 1}, {1, 2, 3, bad});
      ExpectError(ErrorCode::kInvalidArgument, "voxels: 1 are NaN or infinite", [&] { MakeCase(volume, model, 1); });
    }
}

TEST(ReadImage, TotalSegmentatorsWayTruncatesTowardsZeroAfterResampling) {
  Model model = TinyModel();
  model.pipeline = {.totalsegmentator = true, .spacing_mm = Spacing3d{2, 1, 1}, .resampling_order = 1, .tile_step = 0.8};
  // Three voxels of 1 mm become rint(1.5) = 2 of 2 mm; corner-aligned, so the first and last are kept.
  const Volume volume = FloatVolume({3, 1, 1}, {1, 1, 1}, {-0.9F, 5, 7.9F});
  const CaseImage image = MakeCase(volume, model, 1);
  EXPECT_EQ(image.shape, (ArrayShape{1, 1, 2}));
  EXPECT_THAT(image.image, ElementsAre(7)) << "-0.9 HU becomes 0, which the crop then takes away";
  EXPECT_EQ(image.box.begin[2], 1);
}

TEST(ReadImage, TotalSegmentatorsWayLeavesAnImageOfTheTasksSpacingUntouched) {
  Model model = TinyModel();
  model.pipeline = {.totalsegmentator = true, .spacing_mm = Spacing3d{1, 1, 1}, .resampling_order = 1, .tile_step = 0.8};
  const Volume volume = FloatVolume({2, 1, 1}, {1, 1, 1}, {1.5F, 2.5F});
  EXPECT_THAT(MakeCase(volume, model, 1).image, ElementsAre(1.5F, 2.5F)) << "not even made integers";
}

TEST(NetworkShape, RoundsHalvesToEvenAfterTheQuotient) {
  ModelPart part = TinyModel().parts.front();
  part.spacing_mm = {2, 2, 2};
  EXPECT_EQ(NetworkShape(part, {5, 7, 9}, {1, 1, 1}), (ArrayShape{2, 4, 4}));  // 2.5, 3.5, 4.5
}

TEST(NetworkImage, PermutesTheAxesAsThePlansSay) {
  Model model = TinyModel();
  ModelPart& part = model.parts.front();
  part.transpose_forward = {2, 0, 1};
  part.normalization = {{.scheme = NormalizationScheme::kNone}};
  const Volume volume = FloatVolume({3, 2, 1}, {1, 1, 1}, {1, 2, 3, 4, 5, 6});  // array [1][2][3]
  const CaseImage image = MakeCase(volume, model, 1);
  EXPECT_EQ(NetworkShape(part, image.box.Shape(), image.spacing_mm), (ArrayShape{3, 1, 2}));
  EXPECT_THAT(NetworkImage(image, part, 1), ElementsAre(1, 4, 2, 5, 3, 6));
}

TEST(ResampleByPlans, LeavesEqualShapesUntouchedWhateverTheSpacing) {
  const std::vector<float> input{1, 2, 3, 4};
  std::vector<float> output(4);
  ResampleByPlans({}, input, {1, 2, 2}, {9, 1, 1}, output, {1, 2, 2}, {1, 1, 1}, 1);
  EXPECT_EQ(output, input);
}

TEST(ResampleByPlans, RefusesAnOrderAlongTheSeparateAxisThatThePlannerDoesNotWrite) {
  const std::vector<float> input(8, 1.0F);
  std::vector<float> output(16);
  const Resampling rule{.kind = ResamplingKind::kDefault, .order = 3, .order_z = 1, .force_separate_z = {}};
  EXPECT_THROW(ResampleByPlans(rule, input, {2, 2, 2}, {5, 1, 1}, output, {4, 2, 2}, {2.5, 1, 1}, 1), Error);
}

}  // namespace
}  // namespace tuckerseg
