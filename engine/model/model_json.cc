#include <algorithm>
#include <set>

#include "engine/error.h"
#include "engine/model/bundle.h"
#include "engine/model/json_fields.h"
#include "engine/model/layer_json.h"
#include "engine/model/plain_name.h"
#include "engine/model/pipeline_json.h"

namespace tuckerseg {
namespace {

constexpr int64_t kFormatVersion = 1;

constexpr std::initializer_list<const char*> kReaders{"SimpleITKIO", "NibabelIO", "NibabelIOWithReorient"};
constexpr std::initializer_list<const char*> kSchemes{"ct", "z_score", "none", "rescale_to_0_1", "rgb_to_0_1"};
constexpr std::initializer_list<const char*> kResamplings{"default", "torch_trilinear", "none"};

template <typename Enum>
const char* NameOf(std::initializer_list<const char*> names, Enum value) {
  return names.begin()[static_cast<size_t>(value)];
}

Json NormalizationJson(const Normalization& n) {
  Json json{{"scheme", NameOf(kSchemes, n.scheme)}};
  if (n.scheme == NormalizationScheme::kCt) {
    json.update({{"lower", n.lower}, {"upper", n.upper}, {"mean", n.mean}, {"std_dev", n.std_dev}});
  }
  if (n.scheme == NormalizationScheme::kZScore) json["use_mask"] = n.use_mask;
  return json;
}

Normalization ParseNormalization(const JsonField& field) {
  Normalization n;
  n.scheme = static_cast<NormalizationScheme>(field.At("scheme").OneOf(kSchemes));
  if (n.scheme == NormalizationScheme::kCt) {
    n.lower = field.At("lower").Number();
    n.upper = field.At("upper").Number();
    n.mean = field.At("mean").Number();
    n.std_dev = field.At("std_dev").Number();
    if (n.lower > n.upper) field.At("lower").Refuse("must not be above upper");
  }
  if (n.scheme == NormalizationScheme::kZScore) n.use_mask = field.At("use_mask").Boolean();
  return n;
}

Json ResamplingJson(const Resampling& r) {
  Json json{{"kind", NameOf(kResamplings, r.kind)}, {"order", r.order}, {"order_z", r.order_z}, {"force_separate_z", nullptr}};
  if (r.force_separate_z) json["force_separate_z"] = *r.force_separate_z;
  return json;
}

Resampling ParseResampling(const JsonField& field) {
  Resampling r;
  r.kind = static_cast<ResamplingKind>(field.At("kind").OneOf(kResamplings));
  r.order = static_cast<int>(field.At("order").Integer(0, 3));
  if (r.order == 2) field.At("order").Refuse("must be 0, 1 or 3");
  r.order_z = static_cast<int>(field.At("order_z").Integer(0, 3));
  const JsonField force = field.At("force_separate_z");
  if (!force.IsNull()) r.force_separate_z = force.Boolean();
  return r;
}

Json PartJson(const ModelPart& part) {
  Json json{{"name", part.name}, {"folds", part.folds}, {"patch_size", part.patch_size}, {"spacing_mm", part.spacing_mm},
            {"transpose_forward", part.transpose_forward}, {"reader", NameOf(kReaders, part.reader)},
            {"mirror_axes", part.mirror_axes}, {"regions", part.regions}, {"channel_labels", part.channel_labels},
            {"normalization", Json::array()}, {"data_resampling", ResamplingJson(part.data_resampling)},
            {"logits_resampling", ResamplingJson(part.logits_resampling)}, {"layers", LayersJson(part.graph)}};
  for (const Normalization& n : part.normalization) json["normalization"].push_back(NormalizationJson(n));
  return json;
}

ModelPart ParsePart(const JsonField& field) {
  ModelPart part;
  part.name = ParsePlainName(field.At("name"));
  part.folds = field.At("folds").Each(ParsePlainName);
  if (part.folds.empty()) field.At("folds").Refuse("must name at least one fold");
  part.patch_size = field.At("patch_size").Integers3(1, 4096);
  part.spacing_mm = field.At("spacing_mm").Numbers3();
  for (const double spacing : part.spacing_mm)
    if (!(spacing > 0)) field.At("spacing_mm").Refuse("must be above 0 mm");
  const auto axes = field.At("transpose_forward").Integers3(0, 2);
  part.transpose_forward = {static_cast<int>(axes[0]), static_cast<int>(axes[1]), static_cast<int>(axes[2])};
  if (std::set<int64_t>(axes.begin(), axes.end()).size() != 3) field.At("transpose_forward").Refuse("must be a permutation of 0, 1, 2");
  part.reader = static_cast<ImageReader>(field.At("reader").OneOf(kReaders));
  part.mirror_axes = field.At("mirror_axes").Each([](const JsonField& f) { return static_cast<int>(f.Integer(0, 2)); });
  part.regions = field.At("regions").Boolean();
  part.channel_labels = field.At("channel_labels").Each([](const JsonField& f) { return f.Integer(0, 65535); });
  part.normalization = field.At("normalization").Each(ParseNormalization);
  part.data_resampling = ParseResampling(field.At("data_resampling"));
  part.logits_resampling = ParseResampling(field.At("logits_resampling"));
  part.graph = ParseLayers(field.At("layers"));
  if (static_cast<int64_t>(part.channel_labels.size()) != part.graph.OutChannels()) {
    field.At("channel_labels").Refuse("must have " + std::to_string(part.graph.OutChannels()) + " entries, one for each channel");
  }
  if (static_cast<int64_t>(part.normalization.size()) != part.graph.InChannels()) {
    field.At("normalization").Refuse("must have " + std::to_string(part.graph.InChannels()) + " entries, one for each input channel");
  }
  return part;
}

Json LabelJson(const Label& label) {
  Json json{{"value", label.value}, {"name", label.name}};
  if (label.rgb) json["rgb"] = *label.rgb;
  if (!label.snomed_code.empty()) json["snomed"] = {{"code", label.snomed_code}, {"meaning", label.snomed_meaning}};
  if (!label.snomed_modifier.empty()) json["snomed"]["modifier"] = label.snomed_modifier;
  return json;
}

Label ParseLabel(const JsonField& field) {
  Label label;
  label.value = field.At("value").Integer(1, 65535);
  label.name = field.At("name").Text();
  if (field.Has("rgb")) {
    const auto rgb = field.At("rgb").Integers3(0, 255);
    label.rgb = {static_cast<uint8_t>(rgb[0]), static_cast<uint8_t>(rgb[1]), static_cast<uint8_t>(rgb[2])};
  }
  if (field.Has("snomed")) {
    const JsonField snomed = field.At("snomed");
    label.snomed_code = snomed.At("code").Text();
    if (label.snomed_code.empty()) snomed.At("code").Refuse("must not be empty; leave snomed out where there is no code");
    label.snomed_meaning = snomed.At("meaning").Text();
    if (snomed.Has("modifier")) label.snomed_modifier = snomed.At("modifier").Text();
  }
  return label;
}

Provenance ParseProvenance(const JsonField& field) {
  Provenance provenance;
  provenance.source = field.At("source").Text();
  provenance.trainer = field.At("trainer").Text();
  provenance.configuration = field.At("configuration").Text();
  provenance.licence = field.At("licence").Text();
  if (field.Has("non_commercial")) provenance.non_commercial = field.At("non_commercial").Boolean();
  provenance.weights_sha256 = field.At("weights_sha256").Text();
  if (field.Has("phantoms")) provenance.phantoms = field.At("phantoms").Boolean();
  return provenance;
}

}  // namespace

std::string EncodeModel(const Model& model) {
  Json json{{"format_version", kFormatVersion},
            {"name", model.name},
            {"task", model.task},
            {"pipeline", PipelineJson(model.pipeline)},
            {"labels", Json::array()},
            {"provenance",
             {{"source", model.provenance.source},
              {"trainer", model.provenance.trainer},
              {"configuration", model.provenance.configuration},
              {"licence", model.provenance.licence},
              {"weights_sha256", model.provenance.weights_sha256}}},
            {"parts", Json::array()}};
  if (model.provenance.non_commercial) json["provenance"]["non_commercial"] = true;
  if (model.provenance.phantoms) json["provenance"]["phantoms"] = true;
  for (const Label& label : model.labels) json["labels"].push_back(LabelJson(label));
  for (const ModelPart& part : model.parts) json["parts"].push_back(PartJson(part));
  // Names of trainers and folders come from outside and need not be UTF-8.
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Model ParseModel(const std::string& text) {
  const Json json = ParseJson(text, "model");
  const JsonField root(json, "model");
  if (root.At("format_version").Integer(0, 1 << 20) != kFormatVersion) {
    root.At("format_version").Refuse("must be " + std::to_string(kFormatVersion) + ", the version this program reads");
  }
  Model model;
  model.name = ParsePlainName(root.At("name"));
  model.task = ParsePlainName(root.At("task"));
  model.pipeline = ParsePipeline(root.At("pipeline"));
  model.labels = root.At("labels").Each(ParseLabel);
  model.provenance = ParseProvenance(root.At("provenance"));
  model.parts = root.At("parts").Each(ParsePart);
  if (model.parts.empty()) root.At("parts").Refuse("must have at least one part");
  std::set<std::string> names;
  for (const ModelPart& part : model.parts)
    if (!names.insert(part.name).second) root.At("parts").Refuse("names must be unique: " + part.name);
  std::set<int64_t> values;
  std::set<std::string> structures;  // requests name them
  for (const Label& label : model.labels) {
    if (!values.empty() && label.value < *values.rbegin()) root.At("labels").Refuse("values must ascend: " + std::to_string(label.value));
    if (!values.insert(label.value).second) root.At("labels").Refuse("values must be unique: " + std::to_string(label.value));
    if (!structures.insert(label.name).second) root.At("labels").Refuse("names must be unique: " + label.name);
  }
  for (const CleaningStep& step : model.pipeline.cleaning)
    if (step.label != 0 && !values.contains(step.label)) root.At("pipeline").Refuse("cleaning: label must be one of the model's: " + std::to_string(step.label));
  for (const ModelPart& part : model.parts)
    for (const int64_t value : part.channel_labels)
      if (value != 0 && !values.contains(value)) {
        throw Error(ErrorCode::kInvalidArgument, "model.parts: " + part.name + ": channel_labels: " + std::to_string(value) +
                                                     " is none of the model's labels");
      }
  return model;
}

}  // namespace tuckerseg
