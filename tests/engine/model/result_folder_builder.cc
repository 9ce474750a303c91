#include "tests/engine/model/result_folder_builder.h"

#include <fstream>

#include "engine/model/unet_builder.h"

namespace tuckerseg {
namespace {

/// What both formats have: everything but the network.
constexpr auto kPlans = R"({
  "image_reader_writer": "SimpleITKIO",
  "transpose_forward": [0, 1, 2],
  "transpose_backward": [0, 1, 2],
  "configurations": {
    "3d_fullres": {
      "patch_size": [8, 16, 16],
      "spacing": [5.0, 2.5, 2.5],
      "normalization_schemes": ["CTNormalization"],
      "use_mask_for_norm": [false],
      "resampling_fn_data": "resample_data_or_seg_to_shape",
      "resampling_fn_data_kwargs": {"is_seg": false, "order": 3, "order_z": 0, "force_separate_z": null},
      "resampling_fn_probabilities": "resample_data_or_seg_to_shape",
      "resampling_fn_probabilities_kwargs": {"is_seg": false, "order": 1, "order_z": 0, "force_separate_z": null}
    }
  },
  "foreground_intensity_properties_per_channel": {
    "0": {"mean": 40.0, "std": 220.0, "percentile_00_5": -800.0, "percentile_99_5": 700.0}
  }
})";

constexpr auto kArchitecture = R"({
  "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
  "arch_kwargs": {
    "n_stages": 3,
    "features_per_stage": [4, 8, 8],
    "conv_op": "torch.nn.modules.conv.Conv3d",
    "kernel_sizes": [[1, 3, 3], [3, 3, 3], [3, 3, 3]],
    "strides": [[1, 1, 1], [1, 2, 2], [2, 2, 2]],
    "conv_bias": true,
    "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d",
    "norm_op_kwargs": {"eps": 1e-05, "affine": true},
    "dropout_op": null,
    "dropout_op_kwargs": null,
    "nonlin": "torch.nn.LeakyReLU",
    "nonlin_kwargs": {"inplace": true},
    "n_conv_per_stage": [2, 2, 1],
    "n_conv_per_stage_decoder": [1, 2]
  }
})";

constexpr auto kOldNetwork = R"({
  "UNet_class_name": "PlainConvUNet",
  "UNet_base_num_features": 4,
  "unet_max_num_features": 8,
  "n_conv_per_stage_encoder": [2, 2, 1],
  "n_conv_per_stage_decoder": [1, 2],
  "pool_op_kernel_sizes": [[1, 1, 1], [1, 2, 2], [2, 2, 2]],
  "conv_kernel_sizes": [[1, 3, 3], [3, 3, 3], [3, 3, 3]]
})";

void WriteText(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace

Json NewPlans() {
  Json plans = Json::parse(kPlans);
  plans["configurations"]["3d_fullres"]["architecture"] = Json::parse(kArchitecture);
  return plans;
}

Json OldPlans() {
  Json plans = Json::parse(kPlans);
  plans["configurations"]["3d_fullres"].update(Json::parse(kOldNetwork));
  return plans;
}

Json ResidualPlans() {
  Json plans = NewPlans();
  Json& architecture = plans["configurations"]["3d_fullres"]["architecture"];
  architecture["network_class_name"] = "dynamic_network_architectures.architectures.unet.ResidualEncoderUNet";
  architecture["arch_kwargs"].erase("n_conv_per_stage");
  architecture["arch_kwargs"]["n_blocks_per_stage"] = {1, 2, 2};
  return plans;
}

Json SmallDataset() {
  return Json::parse(
      R"({"channel_names": {"0": "CT"}, "labels": {"background": 0, "liver": 1, "spleen": 2}, "file_ending": ".nii.gz"})");
}

NnunetPlans Parse(const Json& plans, const Json& dataset) { return ParsePlans(plans.dump(), dataset.dump(), "3d_fullres"); }

void WriteResultFolder(const std::filesystem::path& result, const Json& plans, const Json& dataset,
                       const std::vector<std::string>& folds) {
  WriteText(result / "plans.json", plans.dump());
  WriteText(result / "dataset.json", dataset.dump());
  const LayerGraph graph = BuildUnet(Parse(plans, dataset).unet);
  for (size_t i = 0; i < folds.size(); ++i) WriteCheckpoint(result, folds[i], CheckpointFor(graph, static_cast<float>(i)));
}

void WriteCheckpoint(const std::filesystem::path& result, const std::string& fold, const CheckpointBuilder& checkpoint) {
  WriteText(result / ("fold_" + fold) / "checkpoint_final.pth", checkpoint.Bytes());
}

}  // namespace tuckerseg
