/// Text -> variant of a small model -> variant.json -> variant: the same variant, and the same text from then on.
#include "engine/model/variant.h"
#include "tests/engine/tiny_network.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

/// 1 -> 4 channels, down and up again, 2 classes; one part.
tuckerseg::Model SmallModel() {
  using namespace tuckerseg;
  LayerGraph graph;
  AddLayer(graph, {.name = "input", .kind = LayerKind::kInput, .in_channels = 1, .out_channels = 1});
  AddLayer(graph, {.name = "down", .kind = LayerKind::kConvolution, .inputs = {0}, .in_channels = 1, .out_channels = 4, .kernel = {3, 3, 3}, .stride = {2, 2, 2}});
  AddLayer(graph, {.name = "up", .kind = LayerKind::kTransposedConvolution, .inputs = {1}, .in_channels = 4, .out_channels = 4, .kernel = {2, 2, 2}, .stride = {2, 2, 2}});
  AddLayer(graph, {.name = "head", .kind = LayerKind::kConvolution, .inputs = {2}, .in_channels = 4, .out_channels = 2, .bias = true});
  return TinyBundle(graph, {4, 4, 4}, 1).model;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tuckerseg;
  static const Model model = SmallModel();
  const auto variant = UnlessRefused([&] { return ParseVariant(Text(data, size), model); });
  if (!variant) return 0;
  const std::string encoded = EncodeVariant(*variant, model);
  const Variant again = ParseVariant(encoded, model);
  Promise(again == *variant);
  Promise(EncodeVariant(again, model) == encoded);
  const std::vector<TensorSpec> largest = RequiredTensors(variant->levels.front().graphs.front());
  for (const VariantLevel& level : variant->levels) {
    const LayerGraph& graph = level.graphs.at(0);
    Promise(graph.InChannels() == 1 && graph.OutChannels() == 2 && graph.KeepsResolution());
    const std::vector<TensorSpec> specs = RequiredTensors(graph);
    Promise(specs.size() == largest.size());
    for (size_t i = 0; i < specs.size(); ++i)
      for (size_t a = 0; a < specs[i].shape.size(); ++a) Promise(specs[i].shape[a] > 0 && specs[i].shape[a] <= largest[i].shape[a]);
  }
  return 0;
}
