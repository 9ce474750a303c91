#include "engine/model/layer_json.h"

namespace tuckerseg {
namespace {

constexpr int64_t kMaxChannels = int64_t{1} << 20;

// In the order of LayerKind.
constexpr std::initializer_list<const char*> kLayerKinds{
    "input", "convolution", "tucker_convolution", "transposed_convolution", "tucker_transposed_convolution", "instance_norm",
    "leaky_relu", "average_pool", "concat", "add"};

Json LayerJson(const Layer& layer) {
  Json json{{"name", layer.name}, {"kind", NameOf(layer.kind)}, {"inputs", layer.inputs},
            {"in_channels", layer.in_channels}, {"out_channels", layer.out_channels}};
  switch (layer.kind) {
    case LayerKind::kTuckerConvolution:
    case LayerKind::kTuckerTransposedConvolution:
      json["rank_in"] = layer.rank_in;
      json["rank_out"] = layer.rank_out;
      [[fallthrough]];
    case LayerKind::kConvolution:
    case LayerKind::kTransposedConvolution:
      json["bias"] = layer.bias;
      [[fallthrough]];
    case LayerKind::kAveragePool:
      json["kernel"] = layer.kernel;
      json["stride"] = layer.stride;
      break;
    case LayerKind::kInstanceNorm:
      json["epsilon"] = layer.epsilon;
      break;
    case LayerKind::kLeakyRelu:
      json["negative_slope"] = layer.negative_slope;
      break;
    default:
      break;
  }
  return json;
}

Layer ParseLayer(const JsonField& field) {
  Layer layer;
  layer.name = field.At("name").Text();
  layer.kind = ParseLayerKind(field.At("kind"));
  layer.inputs = field.At("inputs").Each([](const JsonField& f) { return static_cast<int>(f.Integer(0, 1 << 20)); });
  layer.in_channels = field.At("in_channels").Integer(1, kMaxChannels);
  layer.out_channels = field.At("out_channels").Integer(1, kMaxChannels);
  if (IsTucker(layer.kind)) {
    layer.rank_in = field.At("rank_in").Integer(1, kMaxChannels);
    layer.rank_out = field.At("rank_out").Integer(1, kMaxChannels);
  }
  const bool convolves = IsConvolution(layer.kind);
  if (convolves) layer.bias = field.At("bias").Boolean();
  if (convolves || layer.kind == LayerKind::kAveragePool) {
    layer.kernel = field.At("kernel").Integers3(1, 64);
    layer.stride = field.At("stride").Integers3(1, 64);
  }
  if (layer.kind == LayerKind::kInstanceNorm) layer.epsilon = field.At("epsilon").Number();
  if (layer.kind == LayerKind::kLeakyRelu) layer.negative_slope = field.At("negative_slope").Number();
  return layer;
}

}  // namespace

const char* NameOf(LayerKind kind) { return kLayerKinds.begin()[static_cast<size_t>(kind)]; }

LayerKind ParseLayerKind(const JsonField& field) { return static_cast<LayerKind>(field.OneOf(kLayerKinds)); }

Json LayersJson(const LayerGraph& graph) {
  Json layers = Json::array();
  for (const Layer& layer : graph.layers) layers.push_back(LayerJson(layer));
  return layers;
}

LayerGraph ParseLayers(const JsonField& field) {
  LayerGraph graph{field.Each(ParseLayer)};
  graph.Validate();
  if (!graph.KeepsResolution()) field.Refuse("the last layer must have the patch's resolution");
  return graph;
}

}  // namespace tuckerseg
