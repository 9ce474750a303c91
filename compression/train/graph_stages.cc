#include "compression/train/graph_stages.h"

#include <algorithm>
#include <set>

namespace tuckerseg {
namespace {

std::vector<size_t> BeginsOf(const LayerGraph& graph) {
  std::vector<size_t> begins{1};
  bool activated = false;
  for (size_t i = 1; i < graph.layers.size(); ++i) {
    const Layer& layer = graph.layers[i];
    if (activated && (layer.stride != Size3{1, 1, 1} || i + 1 == graph.layers.size())) {
      begins.push_back(i);
      activated = false;
    }
    activated = activated || layer.kind == LayerKind::kLeakyRelu;
  }
  return begins;
}

}  // namespace

std::vector<GraphStage> StagesOf(const LayerGraph& graph, const std::vector<int>& read_outside) {
  std::vector<size_t> begins = BeginsOf(graph);
  begins.push_back(graph.layers.size());
  std::vector<GraphStage> stages;
  for (size_t s = 0; s + 1 < begins.size(); ++s) {
    GraphStage stage{begins[s], begins[s + 1], {}, {}, {}};
    std::set<int> inputs;
    std::set<int> outputs;
    for (const int layer : read_outside)
      if (static_cast<size_t>(layer) >= stage.begin && static_cast<size_t>(layer) < stage.end) outputs.insert(layer);
    if (stage.end == graph.layers.size()) outputs.insert(static_cast<int>(stage.end) - 1);
    for (size_t i = stage.begin; i < graph.layers.size(); ++i)
      for (const int source : graph.layers[i].inputs) {
        const auto place = static_cast<size_t>(source);
        if (i < stage.end && place < stage.begin) inputs.insert(source);
        if (i >= stage.end && place >= stage.begin && place < stage.end) outputs.insert(source);
      }
    for (size_t i = stage.begin; i < stage.end; ++i)
      for (const TensorSpec& spec : RequiredTensors({{graph.layers[i]}})) stage.tensors.push_back(spec.name);
    stage.inputs.assign(inputs.begin(), inputs.end());
    stage.outputs.assign(outputs.begin(), outputs.end());
    stages.push_back(std::move(stage));
  }
  return stages;
}

}  // namespace tuckerseg
