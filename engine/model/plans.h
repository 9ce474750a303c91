/// Reads nnU-Net's plans.json and dataset.json, old and new: what a configuration's network is and what it is fed with.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/model/layer_graph.h"
#include "engine/model/model.h"

namespace tuckerseg {

enum class UnetKind { kPlain, kResidualEncoder };

/// A U-Net as nnU-Net's planner describes it (nnunet-inference sections 2.2 and 2.3), all lists filled up.
struct UnetPlan {
  UnetKind kind = UnetKind::kPlain;
  int64_t in_channels = 1;
  int64_t out_channels = 2;
  std::vector<int64_t> features;          ///< one for each stage
  std::vector<Size3> kernels;             ///< one for each stage
  std::vector<Size3> strides;             ///< one for each stage
  std::vector<int64_t> encoder_convs;     ///< convolutions (plain) or residual blocks of each stage
  std::vector<int64_t> decoder_convs;     ///< stages - 1, deepest first
  int64_t stem_channels = 0;              ///< residual encoder only
  bool bias = true;
  double epsilon = 1e-5;
  double negative_slope = 0.01;
};

/// One label of dataset.json. A region is a label of several values.
struct DatasetLabel {
  std::string name;
  std::vector<int64_t> values;
};

/// What inference needs of a result folder's two files, for one configuration.
struct NnunetPlans {
  UnetPlan unet;
  Size3 patch_size{};
  Spacing3d spacing_mm{};
  std::array<int, 3> transpose_forward{0, 1, 2};
  ImageReader reader = ImageReader::kSimpleItk;
  std::vector<Normalization> normalization;
  Resampling data_resampling;
  Resampling logits_resampling;
  bool regions = false;
  std::vector<DatasetLabel> labels;          ///< without `ignore`; background (0) first where it is named
  std::vector<int64_t> regions_class_order;  ///< with regions: the label that each channel gives
};

/// Errors: kInvalidArgument that names the file's key, its value and what would be right; kFailedPrecondition for
/// configurations that the engine does not run (two-dimensional networks, cascades).
NnunetPlans ParsePlans(const std::string& plans_json, const std::string& dataset_json, const std::string& configuration);

}  // namespace tuckerseg
