// Result folders that nnU-Net itself wrote, TotalSegmentator's layout among them.
#include <gmock/gmock.h>

#include "engine/model/nnunet_import.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/integration/golden_files.h"

namespace tuckerseg {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::Le;

class GenuineResults : public testing::Test {
 protected:
  void SetUp() override { SKIP_WITHOUT_TEST_DATA(); }
  /// The network of nets/NAME.
  static Bundle Net(const std::string& name) {
    for (const auto& entry : std::filesystem::directory_iterator(TestData() / "nets" / name)) {
      if (entry.path().filename() != "golden") return ImportNnunet(entry.path(), {});
    }
    throw std::runtime_error("no result folder");
  }
  static std::filesystem::path Results() { return TestData() / "totalsegmentator"; }
  static std::filesystem::path Fast() { return Results() / "Dataset297_TotalSegmentator_total_3mm_1559subj"; }
};

std::vector<std::string> LabelNames(const Model& model) {
  std::vector<std::string> names;
  for (const Label& label : model.labels) names.push_back(label.name);
  return names;
}

TEST_F(GenuineResults, OfAnAnisotropicNetwork) {
  const Bundle bundle = Net("aniso_ct");
  const ModelPart& part = bundle.model.parts.at(0);
  EXPECT_EQ(bundle.model.task, "aniso_ct");
  EXPECT_THAT(LabelNames(bundle.model), ElementsAre("structure_1", "structure_2", "structure_3"));
  EXPECT_THAT(part.patch_size, ElementsAre(12, 48, 48));
  EXPECT_THAT(part.spacing_mm, ElementsAre(5, 2.5, 2.5));
  EXPECT_THAT(part.graph.layers.at(1).kernel, ElementsAre(1, 3, 3));
  EXPECT_THAT(part.graph.PatchDivisor(), ElementsAre(2, 4, 4));
  EXPECT_EQ(part.normalization.at(0).lower, -800);
}

TEST_F(GenuineResults, OfATransposedNetworkThatMirrors) {
  const ModelPart part = Net("transposed_zscore_mirrored").model.parts.at(0);
  EXPECT_THAT(part.transpose_forward, ElementsAre(2, 0, 1));
  EXPECT_THAT(part.mirror_axes, ElementsAre(0, 1, 2));
  EXPECT_EQ(part.normalization.at(0).scheme, NormalizationScheme::kZScore);
}

TEST_F(GenuineResults, OfAResidualEncoderInTwoFoldsOfHalves) {
  const Bundle bundle = Net("resenc_two_folds_half");
  const ModelPart& part = bundle.model.parts.at(0);
  EXPECT_THAT(part.folds, ElementsAre("0", "1"));
  const WeightStore& weights = bundle.weights.at(0);
  const std::string name = "encoder.stages.2.blocks.3.conv2.conv.weight";
  EXPECT_THAT(weights.At("fold_0." + name).shape, ElementsAre(48, 48, 3, 3, 3));
  EXPECT_EQ(weights.At("fold_0." + name).type, TensorType::kFloat32);
  EXPECT_NE(ToFloat(weights.At("fold_0." + name)), ToFloat(weights.At("fold_1." + name)));
}

TEST_F(GenuineResults, OfOldPlans) {
  const ModelPart part = Net("old_plans").model.parts.at(0);
  EXPECT_EQ(part.graph.layers.at(1).out_channels, 8);
  EXPECT_EQ(part.graph.OutChannels(), 3);
}

TEST_F(GenuineResults, OfTheFastTask) {
  const Bundle bundle = ImportNnunet(Fast(), {});
  const Model& model = bundle.model;
  EXPECT_EQ(model.task, "total_fast");
  EXPECT_EQ(model.labels.size(), 117U);
  EXPECT_EQ(model.parts.at(0).graph.OutChannels(), 118);
  EXPECT_EQ(model.parts[0].channel_labels.at(117), 117);
  EXPECT_THAT(model.parts[0].patch_size, Each(96));
  EXPECT_EQ(model.pipeline.tile_step, 0.8);
}

TEST_F(GenuineResults, HaveTheWeightsThatNumpySavedFromThem) {
  const Bundle bundle = ImportNnunet(Fast(), {});
  // Without encoder.stages.3.0.convs.1: that file is not from this checkpoint; a plain unpickling differs from it, too.
  for (const char* name :
       {"encoder.stages.0.0.convs.0.conv.weight", "encoder.stages.1.0.convs.0.conv.weight", "decoder.transpconvs.1.weight",
        "decoder.stages.2.convs.0.conv.weight", "decoder.seg_layers.3.weight"}) {
    const NpyArray expected = ReadNpy(TestData() / "tucker" / (std::string(name) + ".npy"));
    const TensorView& tensor = bundle.weights.at(0).At(std::string("fold_0.") + name);
    EXPECT_EQ(tensor.shape, expected.shape);
    EXPECT_EQ(ToFloat(tensor), expected.values);
  }
}

TEST_F(GenuineResults, OfTheFivePartsOfTheWholeTask) {
  const Model model = ImportNnunet(Results(), {.task = "total"}).model;
  ASSERT_EQ(model.parts.size(), 5U);
  std::vector<int> times_given(118);
  for (const ModelPart& part : model.parts) {
    EXPECT_EQ(part.channel_labels.at(0), 0);
    EXPECT_THAT(part.channel_labels, Each(AllOf(Ge(0), Le(117))));
    for (const int64_t label : part.channel_labels) ++times_given.at(static_cast<size_t>(label));
  }
  EXPECT_EQ(times_given[0], 5);
  times_given.erase(times_given.begin());
  EXPECT_THAT(times_given, Each(1)) << "every class comes from exactly one part";
}

TEST_F(GenuineResults, AreTheSameOnceSavedAndLoaded) {
  const TemporaryDirectory folder;
  const Bundle bundle = Net("transposed_zscore_mirrored");
  SaveBundle(bundle, folder.path());
  EXPECT_EQ(LoadBundle(folder.path()).model, bundle.model);
}

TEST_F(GenuineResults, AreRefusedAsAnotherTask) {
  ExpectError(ErrorCode::kInvalidArgument, "task breasts", [] { ImportNnunet(Fast(), {.task = "breasts"}); });
}

}  // namespace
}  // namespace tuckerseg
