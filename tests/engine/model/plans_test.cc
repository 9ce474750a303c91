#include "engine/model/plans.h"

#include <gmock/gmock.h>

#include "tests/engine/model/result_folder_builder.h"

namespace tuckerseg {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Json& Configuration(Json& plans) { return plans["configurations"]["3d_fullres"]; }
Json& Arguments(Json& plans) { return Configuration(plans)["architecture"]["arch_kwargs"]; }

NnunetPlans WithPlans(const Json& plans) { return Parse(plans, SmallDataset()); }
NnunetPlans WithDataset(const Json& dataset) { return Parse(NewPlans(), dataset); }

void ExpectSameNetwork(const UnetPlan& a, const UnetPlan& b) {
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.in_channels, b.in_channels);
  EXPECT_EQ(a.out_channels, b.out_channels);
  EXPECT_EQ(a.features, b.features);
  EXPECT_EQ(a.kernels, b.kernels);
  EXPECT_EQ(a.strides, b.strides);
  EXPECT_EQ(a.encoder_convs, b.encoder_convs);
  EXPECT_EQ(a.decoder_convs, b.decoder_convs);
  EXPECT_EQ(a.stem_channels, b.stem_channels);
  EXPECT_EQ(a.bias, b.bias);
  EXPECT_EQ(a.epsilon, b.epsilon);
  EXPECT_EQ(a.negative_slope, b.negative_slope);
}

TEST(Plans, ReadTheNetworkOfTheNewFormat) {
  const UnetPlan unet = WithPlans(NewPlans()).unet;
  EXPECT_EQ(unet.kind, UnetKind::kPlain);
  EXPECT_EQ(unet.in_channels, 1);
  EXPECT_EQ(unet.out_channels, 3);
  EXPECT_THAT(unet.features, ElementsAre(4, 8, 8));
  EXPECT_THAT(unet.kernels, ElementsAre(Size3{1, 3, 3}, Size3{3, 3, 3}, Size3{3, 3, 3}));
  EXPECT_THAT(unet.strides, ElementsAre(Size3{1, 1, 1}, Size3{1, 2, 2}, Size3{2, 2, 2}));
  EXPECT_THAT(unet.encoder_convs, ElementsAre(2, 2, 1));
  EXPECT_THAT(unet.decoder_convs, ElementsAre(1, 2));
  EXPECT_TRUE(unet.bias);
  EXPECT_EQ(unet.epsilon, 1e-5);
  EXPECT_EQ(unet.negative_slope, 0.01) << "the library's default";
}

TEST(Plans, ReadTheSameNetworkFromTheOldFormat) { ExpectSameNetwork(WithPlans(OldPlans()).unet, WithPlans(NewPlans()).unet); }

TEST(Plans, LetTheLastComponentOfTheClassDecide) {
  Json plans = NewPlans();
  Configuration(plans)["architecture"]["network_class_name"] = "somebody.elses.module.PlainConvUNet";
  ExpectSameNetwork(WithPlans(plans).unet, WithPlans(NewPlans()).unet);
}

TEST(Plans, ReadResidualEncoders) {
  Json plans = ResidualPlans();
  EXPECT_EQ(WithPlans(plans).unet.kind, UnetKind::kResidualEncoder);
  EXPECT_THAT(WithPlans(plans).unet.encoder_convs, ElementsAre(1, 2, 2));
  EXPECT_EQ(WithPlans(plans).unet.stem_channels, 4) << "the first stage's features, where no other number is given";
  Arguments(plans)["stem_channels"] = 6;
  EXPECT_EQ(WithPlans(plans).unet.stem_channels, 6);
}

TEST(Plans, ReadResidualEncodersOfTheOldFormat) {
  Json plans = OldPlans();
  Configuration(plans)["UNet_class_name"] = "ResidualEncoderUNet";
  ExpectSameNetwork(WithPlans(plans).unet, [] {
    UnetPlan unet = WithPlans(ResidualPlans()).unet;
    unet.encoder_convs = {2, 2, 1};
    return unet;
  }());
}

TEST(Plans, BroadcastANumberOverTheStages) {
  Json plans = NewPlans();
  Arguments(plans)["features_per_stage"] = 16;
  Arguments(plans)["n_conv_per_stage"] = 2;
  Arguments(plans)["n_conv_per_stage_decoder"] = 3;
  const UnetPlan unet = WithPlans(plans).unet;
  EXPECT_THAT(unet.features, ElementsAre(16, 16, 16));
  EXPECT_THAT(unet.encoder_convs, ElementsAre(2, 2, 2));
  EXPECT_THAT(unet.decoder_convs, ElementsAre(3, 3));
}

TEST(Plans, TakeTheNumbersOfNormAndActivation) {
  Json plans = NewPlans();
  Arguments(plans)["norm_op_kwargs"]["eps"] = 1e-3;
  Arguments(plans)["nonlin_kwargs"]["negative_slope"] = 0.2;
  Arguments(plans)["conv_bias"] = false;
  const UnetPlan unet = WithPlans(plans).unet;
  EXPECT_EQ(unet.epsilon, 1e-3);
  EXPECT_EQ(unet.negative_slope, 0.2);
  EXPECT_FALSE(unet.bias);
}

TEST(Plans, InheritKeyByKeyOverSeveralGenerations) {
  Json plans = NewPlans();
  Json& configurations = plans["configurations"];
  configurations["grandparent"] = configurations["3d_fullres"];
  configurations["parent"] = {{"inherits_from", "grandparent"}, {"spacing", {4, 4, 4}}, {"patch_size", {16, 16, 16}}};
  configurations["3d_fullres"] = {{"inherits_from", "parent"}, {"patch_size", {32, 32, 32}}};
  const NnunetPlans result = WithPlans(plans);
  EXPECT_THAT(result.patch_size, ElementsAre(32, 32, 32));
  EXPECT_THAT(result.spacing_mm, ElementsAre(4, 4, 4));
  EXPECT_THAT(result.unet.features, ElementsAre(4, 8, 8));
}

TEST(Plans, ReadPatchSpacingAndTranspose) {
  Json plans = NewPlans();
  plans["transpose_forward"] = {2, 0, 1};
  const NnunetPlans result = WithPlans(plans);
  EXPECT_THAT(result.patch_size, ElementsAre(8, 16, 16));
  EXPECT_THAT(result.spacing_mm, ElementsAre(5, 2.5, 2.5));
  EXPECT_THAT(result.transpose_forward, ElementsAre(2, 0, 1));
}

TEST(Plans, KnowEveryReader) {
  Json plans = NewPlans();
  EXPECT_EQ(WithPlans(plans).reader, ImageReader::kSimpleItk);
  plans["image_reader_writer"] = "NibabelIO";
  EXPECT_EQ(WithPlans(plans).reader, ImageReader::kNibabel);
  plans["image_reader_writer"] = "NibabelIOWithReorient";
  EXPECT_EQ(WithPlans(plans).reader, ImageReader::kNibabelReorient);
  plans.erase("image_reader_writer");
  EXPECT_EQ(WithPlans(plans).reader, ImageReader::kSimpleItk);
}

TEST(Plans, TakeTheIntensitiesOfCtNormalisation) {
  Json plans = NewPlans();
  const Normalization expected{.scheme = NormalizationScheme::kCt, .lower = -800, .upper = 700, .mean = 40, .std_dev = 220};
  EXPECT_THAT(WithPlans(plans).normalization, ElementsAre(expected));
  plans["foreground_intensity_properties_by_modality"] = plans["foreground_intensity_properties_per_channel"];
  plans.erase("foreground_intensity_properties_per_channel");
  EXPECT_THAT(WithPlans(plans).normalization, ElementsAre(expected)) << "the older name";
}

TEST(Plans, KnowEveryNormalisation) {
  Json plans = NewPlans();
  const auto scheme_of = [&](const char* name) {
    Configuration(plans)["normalization_schemes"] = {name};
    return WithPlans(plans).normalization.at(0).scheme;
  };
  EXPECT_EQ(scheme_of("CTNormalization"), NormalizationScheme::kCt);
  EXPECT_EQ(scheme_of("ZScoreNormalization"), NormalizationScheme::kZScore);
  EXPECT_EQ(scheme_of("NoNormalization"), NormalizationScheme::kNone);
  EXPECT_EQ(scheme_of("RescaleTo01Normalization"), NormalizationScheme::kRescaleTo01);
  EXPECT_EQ(scheme_of("RGBTo01Normalization"), NormalizationScheme::kRgbTo01);
}

TEST(Plans, UseTheMaskForZScoresAlone) {
  Json plans = NewPlans();
  Configuration(plans)["use_mask_for_norm"] = {true};
  EXPECT_FALSE(WithPlans(plans).normalization.at(0).use_mask);
  Configuration(plans)["normalization_schemes"] = {"ZScoreNormalization"};
  EXPECT_TRUE(WithPlans(plans).normalization.at(0).use_mask);
}

TEST(Plans, ReadOneNormalisationForEachChannel) {
  Json plans = NewPlans();
  Configuration(plans)["normalization_schemes"] = {"CTNormalization", "ZScoreNormalization"};
  Configuration(plans)["use_mask_for_norm"] = {false, true};
  Json dataset = SmallDataset();
  dataset["channel_names"] = {{"0", "CT"}, {"1", "PET"}};
  EXPECT_EQ(Parse(plans, dataset).unet.in_channels, 2);
  EXPECT_EQ(Parse(plans, dataset).normalization.at(1).scheme, NormalizationScheme::kZScore);
  dataset["modality"] = dataset["channel_names"];
  dataset.erase("channel_names");
  EXPECT_EQ(Parse(plans, dataset).unet.in_channels, 2) << "the older name";
}

TEST(Plans, ReadResamplingOfImagesAndLogits) {
  Json plans = NewPlans();
  EXPECT_EQ(WithPlans(plans).data_resampling, (Resampling{ResamplingKind::kDefault, 3, 0, {}}));
  EXPECT_EQ(WithPlans(plans).logits_resampling, (Resampling{ResamplingKind::kDefault, 1, 0, {}}));
  Configuration(plans)["resampling_fn_data"] = "resample_torch_fornnunet";
  Configuration(plans)["resampling_fn_data_kwargs"] = {{"force_separate_z", false}, {"order", 1}, {"order_z", 1}};
  Configuration(plans)["resampling_fn_probabilities"] = "no_resampling_hack";
  EXPECT_EQ(WithPlans(plans).data_resampling, (Resampling{ResamplingKind::kTorchTrilinear, 1, 1, false}));
  EXPECT_EQ(WithPlans(plans).logits_resampling.kind, ResamplingKind::kNone);
}

TEST(Plans, FallBackToThePlannersResamplingWhereOldPlansNameNone) {
  Json plans = OldPlans();
  for (const char* key : {"resampling_fn_data", "resampling_fn_data_kwargs", "resampling_fn_probabilities",
                          "resampling_fn_probabilities_kwargs"}) {
    Configuration(plans).erase(key);
  }
  EXPECT_EQ(WithPlans(plans).data_resampling, (Resampling{ResamplingKind::kDefault, 3, 0, {}}));
  EXPECT_EQ(WithPlans(plans).logits_resampling, (Resampling{ResamplingKind::kDefault, 1, 0, {}}));
}

TEST(Plans, ReadLabelsInFileOrderAndLeaveOutIgnore) {
  Json dataset = SmallDataset();
  dataset["labels"] = {{"spleen", 2}, {"background", 0}, {"liver", 1}, {"ignore", 3}};
  const NnunetPlans result = WithDataset(dataset);
  EXPECT_FALSE(result.regions);
  EXPECT_EQ(result.unet.out_channels, 3);
  ASSERT_EQ(result.labels.size(), 3U);
  EXPECT_EQ(result.labels[0].name, "spleen");
  EXPECT_THAT(result.labels[0].values, ElementsAre(2));
  EXPECT_THAT(result.regions_class_order, IsEmpty());
}

TEST(Plans, TakeLabelsOfSeveralValuesForRegions) {
  Json dataset = SmallDataset();
  dataset["labels"] = {{"background", 0}, {"whole", {1, 2}}, {"core", {2}}, {"ignore", 3}};
  dataset["regions_class_order"] = {1, 2};
  const NnunetPlans result = WithDataset(dataset);
  EXPECT_TRUE(result.regions);
  EXPECT_EQ(result.unet.out_channels, 2) << "one channel for each region, none for the background";
  ASSERT_EQ(result.labels.size(), 2U);
  EXPECT_EQ(result.labels[0].name, "whole");
  EXPECT_THAT(result.labels[0].values, ElementsAre(1, 2));
  EXPECT_THAT(result.regions_class_order, ElementsAre(1, 2));
}

TEST(Plans, TakeListsOfOneValueForPlainLabels) {
  Json dataset = SmallDataset();
  dataset["labels"]["liver"] = Json::array({1});
  EXPECT_FALSE(WithDataset(dataset).regions);
}

}  // namespace
}  // namespace tuckerseg
