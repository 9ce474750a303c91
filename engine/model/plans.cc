#include "engine/model/plans.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "engine/error.h"
#include "engine/model/json_fields.h"

namespace tuckerseg {
namespace {

constexpr int64_t kMaxStages = 16;
constexpr int64_t kMaxChannels = 65536;
// What a configuration may cost: planners write about 30 keys, and cascades inherit once.
constexpr size_t kMaxKeys = 1024;
constexpr size_t kMaxParents = 16;

std::string LastComponent(const std::string& dotted) { return dotted.substr(dotted.rfind('.') + 1); }

/// Follows `inherits_from`: the parent's keys, overwritten key by key.
Json Resolve(const JsonField& configurations, const std::string& name) {
  std::vector<std::string> chain;
  std::set<std::string> seen;
  for (std::string current = name;;) {
    if (!seen.insert(current).second) configurations.At(current).Refuse("inherits_from must not lead back to itself");
    if (chain.size() > kMaxParents) configurations.At(name).Refuse("must inherit from at most 16 configurations");
    chain.push_back(current);
    const JsonField configuration = configurations.At(current);
    if (!configuration.Has("inherits_from")) break;
    current = configuration.At("inherits_from").Text();
  }
  Json resolved = Json::object();
  for (auto it = chain.rbegin(); it != chain.rend(); ++it) {
    const JsonField configuration = configurations.At(*it);
    if (!configuration.json().is_object()) configuration.Refuse("must be an object");
    resolved.update(configuration.json());
    if (resolved.size() > kMaxKeys) configuration.Refuse("must have at most 1024 keys, inherited ones too");
  }
  return resolved;
}

Size3 ReadSize3(const JsonField& field, int64_t high) {
  if (field.Size() == 2) {
    throw Error(ErrorCode::kFailedPrecondition, field.path() + ": two-dimensional: must be a 3-D configuration");
  }
  return field.Integers3(1, high);
}

/// A list of one entry for each stage, or one number for all.
std::vector<int64_t> PerStage(const JsonField& field, size_t stages) {
  if (field.json().is_number()) return std::vector<int64_t>(stages, field.Integer(1, 64));
  const auto values = field.Each([](const JsonField& f) { return f.Integer(1, 64); });
  if (values.size() != stages) field.Refuse("must have " + std::to_string(stages) + " entries");
  return values;
}

void CheckStages(const UnetPlan& unet, const JsonField& field) {
  const size_t stages = unet.features.size();
  if (stages < 2 || stages > kMaxStages) field.Refuse("must describe 2 to 16 stages");
  if (unet.kernels.size() != stages || unet.strides.size() != stages) {
    field.Refuse("kernel sizes and strides must have one entry for each of the " + std::to_string(stages) + " stages");
  }
}

UnetKind KindOf(const JsonField& field) {
  const std::string name = LastComponent(field.Text());
  if (name == "PlainConvUNet") return UnetKind::kPlain;
  if (name == "ResidualEncoderUNet") return UnetKind::kResidualEncoder;
  field.Refuse("must be PlainConvUNet or ResidualEncoderUNet");
}

/// Refuses a layer type by its last component; null means none.
void CheckType(const JsonField& arguments, const std::string& key, const std::string& wanted) {
  const JsonField field = arguments.At(key);
  if (field.IsNull() || LastComponent(field.Text()) != wanted) field.Refuse("must be " + wanted);
}

void ReadActivation(const JsonField& arguments, UnetPlan& unet) {
  if (arguments.Has("conv_op") && LastComponent(arguments.At("conv_op").Text()) == "Conv2d") {
    throw Error(ErrorCode::kFailedPrecondition, arguments.path() + ".conv_op = Conv2d: must be a 3-D configuration (Conv3d)");
  }
  CheckType(arguments, "conv_op", "Conv3d");
  CheckType(arguments, "norm_op", "InstanceNorm3d");
  CheckType(arguments, "nonlin", "LeakyReLU");
  if (arguments.Has("norm_op_kwargs") && !arguments.At("norm_op_kwargs").IsNull()) {
    const JsonField norm = arguments.At("norm_op_kwargs");
    if (norm.Has("eps")) unet.epsilon = norm.At("eps").Number();
    if (!norm.Has("affine") || !norm.At("affine").Boolean()) norm.Refuse("affine must be true");
    if (norm.Has("track_running_stats") && norm.At("track_running_stats").Boolean()) norm.Refuse("track_running_stats must be false");
  } else {
    arguments.Refuse("norm_op_kwargs must say affine: true");
  }
  if (arguments.Has("nonlin_kwargs") && !arguments.At("nonlin_kwargs").IsNull()) {
    const JsonField nonlin = arguments.At("nonlin_kwargs");
    if (nonlin.Has("negative_slope")) unet.negative_slope = nonlin.At("negative_slope").Number();
  }
  if (arguments.Has("nonlin_first") && arguments.At("nonlin_first").Boolean()) arguments.At("nonlin_first").Refuse("must be false");
  if (arguments.Has("conv_bias")) unet.bias = arguments.At("conv_bias").Boolean();
}

UnetPlan ReadNewArchitecture(const JsonField& architecture) {
  UnetPlan unet;
  unet.kind = KindOf(architecture.At("network_class_name"));
  const JsonField arguments = architecture.At("arch_kwargs");
  ReadActivation(arguments, unet);
  const auto stages = static_cast<size_t>(arguments.At("n_stages").Integer(2, kMaxStages));
  const JsonField features = arguments.At("features_per_stage");
  unet.features = features.json().is_number() ? std::vector<int64_t>(stages, features.Integer(1, kMaxChannels))
                                              : features.Each([](const JsonField& f) { return f.Integer(1, kMaxChannels); });
  if (unet.features.size() != stages) features.Refuse("must have n_stages entries");
  unet.kernels = arguments.At("kernel_sizes").Each([](const JsonField& f) { return ReadSize3(f, 31); });
  unet.strides = arguments.At("strides").Each([](const JsonField& f) { return ReadSize3(f, 16); });
  CheckStages(unet, arguments);
  const bool plain = unet.kind == UnetKind::kPlain;
  unet.encoder_convs = PerStage(arguments.At(plain ? "n_conv_per_stage" : "n_blocks_per_stage"), stages);
  unet.decoder_convs = PerStage(arguments.At("n_conv_per_stage_decoder"), stages - 1);
  unet.stem_channels = unet.features.front();
  if (arguments.Has("stem_channels") && !arguments.At("stem_channels").IsNull()) {
    unet.stem_channels = arguments.At("stem_channels").Integer(1, kMaxChannels);
  }
  if (arguments.Has("bottleneck_channels") && !arguments.At("bottleneck_channels").IsNull()) {
    arguments.At("bottleneck_channels").Refuse("must be null: nnU-Net's planners write no bottleneck blocks");
  }
  return unet;
}

UnetPlan ReadOldArchitecture(const JsonField& configuration) {
  UnetPlan unet;
  unet.kind = KindOf(configuration.At("UNet_class_name"));
  const JsonField convs = configuration.At("n_conv_per_stage_encoder");
  const size_t stages = convs.Size();
  if (stages < 2 || stages > kMaxStages) convs.Refuse("must describe 2 to 16 stages");
  const int64_t base = configuration.At("UNet_base_num_features").Integer(1, kMaxChannels);
  const int64_t most = configuration.At("unet_max_num_features").Integer(1, kMaxChannels);
  for (size_t i = 0; i < stages; ++i) unet.features.push_back(std::min(base << i, most));
  unet.kernels = configuration.At("conv_kernel_sizes").Each([](const JsonField& f) { return ReadSize3(f, 31); });
  unet.strides = configuration.At("pool_op_kernel_sizes").Each([](const JsonField& f) { return ReadSize3(f, 16); });
  CheckStages(unet, configuration);
  unet.encoder_convs = PerStage(convs, stages);
  unet.decoder_convs = PerStage(configuration.At("n_conv_per_stage_decoder"), stages - 1);
  unet.stem_channels = unet.features.front();
  return unet;
}

ResamplingKind ResamplingKindOf(const JsonField& field) {
  const std::string name = field.Text();
  if (name == "resample_data_or_seg_to_shape") return ResamplingKind::kDefault;
  if (name == "resample_torch_fornnunet" || name == "resample_torch_simple") return ResamplingKind::kTorchTrilinear;
  if (name == "no_resampling_hack") return ResamplingKind::kNone;
  field.Refuse("must be resample_data_or_seg_to_shape, resample_torch_fornnunet, resample_torch_simple or no_resampling_hack");
}

/// The planner's defaults where a key is absent: old plans name no resampling at all.
Resampling ReadResampling(const JsonField& configuration, const std::string& key, int default_order) {
  Resampling resampling{.kind = ResamplingKind::kDefault, .order = default_order, .order_z = 0, .force_separate_z = {}};
  if (configuration.Has(key)) resampling.kind = ResamplingKindOf(configuration.At(key));
  if (!configuration.Has(key + "_kwargs")) return resampling;
  const JsonField arguments = configuration.At(key + "_kwargs");
  if (arguments.Has("order")) {
    resampling.order = static_cast<int>(arguments.At("order").Integer(0, 3));
    if (resampling.order == 2) arguments.At("order").Refuse("must be 0, 1 or 3");
  }
  if (arguments.Has("order_z")) resampling.order_z = static_cast<int>(arguments.At("order_z").Integer(0, 3));
  if (arguments.Has("force_separate_z") && !arguments.At("force_separate_z").IsNull()) {
    resampling.force_separate_z = arguments.At("force_separate_z").Boolean();
  }
  return resampling;
}

NormalizationScheme SchemeOf(const JsonField& field) {
  static constexpr std::initializer_list<const char*> kNames{"CTNormalization", "ZScoreNormalization", "NoNormalization",
                                                             "RescaleTo01Normalization", "RGBTo01Normalization"};
  return static_cast<NormalizationScheme>(field.OneOf(kNames));
}

std::vector<Normalization> ReadNormalization(const JsonField& plans, const JsonField& configuration, size_t channels) {
  const JsonField schemes = configuration.At("normalization_schemes");
  if (schemes.Size() != channels) schemes.Refuse("must have " + std::to_string(channels) + " entries, one for each channel");
  const JsonField masks = configuration.At("use_mask_for_norm");
  if (masks.Size() != channels) masks.Refuse("must have " + std::to_string(channels) + " entries, one for each channel");
  std::vector<Normalization> result;
  for (size_t c = 0; c < channels; ++c) {
    Normalization normalization;
    normalization.scheme = SchemeOf(schemes.At(c));
    normalization.use_mask = masks.At(c).Boolean() && normalization.scheme == NormalizationScheme::kZScore;
    if (normalization.scheme == NormalizationScheme::kCt) {
      const bool old_name = plans.Has("foreground_intensity_properties_by_modality");
      const JsonField properties = plans.At(old_name ? "foreground_intensity_properties_by_modality"
                                                     : "foreground_intensity_properties_per_channel")
                                       .At(std::to_string(c));
      normalization.lower = properties.At("percentile_00_5").Number();
      normalization.upper = properties.At("percentile_99_5").Number();
      normalization.mean = properties.At("mean").Number();
      normalization.std_dev = properties.At("std").Number();
      if (normalization.lower > normalization.upper) properties.At("percentile_00_5").Refuse("must not be above percentile_99_5");
    }
    result.push_back(normalization);
  }
  return result;
}

void ReadLabels(const JsonField& dataset, NnunetPlans& result) {
  const JsonField labels = dataset.At("labels");
  if (!labels.json().is_object()) labels.Refuse("must be an object of names and values");
  std::set<int64_t> values{0};
  for (const auto& [name, value] : labels.json().items()) {
    if (name == "ignore") continue;
    const JsonField field(value, labels.path() + "." + name);
    DatasetLabel label{name, {}};
    if (value.is_array()) {
      label.values = field.Each([](const JsonField& f) { return f.Integer(0, 65535); });
      if (label.values.empty()) field.Refuse("must name at least one value");
    } else {
      label.values = {field.Integer(0, 65535)};
    }
    if (label.values.size() > 1) result.regions = true;
    values.insert(label.values.begin(), label.values.end());
    result.labels.push_back(std::move(label));
  }
  if (!result.regions) {
    // Channel index is the label, so the values must be 0 ... n - 1.
    if (*values.rbegin() != static_cast<int64_t>(values.size()) - 1) labels.Refuse("values must be consecutive from 0");
    result.unet.out_channels = static_cast<int64_t>(values.size());
    if (values.size() < 2) labels.Refuse("must name at least one structure");
    return;
  }
  std::erase_if(result.labels, [](const DatasetLabel& label) { return label.values == std::vector<int64_t>{0}; });
  const JsonField order = dataset.At("regions_class_order");
  result.regions_class_order = order.Each([](const JsonField& f) { return f.Integer(1, 65535); });
  result.unet.out_channels = static_cast<int64_t>(result.labels.size());
  if (result.regions_class_order.size() != result.labels.size()) {
    order.Refuse("must have " + std::to_string(result.labels.size()) + " entries, one for each region");
  }
}

std::array<int, 3> ReadTranspose(const JsonField& plans) {
  const JsonField field = plans.At("transpose_forward");
  const auto axes = field.Integers3(0, 2);
  if (std::set<int64_t>(axes.begin(), axes.end()).size() != 3) field.Refuse("must be a permutation of 0, 1, 2");
  return {static_cast<int>(axes[0]), static_cast<int>(axes[1]), static_cast<int>(axes[2])};
}

}  // namespace

NnunetPlans ParsePlans(const std::string& plans_json, const std::string& dataset_json, const std::string& configuration_name) {
  const Json plans_document = ParseJson(plans_json, "plans.json");
  const Json dataset_document = ParseJson(dataset_json, "dataset.json");
  const JsonField plans(plans_document, "plans");
  const JsonField dataset(dataset_document, "dataset");
  const Json resolved = Resolve(plans.At("configurations"), configuration_name);
  const JsonField configuration(resolved, "plans.configurations." + configuration_name);

  if (configuration.Has("previous_stage") && !configuration.At("previous_stage").IsNull() &&
      configuration.At("previous_stage").json() != "") {
    throw Error(ErrorCode::kFailedPrecondition, configuration.path() + ".previous_stage: a cascade: must be a configuration of one stage");
  }
  NnunetPlans result;
  result.patch_size = ReadSize3(configuration.At("patch_size"), 4096);
  result.spacing_mm = configuration.At("spacing").Numbers3();
  for (const double spacing : result.spacing_mm)
    if (!(spacing > 0)) configuration.At("spacing").Refuse("must be above 0 mm");
  result.transpose_forward = ReadTranspose(plans);
  if (plans.Has("image_reader_writer")) {
    result.reader = static_cast<ImageReader>(
        plans.At("image_reader_writer").OneOf({"SimpleITKIO", "NibabelIO", "NibabelIOWithReorient"}));
  }
  result.unet = configuration.Has("architecture") ? ReadNewArchitecture(configuration.At("architecture"))
                                                  : ReadOldArchitecture(configuration);
  const JsonField channels = dataset.At(dataset.Has("channel_names") ? "channel_names" : "modality");
  if (!channels.json().is_object() || channels.json().empty() || channels.json().size() > 64) {
    channels.Refuse("must be an object of 1 to 64 channels");
  }
  result.unet.in_channels = static_cast<int64_t>(channels.json().size());
  result.normalization = ReadNormalization(plans, configuration, channels.json().size());
  result.data_resampling = ReadResampling(configuration, "resampling_fn_data", 3);
  result.logits_resampling = ReadResampling(configuration, "resampling_fn_probabilities", 1);
  ReadLabels(dataset, result);
  return result;
}

}  // namespace tuckerseg
