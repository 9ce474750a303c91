#include "compression/bench/random_network.h"

#include <charconv>
#include <cmath>
#include <random>
#include <set>

#include "compression/rank/architecture.h"
#include "compression/rank/level.h"
#include "compression/rank/rewrite.h"
#include "engine/error.h"
#include "engine/execute/patch_check.h"
#include "engine/model/variant.h"

namespace tuckerseg {
namespace {

double FactorOf(const std::string& level) {
  double factor = 0;
  const auto [end, error] = std::from_chars(level.data(), level.data() + level.size(), factor);
  if (error != std::errc() || end != level.data() + level.size() || !(factor > 0 && factor <= 1)) {
    throw Error(ErrorCode::kInvalidArgument, "level " + level + ": must be original or a number in (0, 1]");
  }
  return factor;
}

}  // namespace

WeightStore RandomWeightsFor(const LayerGraph& graph, uint32_t seed) {
  std::mt19937 random(seed);
  WeightStore weights;
  for (const TensorSpec& spec : RequiredTensors(graph)) {
    int64_t count = 1;
    for (const int64_t size : spec.shape) count *= size;
    std::vector<float> values(static_cast<size_t>(count), spec.name.ends_with(".weight") ? 1.0F : 0.0F);
    if (spec.shape.size() > 1) {
      // An in_factor alone has its outputs, the ranks, behind its inputs.
      const int64_t summed = spec.name.ends_with(".in_factor") ? spec.shape[0] : count / spec.shape[0];
      const float bound = std::sqrt(3.0F / static_cast<float>(summed));
      // Straight from the bits: a distribution would take longer than the network.
      for (float& value : values) value = bound * (static_cast<float>(random()) / static_cast<float>(uint32_t{1} << 31) - 1.0F);
    }
    weights.AddFloats(spec.name, TensorType::kFloat32, spec.shape, values);
  }
  return weights;
}

std::vector<VariantNetworks> RandomVariants(const std::string& architecture, const std::vector<std::string>& levels, int64_t grid,
                                            const std::optional<Size3>& patch) {
  const Network network = PaperNetwork(architecture);
  const Size3 used = patch.value_or(network.patch);
  CheckPatchShape(network.graph, used, "patch[", "]");
  std::set<std::string> names;
  std::vector<VariantNetworks> variants;
  for (const std::string& level : levels) {
    if (!names.insert(level).second) throw Error(ErrorCode::kInvalidArgument, "level " + level + ": must be named once");
    LayerGraph graph = level == kOriginal ? network.graph : WithRanks(network.graph, PaperRanks(network.graph, FactorOf(level), grid));
    WeightStore weights = RandomWeightsFor(graph, 1);
    variants.push_back({level, {{std::move(graph), std::move(weights), "", used}}});
  }
  return variants;
}

}  // namespace tuckerseg
