/// How long decomposing a whole network by its weights takes, and how much memory. Timings are never tests.
///
///   tuckerseg-decompose-bench 1.5mm|3mm LEVEL THREADS [WEIGHTS]
///
/// The paper's network with random weights: HOSVD and HOOI at LEVEL, and an elastic HOSVD of all the paper's levels. Prints one JSON object;
/// WEIGHTS: a file to write the weights to (safetensors), for a peer to decompose the same (tensorly_peer.py).
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "compression/bench/peak_memory.h"
#include "compression/bench/random_network.h"
#include "compression/decompose/weight_variant.h"
#include "compression/rank/architecture.h"
#include "engine/model/safetensors.h"

namespace {

using namespace tuckerseg;

Bundle RandomBundle(const std::string& architecture) {
  const Network network = PaperNetwork(architecture);
  Bundle bundle;
  bundle.model.name = "random";
  bundle.model.parts.push_back({.name = "network", .graph = network.graph, .folds = {"0"}, .patch_size = network.patch});
  WeightStore weights;
  const WeightStore unnamed = RandomWeightsFor(network.graph, 1);
  for (const auto& [name, tensor] : unnamed.tensors())
    weights.Add("fold_0." + name, tensor.type, tensor.shape, {tensor.bytes.begin(), tensor.bytes.end()});
  bundle.weights.push_back(std::move(weights));
  return bundle;
}

nlohmann::ordered_json Measured(const std::function<void()>& work) {
  ResidentPeak memory;
  memory.Begin();
  const auto begin = std::chrono::steady_clock::now();
  work();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const std::optional<int64_t> bytes = memory.Bytes();
  return {{"seconds", seconds}, {"peak_bytes", bytes ? nlohmann::ordered_json(*bytes) : nullptr}};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return std::fprintf(stderr, "usage: 1.5mm|3mm LEVEL THREADS [WEIGHTS]\n"), 2;
  const double level = std::stod(argv[2]);
  const int threads = std::stoi(argv[3]);
  const Bundle bundle = RandomBundle(argv[1]);
  if (argc > 4) {
    const auto bytes = EncodeSafetensors(bundle.weights.front());
    std::ofstream(argv[4], std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  std::vector<LevelRequest> all;
  for (const double factor : {0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1}) all.push_back({"e-" + std::to_string(factor), FactorWish{factor}});
  const RankOptions ranks{.threads = threads};
  nlohmann::ordered_json report;
  report["hosvd"] = Measured([&] { VariantByWeights(bundle, {{"one", FactorWish{level}}}, DecompositionMethod::kHosvd, ranks); });
  report["hooi"] = Measured([&] { VariantByWeights(bundle, {{"one", FactorWish{level}}}, DecompositionMethod::kHooi, ranks); });
  report["elastic"] = Measured([&] { VariantByWeights(bundle, all, DecompositionMethod::kHosvd, ranks); });
  std::printf("%s\n", report.dump().c_str());
  return 0;
}
