/// How long each stage of a segmentation takes on this machine; timings are never tests.
#include <benchmark/benchmark.h>

#include <random>

#include "engine/execute/torch/torch_executor.h"
#include "engine/segment/logits_export.h"
#include "engine/segment/patch_accumulator.h"
#include "engine/segment/predict.h"
#include "engine/segment/preprocess.h"
#include "tests/engine/tiny_network.h"

namespace tuckerseg {
namespace {

constexpr int kThreads = 2;

Volume RandomVolume(const Index3& shape, double spacing_mm) {
  Volume volume;
  volume.geometry.shape = shape;
  volume.geometry.header_spacing_mm = {spacing_mm, spacing_mm, spacing_mm};
  for (size_t a = 0; a < 3; ++a) volume.geometry.affine_ras.linear[a][a] = spacing_mm;
  volume.voxels.resize(static_cast<size_t>(volume.geometry.VoxelCount()) * sizeof(int16_t));
  std::mt19937 random(1);
  for (std::byte& byte : volume.voxels) byte = static_cast<std::byte>(random() & 7U);
  return volume;
}

/// A thorax CT (512 x 512 x 300, 0.8 mm) to TotalSegmentator's 3 mm grid.
void BM_ResampleToModelSpacing(benchmark::State& state) {
  const Volume volume = RandomVolume({512, 512, 300}, 0.8);
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        ResampleCornerAligned(ViewOf(volume), {137, 137, 80}, 1, IntensityCast::kTruncateToInt32, kThreads));
  }
  state.SetItemsProcessed(state.iterations() * 137 * 137 * 80);
}
BENCHMARK(BM_ResampleToModelSpacing)->Unit(benchmark::kMillisecond);

void BM_RestoreLabels(benchmark::State& state) {
  const std::vector<uint16_t> labels(137 * 137 * 80, 1);
  for (auto _ : state) {
    benchmark::DoNotOptimize(RestoreLabels(labels, {137, 137, 80}, {}, {512, 512, 300}, kThreads));
  }
  state.SetItemsProcessed(state.iterations() * 512 * 512 * 300);
}
BENCHMARK(BM_RestoreLabels)->Unit(benchmark::kMillisecond);

/// nnU-Net's cubic resampling of a CT to 1.5 mm.
void BM_ResampleHalfPixelCubic(benchmark::State& state) {
  const ArrayShape shape{120, 160, 160};
  const ArrayShape wanted{100, 130, 130};
  const std::vector<float> image(120 * 160 * 160, 1.0F);
  std::vector<float> output(100 * 130 * 130);
  for (auto _ : state) ResampleHalfPixel(image, shape, {.order = 3, .separate_axis = {}}, output, wanted, kThreads);
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(output.size()));
}
BENCHMARK(BM_ResampleHalfPixelCubic)->Unit(benchmark::kMillisecond);

void BM_AccumulatePatch(benchmark::State& state) {
  const PatchGrid grid = MakePatchGrid({120, 120, 120}, {96, 96, 96}, 0.8);
  const LogitsSink sink = [](const LogitsBlock&) {};
  PatchAccumulator accumulator(grid, 118, 1, Finishing::kLines, sink, kThreads);
  const std::vector<float> logits(118 * 96 * 96 * 96, 1.0F);
  for (auto _ : state) accumulator.Add(logits, {0, 0, 0}, true);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(logits.size() * sizeof(float)));
}
BENCHMARK(BM_AccumulatePatch)->Unit(benchmark::kMillisecond);

/// A network that costs nothing: what is left is the sliding window around it.
class InstantExecutor final : public Executor {
 public:
  InstantExecutor(int64_t channels, const Size3& patch) : features_(static_cast<size_t>(channels * patch[0] * patch[1] * patch[2]), 0.5F) {}
  std::span<const float> Run(std::span<const float>, const Size3&) override { return features_; }

 private:
  std::vector<float> features_;
};

/// All of a 3 mm case but its network: patches cut, 16 features summed, the head of 118 classes and the largest logit.
void BM_SlidingWindowAroundTheNetwork(benchmark::State& state) {
  const ArrayShape shape{100, 94, 113};
  const Size3 patch{96, 96, 96};
  const Bundle bundle = TinyBundle(TinyUnet(16, 118), patch, 1);
  const ModelPart& part = bundle.model.parts.front();
  const LinearHead head(part, bundle.weights.front());
  std::vector<std::unique_ptr<Executor>> folds;
  folds.push_back(std::make_unique<InstantExecutor>(16, patch));
  const std::vector<float> image(static_cast<size_t>(shape[0] * shape[1] * shape[2]), 0.5F);
  const ExportGrids grids{shape, {3, 3, 3}, shape, {3, 3, 3}};
  SegmentOptions options;
  options.threads = kThreads;
  double head_s = 0;
  for (auto _ : state) {
    const auto logits = MakeLogitsExport(part, grids, options);
    PredictLogits(image, MakePatchGrid(shape, patch, 0.5), {part, folds, options, {}, {}, &head_s, &head}, logits->finishing(),
                  [&logits](const LogitsBlock& block) { logits->Take(block); });
    benchmark::DoNotOptimize(logits->Labels().data());
  }
  state.counters["head_ms"] = head_s * 1e3 / static_cast<double>(state.iterations());
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(image.size()));
}
BENCHMARK(BM_SlidingWindowAroundTheNetwork)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_TorchPatch(benchmark::State& state) {
  const LayerGraph graph = TinyUnet(32, 118);
  const auto executor = TorchExecutorFactory("cpu", kThreads)(graph, RandomWeights(graph, "", 1), "");
  const std::vector<float> patch(96 * 96 * 96, 0.5F);
  for (auto _ : state) benchmark::DoNotOptimize(executor->Run(patch, {96, 96, 96}).data());
}
BENCHMARK(BM_TorchPatch)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tuckerseg
