#include "engine/model/layer_json.h"

#include <gmock/gmock.h>

#include <functional>

#include "tests/engine/model/variant_samples.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

LayerGraph Parse(const Json& json) { return ParseLayers(JsonField(json, "layers")); }

/// Refused with the message once `change` was made to the layer of that name.
void ExpectRefused(const std::string& layer, const std::function<void(Json&)>& change, const std::string& message) {
  SCOPED_TRACE(message);
  Json json = LayersJson(TuckerUnet(6, 4));
  for (Json& candidate : json)
    if (candidate["name"] == layer) change(candidate);
  ExpectError(ErrorCode::kInvalidArgument, message, [&] { Parse(json); });
}

TEST(LayersJson, GivesTheGraphBackWithEveryKindOfLayer) {
  LayerGraph graph = TuckerUnet(6, 4);
  for (Layer& layer : graph.layers) {
    if (layer.kind == LayerKind::kInstanceNorm) layer.epsilon = 1e-3;
    if (layer.kind == LayerKind::kLeakyRelu) layer.negative_slope = 1.0 / 3;
  }
  EXPECT_EQ(Parse(LayersJson(graph)), graph);
  EXPECT_EQ(Parse(LayersJson(TinyUnet(4, 3))), TinyUnet(4, 3)) << "a transposed convolution that is whole";
}

TEST(LayersJson, NamesTheKindsAsOnDisk) {
  const Json names{"input", "convolution", "tucker_convolution", "transposed_convolution", "tucker_transposed_convolution", "instance_norm", "leaky_relu", "average_pool", "concat", "add"};
  for (size_t kind = 0; kind < names.size(); ++kind) {
    EXPECT_EQ(NameOf(static_cast<LayerKind>(kind)), names[kind]);
    EXPECT_EQ(ParseLayerKind(JsonField(names[kind], "kind")), static_cast<LayerKind>(kind));
  }
  EXPECT_EQ(static_cast<size_t>(LayerKind::kAdd) + 1, names.size());
}

TEST(LayersJson, SaysRanksOfTuckerLayersAndOfNoOther) {
  for (const Json& layer : LayersJson(TuckerUnet(6, 4))) {
    const bool tucker = layer["name"] == "up" || layer["name"] == "decoder.0.conv";
    EXPECT_EQ(layer.contains("rank_in") && layer.contains("rank_out"), tucker) << layer;
  }
}

TEST(ParseLayers, NeedsEveryFieldOfATransposedTuckerConvolution) {
  for (const char* key : {"name", "kind", "inputs", "in_channels", "out_channels", "rank_in", "rank_out", "bias", "kernel", "stride"}) {
    ExpectRefused("up", [&](Json& layer) { layer.erase(key); }, "layers[10]." + std::string(key) + ": missing");
  }
}

TEST(ParseLayers, NamesTheLayerOrTheFieldThatIsWrong) {
  ExpectRefused("up", [](Json& layer) { layer["kind"] = "dense"; }, "layers[10].kind = \"dense\": must be one of input");
  ExpectRefused("up", [](Json& layer) { layer["rank_in"] = 0; }, "layers[10].rank_in = 0");
  ExpectRefused("up", [](Json& layer) { layer["rank_in"] = 9; }, "layer up: rank_in = 9: must be in [1, 8]");
  ExpectRefused("up", [](Json& layer) { layer["rank_out"] = 5; }, "layer up: rank_out = 5: must be in [1, 4]");
  ExpectRefused("up", [](Json& layer) { layer["kernel"] = {2, 2, 3}; }, "layer up: kernel: must equal the stride");
}

TEST(ParseLayers, RefusesAGraphWhoseOutputIsCoarserThanThePatch) {
  Json json = LayersJson(TinyUnet(4, 3));
  json.erase(json.begin() + 10, json.end());  // ends before it goes up again
  ExpectError(ErrorCode::kInvalidArgument, "the last layer must have the patch's resolution", [&] { Parse(json); });
  ExpectError(ErrorCode::kInvalidArgument, "layers = {}: must be a list", [] { Parse(Json::object()); });
}

}  // namespace
}  // namespace tuckerseg
