#include "compression/bench/patch_latency.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <random>
#include <utility>

#include "engine/error.h"
#include "engine/model/cost.h"

namespace tuckerseg {
namespace {

std::vector<float> Noise(int64_t count) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = normal(random);
  return values;
}

/// One variant's executors, ready to run.
class RunningVariant {
 public:
  RunningVariant(const VariantNetworks& variant, const ExecutorFactory& factory, const std::vector<float>& noise) : variant_(variant), noise_(noise) {
    for (const PatchNetwork& network : variant.networks) executors_.push_back(factory(network.graph, network.weights, network.prefix));
  }

  /// Seconds of one patch of each network.
  double Run() {
    double seconds = 0;
    for (size_t i = 0; i < executors_.size(); ++i) {
      const PatchNetwork& network = variant_.networks[i];
      const auto patch = std::span(noise_).first(static_cast<size_t>(Values(network)));
      const auto begin = std::chrono::steady_clock::now();
      executors_[i]->Run(patch, network.patch);
      seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      // With 118 classes the logits of a few variants would fill the memory, and each variant's weigh on the others' time.
      executors_[i]->ReleaseLogits();
    }
    return seconds;
  }

  static int64_t Values(const PatchNetwork& network) {
    return network.graph.InChannels() * network.patch[0] * network.patch[1] * network.patch[2];
  }

 private:
  const VariantNetworks& variant_;
  const std::vector<float>& noise_;
  std::vector<std::unique_ptr<Executor>> executors_;
};

void Check(const std::vector<VariantNetworks>& variants, int repeat) {
  if (repeat < 1) throw Error(ErrorCode::kInvalidArgument, "repeat = " + std::to_string(repeat) + ": must be at least 1");
  if (variants.empty()) throw Error(ErrorCode::kInvalidArgument, "variants: must be one or more");
  for (const VariantNetworks& variant : variants) {
    if (variant.networks.empty()) throw Error(ErrorCode::kInvalidArgument, "variant " + variant.name + ": must have a network");
    for (const PatchNetwork& network : variant.networks)
      for (const int64_t axis : network.patch)
        if (axis < 1) throw Error(ErrorCode::kInvalidArgument, "patch: must have axes of at least 1");
  }
}

int64_t MostValues(const std::vector<VariantNetworks>& variants) {
  int64_t most = 0;
  for (const VariantNetworks& variant : variants)
    for (const PatchNetwork& network : variant.networks) most = std::max(most, RunningVariant::Values(network));
  return most;
}

/// The variant that took most memory; the first where that is not known.
size_t Largest(const std::vector<PatchTime>& latencies) {
  const auto less = [](const PatchTime& a, const PatchTime& b) { return a.peak_bytes < b.peak_bytes; };
  const auto largest = std::max_element(latencies.begin(), latencies.end(), less);
  return static_cast<size_t>(largest - latencies.begin());
}

}  // namespace

int64_t VariantNetworks::MultiplyAdds() const {
  int64_t count = 0;
  for (const PatchNetwork& network : networks) count += TotalMultiplyAdds(network.graph, network.patch);
  return count;
}

double Median(std::vector<double> values) {
  if (values.empty()) throw Error(ErrorCode::kInvalidArgument, "median: must be of one value or more");
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::vector<PatchTime> MeasurePatches(const std::vector<VariantNetworks>& variants, const ExecutorFactory& factory, PeakMemory& memory, int repeat,
                                         const BenchSink& told) {
  Check(variants, repeat);
  const std::vector<float> noise = Noise(MostValues(variants));
  const int64_t total = static_cast<int64_t>(variants.size()) * (repeat + 1);
  int64_t done = 0;
  const auto tell = [&](const VariantNetworks& variant) {
    if (told) told(variant.name, ++done, total);
  };

  std::vector<PatchTime> latencies(variants.size());
  std::vector<RunningVariant> running;
  running.reserve(variants.size());
  for (size_t i = 0; i < variants.size(); ++i) {
    memory.Begin();
    running.emplace_back(variants[i], factory, noise).Run();
    latencies[i].peak_bytes = memory.Bytes();
    tell(variants[i]);
  }
  // Memory was given back for each peak: the heap takes it again before anything is timed.
  running[Largest(latencies)].Run();

  std::vector<std::vector<double>> seconds(variants.size());
  for (int round = 0; round < repeat; ++round)
    for (size_t i = 0; i < variants.size(); ++i) {
      seconds[i].push_back(running[i].Run());
      tell(variants[i]);
    }
  for (size_t i = 0; i < variants.size(); ++i) {
    latencies[i].min_s = *std::min_element(seconds[i].begin(), seconds[i].end());
    latencies[i].median_s = Median(seconds[i]);
  }
  return latencies;
}

}  // namespace tuckerseg
