#include <gmock/gmock.h>

#include <functional>

#include "engine/model/bundle.h"
#include "engine/model/json_text.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

/// A model with every kind of layer, two parts, and no field left at its default.
Model FullModel() {
  Model model = TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 1).model;
  ModelPart& part = model.parts.front();
  part.name = "organs";
  part.folds = {"0", "all"};
  part.spacing_mm = {5, 0.1, 1.0 / 3};
  part.transpose_forward = {2, 0, 1};
  part.reader = ImageReader::kNibabelReorient;
  part.data_resampling = {.kind = ResamplingKind::kTorchTrilinear, .order = 1, .order_z = 3, .force_separate_z = true};
  part.mirror_axes = {0, 2};
  for (Layer& layer : part.graph.layers) {
    if (layer.name == "decoder.0.conv") {
      layer.kind = LayerKind::kTuckerConvolution;
      layer.rank_in = 3;
      layer.rank_out = 2;
    }
    if (layer.kind == LayerKind::kInstanceNorm) layer.epsilon = 1e-3;
    if (layer.kind == LayerKind::kLeakyRelu) layer.negative_slope = 0.2;
  }
  ModelPart second = part;
  second.name = "ribs.v2";
  second.regions = true;
  second.channel_labels = {2, 1, 2};
  second.normalization = {{.scheme = NormalizationScheme::kZScore, .use_mask = true}};
  model.parts.push_back(second);
  model.pipeline = {.totalsegmentator = true, .spacing_mm = Spacing3d{1.5, 1.5, 3}, .resampling_order = 3, .tile_step = 0.8};
  model.pipeline.crop = CropRule{"total_fastest", "total_fast", {"liver", "spleen"}, 10};
  model.pipeline.cleaning = {{CleaningKind::kKeepLargest, 1, 0}, {CleaningKind::kDropSmall, 2, 50000}, {CleaningKind::kOrderVertebrae, 0, 0}};
  model.pipeline.keep_near = NearRule{{"heart"}, 10};
  model.pipeline.refine = RefineRule{"vertebrae_body", "vertebrae_body", 2};
  model.pipeline.statistics_at_model_spacing = true;
  model.labels.front() = {.value = 1,
                          .name = "l\u00e9ver \"x\"",
                          .rgb = {{0, 128, 255}},
                          .snomed_code = "10200004",
                          .snomed_meaning = "Liver",
                          .snomed_modifier = "7771000"};
  model.provenance = {"nnU-Net v2 results", "nnUNetTrainer", "3d_fullres", "Apache-2.0", true, "00ff", true};
  return model;
}

Json FullJson() { return Json::parse(EncodeModel(FullModel())); }

/// Refused with the message once `change` was made to model.json.
void ExpectRefused(const std::function<void(Json&)>& change, const std::string& message) {
  SCOPED_TRACE(message);
  Json json = FullJson();
  change(json);
  ExpectError(ErrorCode::kInvalidArgument, message, [&] { ParseModel(json.dump()); });
}
void WithPart(const std::function<void(Json&)>& change, const std::string& message) {
  ExpectRefused([&](Json& json) { change(json["parts"][0]); }, "model.parts[0]." + message);
}
void WithLayer(size_t place, const std::function<void(Json&)>& change, const std::string& message) {
  ExpectRefused([&](Json& json) { change(json["parts"][0]["layers"][place]); }, message);
}

TEST(ModelJson, GivesTheModelBack) { EXPECT_EQ(ParseModel(EncodeModel(FullModel())), FullModel()); }

TEST(ModelJson, GivesASmallModelBack) {
  const Model model = TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 1).model;
  EXPECT_EQ(ParseModel(EncodeModel(model)), model);
}

TEST(ModelJson, GivesEveryNormalisationReaderAndResamplingBack) {
  Model model = FullModel();
  for (int i = 0; i < 5; ++i) {
    model.parts[0].normalization = {{.scheme = static_cast<NormalizationScheme>(i)}};
    model.parts[0].reader = static_cast<ImageReader>(i % 3);
    model.parts[0].logits_resampling.kind = static_cast<ResamplingKind>(i % 3);
    EXPECT_EQ(ParseModel(EncodeModel(model)), model);
  }
}

TEST(ModelJson, EndsWithALineBreak) { EXPECT_TRUE(EncodeModel(FullModel()).ends_with("}\n")); }

TEST(ModelJson, ReplacesWhatIsNoUtf8SoThatTheTextStaysJson) {
  Model model = FullModel();
  model.provenance.trainer = "trainer\xff";
  EXPECT_EQ(ParseModel(EncodeModel(model)).provenance.trainer, "trainer\ufffd");
}

TEST(ModelJson, IsOfTheVersionThatThisProgramReads) {
  ExpectRefused([](Json& json) { json["format_version"] = 2; }, "model.format_version = 2: must be 1");
  ExpectRefused([](Json& json) { json.erase("format_version"); }, "model.format_version: missing");
}

TEST(ModelJson, NeedsEveryKeyOfTheModelAndOfAPart) {
  const Json json = FullJson();
  for (const auto& [key, value] : json.items()) {
    ExpectRefused([&key = key](Json& j) { j.erase(key); }, "model." + key + ": missing");
  }
  for (const auto& [key, value] : json["parts"][0].items()) {
    WithPart([&key = key](Json& part) { part.erase(key); }, key + ": missing");
  }
}

TEST(ModelJson, RefusesNamesThatCouldLeadOutOfTheBundle) {
  for (const char* name : {"../x", "..", ".", "", "a/b", "a\\b", "a b", "caf\u00e9", "/etc"}) {
    ExpectRefused([&](Json& json) { json["name"] = name; }, "model.name = ");
    ExpectRefused([&](Json& json) { json["task"] = name; }, "model.task = ");
    WithPart([&](Json& part) { part["name"] = name; }, "name = ");
    WithPart([&](Json& part) { part["folds"] = {"0", name}; }, "folds[1] = ");
  }
  ExpectRefused([](Json& json) { json["name"] = "../x"; }, "must be letters, digits, '_', '-' and '.'");
}

TEST(ModelJson, RefusesBadFieldsOfAPart) {
  WithPart([](Json& p) { p["folds"] = Json::array(); }, "folds = []: must name at least one fold");
  WithPart([](Json& p) { p["patch_size"] = {0, 8, 8}; }, "patch_size[0] = 0: must be a whole number in [1, 4096]");
  WithPart([](Json& p) { p["spacing_mm"] = {1, -1, 1}; }, "spacing_mm = [1,-1,1]: must be above 0 mm");
  WithPart([](Json& p) { p["transpose_forward"] = {1, 1, 1}; }, "transpose_forward = [1,1,1]: must be a permutation");
  WithPart([](Json& p) { p["reader"] = "other"; }, "reader = \"other\": must be one of SimpleITKIO");
  WithPart([](Json& p) { p["mirror_axes"] = {3}; }, "mirror_axes[0] = 3");
  WithPart([](Json& p) { p["channel_labels"] = {0, 1}; }, "channel_labels = [0,1]: must have 3 entries, one for each channel");
  WithPart([](Json& p) { p["channel_labels"][1] = 65536; }, "channel_labels[1] = 65536");
  WithPart([](Json& p) { p["normalization"] = Json::array(); },
           "normalization = []: must have 1 entries, one for each input channel");
  WithPart([](Json& p) { p["normalization"][0]["scheme"] = "other"; },
           "normalization[0].scheme = \"other\": must be one of ct");
  WithPart([](Json& p) { p["normalization"][0]["lower"] = 2000; }, "normalization[0].lower = 2000: must not be above upper");
  WithPart([](Json& p) { p["data_resampling"]["order"] = 2; }, "data_resampling.order = 2: must be 0, 1 or 3");
  WithPart([](Json& p) { p["logits_resampling"]["kind"] = "cubic"; },
           "logits_resampling.kind = \"cubic\": must be one of default");
  WithPart([](Json& p) { p["data_resampling"]["force_separate_z"] = 1; },
           "data_resampling.force_separate_z = 1: must be true or false");
}

TEST(ModelJson, RefusesBadLayers) {
  WithLayer(
      1, [](Json& l) { l["kind"] = "dropout"; }, "model.parts[0].layers[1].kind = \"dropout\": must be one of input");
  WithLayer(
      1, [](Json& l) { l["in_channels"] = 0; }, "model.parts[0].layers[1].in_channels = 0");
  WithLayer(
      1,
      [](Json& l) {
        l["kernel"] = {65, 1, 1};
      },
      "model.parts[0].layers[1].kernel[0] = 65");
  WithLayer(
      1, [](Json& l) { l["inputs"] = {1}; }, "layer encoder.0.conv: inputs: must come before the layer");
  WithLayer(
      1, [](Json& l) { l.erase("bias"); }, "model.parts[0].layers[1].bias: missing");
  WithPart(
      [](Json& p) {
        p["layers"] = Json::array({p["layers"][0], p["layers"][1]});
        p["layers"][1]["stride"] = {2, 2, 2};
      },
      "layers = ");
}

TEST(ModelJson, RefusesALastLayerOfAnotherResolution) {
  ExpectRefused(
      [](Json& json) {
        Json& layers = json["parts"][0]["layers"];
        layers.back()["stride"] = {2, 2, 2};
      },
      "the last layer must have the patch's resolution");
}

TEST(ModelJson, RefusesABadPipeline) {
  const auto with_pipeline = [](const std::function<void(Json&)>& change, const std::string& message) {
    ExpectRefused([&](Json& json) { change(json["pipeline"]); }, "model.pipeline." + message);
  };
  with_pipeline([](Json& p) { p["kind"] = "other"; }, "kind = \"other\": must be one of nnunet totalsegmentator");
  with_pipeline([](Json& p) { p["spacing_mm"] = {0, 1, 1}; }, "spacing_mm = [0,1,1]: must be above 0 mm");
  with_pipeline([](Json& p) { p["resampling_order"] = 2; }, "resampling_order = 2: must be 0, 1 or 3");
  with_pipeline([](Json& p) { p["tile_step"] = 0.001; }, "tile_step = 0.001: must be in (0.01, 1]");
  with_pipeline([](Json& p) { p["tile_step"] = 1.5; }, "tile_step = 1.5: must be in (0.01, 1]");
}

TEST(ModelJson, RefusesBadLabels) {
  ExpectRefused([](Json& json) { json["labels"][0]["value"] = 0; },
                "model.labels[0].value = 0: must be a whole number in [1, 65535]");
  ExpectRefused([](Json& json) { json["labels"][0]["rgb"] = {0, 0, 256}; }, "model.labels[0].rgb[2] = 256");
  ExpectRefused([](Json& json) { json["labels"][0]["snomed"].erase("code"); }, "model.labels[0].snomed.code: missing");
  ExpectRefused([](Json& json) { json["labels"][0]["snomed"]["code"] = ""; }, "model.labels[0].snomed.code = \"\": must not be empty");
  ExpectRefused([](Json& json) { json["labels"][1]["value"] = 1; }, "values must be unique: 1");
  ExpectRefused([](Json& json) { std::swap(json["labels"][0], json["labels"][1]); }, "values must ascend: 1");
  ExpectRefused([](Json& json) { json["labels"][1]["name"] = json["labels"][0]["name"]; }, "names must be unique");
}

TEST(ModelJson, RefusesPartsThatDoNotFitTogether) {
  ExpectRefused([](Json& json) { json["parts"] = Json::array(); }, "model.parts = []: must have at least one part");
  ExpectRefused([](Json& json) { json["parts"][1]["name"] = "organs"; }, "names must be unique: organs");
  ExpectRefused([](Json& json) { json["parts"][0]["channel_labels"][1] = 9; },
                "model.parts: organs: channel_labels: 9 is none of the model's labels");
}

TEST(ModelJson, RefusesWhatIsNoJson) {
  ExpectError(ErrorCode::kInvalidArgument, "model: not JSON", [] { ParseModel("{"); });
  ExpectError(ErrorCode::kInvalidArgument, "model = []: must be an object", [] { ParseModel("[]"); });
}

}  // namespace
}  // namespace tuckerseg
