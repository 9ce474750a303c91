#include <gtest/gtest.h>

#include <functional>

#include "engine/model/plans.h"
#include "tests/engine/model/result_folder_builder.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

/// Paths of errors in the configuration begin with this.
const std::string kHere = "plans.configurations.3d_fullres.";

void ExpectRefused(const Json& plans, const Json& dataset, const std::string& message,
                   ErrorCode code = ErrorCode::kInvalidArgument) {
  SCOPED_TRACE(message);
  ExpectError(code, message, [&] { Parse(plans, dataset); });
}

using Change = std::function<void(Json& json)>;

void WithPlans(const Change& change, const std::string& message, ErrorCode code = ErrorCode::kInvalidArgument) {
  Json plans = NewPlans();
  change(plans);
  ExpectRefused(plans, SmallDataset(), message, code);
}
void WithConfiguration(const Change& change, const std::string& message, ErrorCode code = ErrorCode::kInvalidArgument) {
  WithPlans([&](Json& plans) { change(plans["configurations"]["3d_fullres"]); }, kHere + message, code);
}
void WithArguments(const Change& change, const std::string& message, ErrorCode code = ErrorCode::kInvalidArgument) {
  WithConfiguration([&](Json& c) { change(c["architecture"]["arch_kwargs"]); }, "architecture.arch_kwargs" + message, code);
}
void WithOldNetwork(const Change& change, const std::string& message) {
  Json plans = OldPlans();
  change(plans["configurations"]["3d_fullres"]);
  ExpectRefused(plans, SmallDataset(), kHere + message);
}
void WithDataset(const Change& change, const std::string& message) {
  Json dataset = SmallDataset();
  change(dataset);
  ExpectRefused(NewPlans(), dataset, message);
}

TEST(RefusedPlans, SayWhichFileIsNoJson) {
  ExpectError(ErrorCode::kInvalidArgument, "plans.json: not JSON at byte", [] { ParsePlans("{", "{}", "c"); });
  ExpectError(ErrorCode::kInvalidArgument, "dataset.json: not JSON at byte", [] { ParsePlans("{}", "{", "c"); });
}

TEST(RefusedPlans, LackTheConfiguration) {
  ExpectError(ErrorCode::kInvalidArgument, "plans.configurations.2d: missing",
              [] { ParsePlans(NewPlans().dump(), SmallDataset().dump(), "2d"); });
  WithPlans([](Json& plans) { plans.erase("configurations"); }, "plans.configurations: missing");
}

TEST(RefusedPlans, InheritInACircleOrFromNothing) {
  WithPlans(
      [](Json& plans) {
        plans["configurations"]["3d_fullres"]["inherits_from"] = "other";
        plans["configurations"]["other"] = {{"inherits_from", "3d_fullres"}};
      },
      "inherits_from must not lead back to itself");
  WithPlans([](Json& plans) { plans["configurations"]["3d_fullres"]["inherits_from"] = "3d_fullres"; },
            "must not lead back to itself");
  WithPlans([](Json& plans) { plans["configurations"]["3d_fullres"]["inherits_from"] = "other"; },
            "plans.configurations.other: missing");
  WithPlans([](Json& plans) { plans["configurations"]["3d_fullres"] = 1; },
            "plans.configurations.3d_fullres = 1: must be an object");
}

TEST(RefusedPlans, InheritThroughMoreConfigurationsThanAnyPlannerWrites) {
  WithPlans(
      [](Json& plans) {
        plans["configurations"]["3d_fullres"]["inherits_from"] = "parent_0";
        for (int i = 0; i < 17; ++i) plans["configurations"]["parent_" + std::to_string(i)] = {{"inherits_from", "parent_" + std::to_string(i + 1)}};
        plans["configurations"]["parent_17"] = Json::object();
      },
      "must inherit from at most 16 configurations");
}

TEST(RefusedPlans, HaveMoreKeysThanAnyPlannerWrites) {
  WithPlans(
      [](Json& plans) {
        for (int i = 0; i < 1024; ++i) plans["configurations"]["3d_fullres"]["key_" + std::to_string(i)] = i;
      },
      "must have at most 1024 keys");
}

TEST(RefusedPlans, AreTwoDimensional) {
  const ErrorCode code = ErrorCode::kFailedPrecondition;
  WithConfiguration(
      [](Json& c) {
        c["patch_size"] = {64, 64};
      },
      "patch_size: two-dimensional: must be a 3-D configuration", code);
  WithArguments([](Json& a) { a["conv_op"] = "torch.nn.modules.conv.Conv2d"; },
                ".conv_op = Conv2d: must be a 3-D configuration", code);
  WithArguments([](Json& a) { a["strides"][1] = {2, 2}; }, ".strides[1]: two-dimensional", code);
}

TEST(RefusedPlans, AreACascade) {
  WithConfiguration([](Json& c) { c["previous_stage"] = "3d_lowres"; }, "previous_stage: a cascade",
                    ErrorCode::kFailedPrecondition);
}

TEST(RefusedPlans, HaveABadPatchSpacingTransposeOrReader) {
  WithConfiguration([](Json& c) { c["patch_size"] = {0, 16, 16}; }, "patch_size[0] = 0: must be a whole number in [1, 4096]");
  WithConfiguration([](Json& c) { c.erase("patch_size"); }, "patch_size: missing");
  WithConfiguration([](Json& c) { c["spacing"] = {1, 0, 1}; }, "spacing = [1,0,1]: must be above 0 mm");
  WithConfiguration([](Json& c) { c["spacing"] = {1, 1}; }, "spacing = [1,1]: must have three entries");
  WithPlans(
      [](Json& p) {
        p["transpose_forward"] = {0, 0, 1};
      },
      "plans.transpose_forward = [0,0,1]: must be a permutation of 0, 1, 2");
  WithPlans([](Json& p) { p["transpose_forward"] = {0, 1, 3}; }, "plans.transpose_forward[2] = 3");
  WithPlans([](Json& p) { p["image_reader_writer"] = "PngIO"; },
            "plans.image_reader_writer = \"PngIO\": must be one of SimpleITKIO");
}

TEST(RefusedPlans, NameAnotherClassOfNetwork) {
  WithConfiguration([](Json& c) { c["architecture"]["network_class_name"] = "a.b.ResidualUNet"; },
                    "architecture.network_class_name = \"a.b.ResidualUNet\": must be PlainConvUNet or ResidualEncoderUNet");
  WithOldNetwork([](Json& c) { c["UNet_class_name"] = "Generic_UNet"; }, "UNet_class_name = \"Generic_UNet\": must be");
  WithOldNetwork([](Json& c) { c.erase("UNet_class_name"); }, "UNet_class_name: missing");
}

TEST(RefusedPlans, NameOtherLayers) {
  WithArguments([](Json& a) { a["norm_op"] = "torch.nn.modules.batchnorm.BatchNorm3d"; },
                ".norm_op = \"torch.nn.modules.batchnorm.BatchNorm3d\": must be InstanceNorm3d");
  WithArguments([](Json& a) { a["norm_op"] = nullptr; }, ".norm_op = null: must be InstanceNorm3d");
  WithArguments([](Json& a) { a["nonlin"] = "torch.nn.ReLU"; }, ".nonlin = \"torch.nn.ReLU\": must be LeakyReLU");
  WithArguments([](Json& a) { a["norm_op_kwargs"]["affine"] = false; }, ".norm_op_kwargs");
  WithArguments([](Json& a) { a["norm_op_kwargs"]["track_running_stats"] = true; }, ".norm_op_kwargs");
  WithArguments([](Json& a) { a.erase("norm_op_kwargs"); }, " = ");
  WithArguments([](Json& a) { a["nonlin_first"] = true; }, ".nonlin_first = true: must be false");
  WithArguments([](Json& a) { a["bottleneck_channels"] = 8; }, ".bottleneck_channels = 8: must be null");
}

TEST(RefusedPlans, HaveStagesThatDisagree) {
  WithArguments([](Json& a) { a["n_stages"] = 1; }, ".n_stages = 1: must be a whole number in [2, 16]");
  WithArguments([](Json& a) { a["n_stages"] = 4; }, ".features_per_stage = [4,8,8]: must have n_stages entries");
  WithArguments([](Json& a) { a["kernel_sizes"].erase(0); }, " = ");
  WithArguments([](Json& a) { a["strides"].push_back({2, 2, 2}); }, " = ");
  WithArguments([](Json& a) { a["n_conv_per_stage"] = {2, 2}; }, ".n_conv_per_stage = [2,2]: must have 3 entries");
  WithArguments(
      [](Json& a) {
        a["n_conv_per_stage_decoder"] = {2, 2, 2};
      },
      ".n_conv_per_stage_decoder = [2,2,2]: must have 2 entries");
  WithArguments([](Json& a) { a["n_conv_per_stage"][1] = 0; }, ".n_conv_per_stage[1] = 0: must be a whole number in [1, 64]");
  WithOldNetwork([](Json& c) { c["n_conv_per_stage_encoder"] = Json::array({2}); },
                 "n_conv_per_stage_encoder = [2]: must describe 2 to 16 stages");
  WithOldNetwork([](Json& c) { c["UNet_base_num_features"] = 0; }, "UNet_base_num_features = 0");
}

TEST(RefusedPlans, HaveABadNormalisation) {
  WithConfiguration([](Json& c) { c["normalization_schemes"] = {"Other"}; },
                    "normalization_schemes[0] = \"Other\": must be one of CTNormalization");
  WithConfiguration([](Json& c) { c["normalization_schemes"] = Json::array(); },
                    "normalization_schemes = []: must have 1 entries");
  WithConfiguration(
      [](Json& c) {
        c["use_mask_for_norm"] = {false, false};
      },
      "use_mask_for_norm = [false,false]: must have 1 entries");
  WithConfiguration([](Json& c) { c["use_mask_for_norm"] = {0}; }, "use_mask_for_norm[0] = 0: must be true or false");
  const std::string properties = "plans.foreground_intensity_properties_per_channel";
  WithPlans([](Json& p) { p.erase("foreground_intensity_properties_per_channel"); }, properties + ": missing");
  WithPlans([&](Json& p) { p["foreground_intensity_properties_per_channel"]["0"].erase("std"); },
            properties + ".0.std: missing");
  WithPlans([&](Json& p) { p["foreground_intensity_properties_per_channel"]["0"]["percentile_00_5"] = 701; },
            properties + ".0.percentile_00_5 = 701: must not be above percentile_99_5");
}

TEST(RefusedPlans, HaveABadResampling) {
  WithConfiguration([](Json& c) { c["resampling_fn_data"] = "other"; },
                    "resampling_fn_data = \"other\": must be resample_data_or_seg_to_shape");
  WithConfiguration([](Json& c) { c["resampling_fn_data_kwargs"]["order"] = 2; },
                    "resampling_fn_data_kwargs.order = 2: must be 0, 1 or 3");
  WithConfiguration([](Json& c) { c["resampling_fn_data_kwargs"]["order"] = 4; }, "resampling_fn_data_kwargs.order = 4");
  WithConfiguration([](Json& c) { c["resampling_fn_probabilities_kwargs"]["force_separate_z"] = 1; },
                    "resampling_fn_probabilities_kwargs.force_separate_z = 1: must be true or false");
}

TEST(RefusedPlans, BelongToADatasetWithoutChannelsOrLabels) {
  WithDataset([](Json& d) { d.erase("channel_names"); }, "dataset.modality: missing");
  WithDataset([](Json& d) { d["channel_names"] = Json::object(); },
              "dataset.channel_names = {}: must be an object of 1 to 64 channels");
  WithDataset([](Json& d) { d["channel_names"] = {"CT"}; }, "dataset.channel_names = [\"CT\"]: must be an object");
  WithDataset([](Json& d) { d.erase("labels"); }, "dataset.labels: missing");
  WithDataset([](Json& d) { d["labels"] = {"liver"}; }, "dataset.labels = [\"liver\"]: must be an object of names and values");
  WithDataset([](Json& d) { d["labels"] = {{"background", 0}}; }, "must name at least one structure");
}

TEST(RefusedPlans, BelongToADatasetWithBadLabels) {
  WithDataset([](Json& d) { d["labels"]["spleen"] = 3; }, "values must be consecutive from 0");
  WithDataset([](Json& d) { d["labels"]["spleen"] = "two"; }, "dataset.labels.spleen = \"two\"");
  WithDataset([](Json& d) { d["labels"]["spleen"] = -1; }, "dataset.labels.spleen = -1: must be a whole number in [0, 65535]");
  WithDataset([](Json& d) { d["labels"]["spleen"] = Json::array(); },
              "dataset.labels.spleen = []: must name at least one value");
}

TEST(RefusedPlans, BelongToADatasetWhoseRegionsHaveNoOrder) {
  const auto regions = [](Json& d) { d["labels"] = {{"background", 0}, {"whole", {1, 2}}, {"core", {2}}}; };
  WithDataset(regions, "dataset.regions_class_order: missing");
  WithDataset(
      [&](Json& d) {
        regions(d);
        d["regions_class_order"] = Json::array({1});
      },
      "dataset.regions_class_order = [1]: must have 2 entries");
  WithDataset(
      [&](Json& d) {
        regions(d);
        d["regions_class_order"] = {1, 0};
      },
      "dataset.regions_class_order[1] = 0");
}

}  // namespace
}  // namespace tuckerseg
